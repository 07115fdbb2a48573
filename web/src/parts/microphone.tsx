import type { Seat } from '@stoa/client';
import { toggleMicrophone } from '../models/stage.ts';
import { t } from '../words/index.ts';
import { Icon } from './icon.tsx';

/** Says whether I can be heard, and changes it. Nothing may ever cover it. */
export function Microphone({ seat, small }: { seat: Seat; small?: boolean }) {
  const words = t().room;
  const open = seat.onAir.value;
  const state = open ? words.onAir : words.mutedState;
  return (
    <button
      type="button"
      class={`btn mic${open ? ' live' : ' ink'}${small ? ' icon' : ''}`}
      data-test="mic"
      data-open={open}
      aria-label={`${state}: ${open ? words.muteAct : words.unmuteAct}`}
      onClick={toggleMicrophone}
    >
      <Icon name={open ? 'mic' : 'mic-off'} />
      {!small && state}
    </button>
  );
}
