import { isQuiet, type Participant, type Seat } from '@stoa/client';
import { putAway, stillHolds, warnings } from '../../../models/blocks.ts';
import { person as personOf } from '../../../models/people.ts';
import { ready } from '../../../models/resource.ts';
import { act, closeSheet, iModerate, maySendAway } from '../../../models/stage.ts';
import { SafetyIcon } from '../../../parts/safety-icons.tsx';
import { Spare } from '../../../parts/spare.tsx';
import { firstName } from '../../../words/index.ts';
import { w } from '../../../words/safety.ts';

/** What keeps people in a room from others: that one is spared of somebody, and the shield. */

export function SpareSomebody({ seat, person }: { seat: Seat; person: Participant }) {
  const found = ready(personOf(person.who).shown.value);
  return found ? <Spare person={found} moderates={maySendAway(seat, person)} /> : null;
}

/** What moderators are told, and that the shield is up. */
export function Warnings({ seat }: { seat: Seat }) {
  const words = w();
  const { people, shield } = seat.view.value;
  const me = seat.me.value;
  const nameOf = (who: string) => firstName(people.find((p) => p.who === who)?.name ?? '');
  const open = iModerate(seat) ? warnings.value.filter((one) => stillHolds(one, seat)) : [];
  return (
    <div role="status">
      {open.map((one) =>
        'fresh' in one ? (
          <div class="banner" key="fresh" data-test="crowd-of-fresh">
            <SafetyIcon name="shield" />
            <div class="grow stack close">
              <span>{words.fresh(one.fresh)}</span>
              <span class="flex tight wrap">
                <button
                  type="button"
                  class="btn s ink"
                  data-test="shield-now"
                  onClick={() => void act((s) => s.setShield(true))}
                >
                  {words.shieldUp}
                </button>
                <button type="button" class="btn s" onClick={() => putAway(one)}>
                  {words.freshNot}
                </button>
              </span>
            </div>
          </div>
        ) : (
          <div class="banner" key={one.conflict.join()} data-test="conflict">
            <SafetyIcon name="ban" />
            <span class="grow">
              {words.conflict(nameOf(one.conflict[0] ?? ''), nameOf(one.conflict[1] ?? ''))}
            </span>
            <button
              type="button"
              class="btn s"
              data-test="conflict-done"
              onClick={() => putAway(one)}
            >
              {words.conflictDone}
            </button>
          </div>
        ),
      )}
      {shield && (
        <div class="banner" data-test="shield-banner">
          <SafetyIcon name="shield" />
          <span class="grow">
            {me && isQuiet(me, seat.view.value) ? words.shieldQuiet : words.shield}
          </span>
          {iModerate(seat) && (
            <button
              type="button"
              class="btn s"
              data-test="shield-down"
              onClick={() => void act((s) => s.setShield(false))}
            >
              {words.shieldDown}
            </button>
          )}
        </div>
      )}
    </div>
  );
}

/** In the sheet of the room: how many one does not see, and the shield. */
export function SafetyItems({ seat }: { seat: Seat }) {
  const words = w();
  const hidden = seat.hidden.value.length;
  const up = seat.view.value.shield === true;
  return (
    <>
      {iModerate(seat) && (
        <>
          <button
            type="button"
            class="btn w"
            data-test="shield"
            onClick={() => {
              closeSheet();
              void act((s) => s.setShield(!up));
            }}
          >
            <SafetyIcon name="shield" />
            {up ? words.shieldDown : words.shieldUp}
          </button>
          {!up && <p class="meta">{words.shieldWhy}</p>}
        </>
      )}
      {hidden > 0 && (
        <p class="meta" data-test="hidden-people">
          <b>{words.hidden(hidden)}.</b> {words.hiddenWhy}
        </p>
      )}
    </>
  );
}
