import { isOpen, type Seat } from '@stoa/client';
import { showsClock } from '../../../models/beside.ts';
import { closeSheet, iModerate, sheet } from '../../../models/stage.ts';
import { Icon } from '../../../parts/icon.tsx';
import { b } from '../../../words/beside.ts';
import { About } from './describe.tsx';
import { SafetyItems } from './safety.tsx';

/** What one can do in the room beside the voices. */
export function MenuItems({ seat }: { seat: Seat }) {
  const { pins, poll, clock } = b();
  const moderates = iModerate(seat);
  return (
    <>
      <About seat={seat} />
      {moderates && (
        <button
          type="button"
          class="btn w"
          data-test="pin"
          onClick={() => {
            sheet.value = { kind: 'pinning' };
          }}
        >
          <Icon name="link" />
          {pins.add}
        </button>
      )}
      {moderates && !isOpen(seat.view.value.poll) && (
        <button
          type="button"
          class="btn w"
          data-test="poll-new"
          onClick={() => {
            sheet.value = { kind: 'polling' };
          }}
        >
          <Icon name="chart" />
          {poll.add}
        </button>
      )}
      {seat.clock.value ? (
        <button
          type="button"
          class="btn w"
          data-test="clock"
          onClick={() => {
            closeSheet();
            showsClock.value = !showsClock.value;
          }}
        >
          <Icon name="clock" />
          {showsClock.value ? clock.hide : clock.show}
        </button>
      ) : (
        <p class="meta">{clock.none}</p>
      )}
      <SafetyItems seat={seat} />
    </>
  );
}
