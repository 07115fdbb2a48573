import type { HandPolicy, Seat } from '@stoa/client';
import { act, iModerate, myPlace } from '../../models/stage.ts';
import { Face } from '../../parts/face.tsx';
import { Icon } from '../../parts/icon.tsx';
import { firstName, t } from '../../words/index.ts';

const policies: HandPolicy[] = ['everyone', 'followed', 'off'];

/** Who has raised a hand, in the order in which it is fair; for moderators also who may. */
export function HandsPanel({ seat }: { seat: Seat }) {
  const words = t().hands;
  const hands = seat.hands.value;
  const policy = seat.view.value.hands;
  const moderates = iModerate(seat);
  const place = myPlace(seat);
  return (
    <div class="stack" data-test="hands-panel">
      {moderates && (
        <fieldset class="field">
          <legend>{words.who}</legend>
          <div class="chips">
            {policies.map((p) => (
              <button
                type="button"
                class="chip"
                key={p}
                aria-pressed={p === policy}
                data-test={`hands-${p}`}
                onClick={() => void act((s) => s.setHands(p))}
              >
                {words.policy[p]}
              </button>
            ))}
          </div>
        </fieldset>
      )}
      {place > 0 && <p data-test="my-place">{t().room.place(place)}</p>}
      {hands.length === 0 ? (
        <p class="meta">{words.none}</p>
      ) : (
        <ol class="hands">
          {hands.map((p, n) => {
            const name = firstName(p.name);
            const asked = p.asked_until !== undefined;
            return (
              <li key={p.who}>
                <span class="meta num">{n + 1}</span>
                <Face id={p.who} name={p.name} picture={p.picture} size={48} />
                <span class="grow">
                  <b>{p.name}</b>
                </span>
                {moderates ? (
                  <span class="flex tight">
                    <button
                      type="button"
                      class="btn s ink"
                      aria-label={asked ? undefined : words.askUpWho(p.name)}
                      disabled={asked}
                      data-test={`ask-up-${p.who}`}
                      onClick={() => void act((s) => s.askUp(p.who))}
                    >
                      {asked ? words.asked : words.askUp}
                    </button>
                    <button
                      type="button"
                      class="btn s icon bare"
                      aria-label={words.lower(name)}
                      data-test={`lower-hand-${p.who}`}
                      onClick={() => void act((s) => s.lowerHand(p.who))}
                    >
                      <Icon name="x" />
                    </button>
                  </span>
                ) : (
                  asked && <span class="meta">{words.asked}</span>
                )}
              </li>
            );
          })}
        </ol>
      )}
      {moderates && <p class="meta">{words.consent}</p>}
    </div>
  );
}
