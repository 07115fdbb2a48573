import type { Seat } from '@stoa/client';
import { iModerate, myPlace, sheet } from '../../../models/stage.ts';
import { Face } from '../../../parts/face.tsx';
import { Icon } from '../../../parts/icon.tsx';
import { b } from '../../../words/beside.ts';
import { firstName, t } from '../../../words/index.ts';
import { HandsPanel } from '../hands.tsx';

/** Whose turn it is, for all to see; moderators also ask up. */
export function Queue({ seat }: { seat: Seat }) {
  const words = b().queue;
  return (
    <div class="stack close">
      <HandsPanel seat={seat} />
      {seat.hands.value.length > 1 && (
        <p class="meta">{seat.clock.value ? words.fair : words.byHands}</p>
      )}
    </div>
  );
}

const facesMax = 5;

/** The queue on a phone, in one line: who is next, and where one stands oneself. */
export function QueueStrip({ seat }: { seat: Seat }) {
  const hands = seat.hands.value;
  const [next] = hands;
  if (!next && !iModerate(seat)) return null;
  const place = myPlace(seat);
  return (
    <button
      type="button"
      class="queue-strip only-phone"
      aria-expanded={sheet.value.kind === 'hands'}
      data-test="hands"
      onClick={() => {
        sheet.value = { kind: sheet.value.kind === 'hands' ? 'none' : 'hands' };
      }}
    >
      <Icon name="hand" />
      <span class="grow">
        <b>{t().hands.raised(hands.length)}</b>
        {next && (
          <span class="meta">
            {place > 0 ? t().room.place(place) : b().queue.first(firstName(next.name))}
          </span>
        )}
      </span>
      <span class="flex tight" aria-hidden="true">
        {hands.slice(0, facesMax).map((p) => (
          <Face key={p.who} id={p.who} name={p.name} picture={p.picture} size={32} />
        ))}
      </span>
    </button>
  );
}
