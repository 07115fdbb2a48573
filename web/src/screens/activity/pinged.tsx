import type { NewsPiece } from '@stoa/client';
import { told } from '../../models/activity.ts';
import { pinged } from '../../models/news.ts';
import { announce, say } from '../../models/notices.ts';
import { Face } from '../../parts/face.tsx';
import { route, to } from '../../router.ts';
import { s } from '../../words/activity.ts';
import { leads, saying } from './saying.ts';

/** Plans say what becomes of them by themselves. */
const silent = new Set<NewsPiece['kind']>([
  'plan_soon',
  'plan_open',
  'plan_moved',
  'plan_cancelled',
]);

/** Says what is new, and shows it in the list if one looks at that. */
export function tell(piece: NewsPiece): void {
  if (route.peek().screen === 'activity') void told.refresh();
  if (piece.kind === 'ping') {
    pinged.value = piece;
    announce(saying(piece));
  } else if (!silent.has(piece.kind)) {
    say(saying(piece), leads(piece) ?? to.activity);
  }
}

const close = () => {
  pinged.value = undefined;
};

/** Somebody asks one to come: it stays until one has said something to that. */
export function Pinged({ piece }: { piece: NewsPiece }) {
  const words = s();
  const { who, room } = piece;
  if (!who || !room) return null;
  return (
    <aside class="toast pinged" data-test="pinged" aria-label={saying(piece)}>
      <Face id={who.id} name={who.name} picture={who.picture} size={40} />
      <div class="grow stack close">
        <span dir="auto">{saying(piece)}</span>
        <span class="flex wrap">
          <a class="btn live s" data-test="ping-go" href={to.room(room.id)} onClick={close}>
            {words.goIn}
          </a>
          <button
            type="button"
            class="btn s"
            style={{ '--fg': 'var(--ground)' }}
            data-test="ping-not"
            onClick={close}
          >
            {words.notNow}
          </button>
        </span>
      </div>
    </aside>
  );
}
