import type { Card } from '@stoa/client';
import { here, ordering } from '../models/later.ts';
import { roomName } from '../models/stage.ts';
import { visit } from '../models/visit.ts';
import { to } from '../router.ts';
import { clock, firstName, list, number, t } from '../words/index.ts';
import { Columns } from './brand.tsx';
import { Face } from './face.tsx';
import { Icon, type IconName } from './icon.tsx';

export const visibilityIcon = {
  open: 'door-open',
  social: 'users',
  members: 'id-card',
  closed: 'key-round',
} as const;

/**
 * A room as the hallway shows it. `small` stands beside the room one is in,
 * `own` on the page of the club it is of.
 */
export function RoomCard({ card, small, own }: { card: Card; small?: boolean; own?: boolean }) {
  const words = t().card;
  const names = card.stage.map((p) => p.name);
  const current = visit.value.kind === 'here' && visit.value.room === card.id;
  const order = here(ordering);
  const told = !small && !own;
  return (
    <article>
      {card.club && !own && (
        <a class="card-club" href={to.club(card.club.id)} dir="auto">
          {card.club.name}
        </a>
      )}
      <a
        class="card"
        href={to.room(card.id)}
        data-room={card.id}
        data-test={`card-${card.id}`}
        aria-current={current ? 'true' : undefined}
      >
        <span class="eyebrow">
          <Columns />
          <span class="grow">
            {words.visibility[card.visibility]}
            <span class="since"> · {words.since(clock(card.opened))}</span>
          </span>
          {card.visibility !== 'open' && <Icon name={visibilityIcon[card.visibility]} />}
        </span>
        <h3 style={small ? undefined : { viewTransitionName: `room-${card.id}` }}>
          {roomName(card.title, names)}
        </h3>
        {!small && (
          <div class="frieze">
            {card.stage.map((p) => (
              <Face key={p.id} id={p.id} name={p.name} picture={p.picture} size={44} />
            ))}
          </div>
        )}
        {told &&
          (card.topics || card.language) &&
          (order ? <order.About card={card} /> : <span class="meta">&nbsp;</span>)}
        <div class="flex">
          <span class="meta grow">{who(card)}</span>
          <span class="count">
            <Count icon="mic" n={card.on_stage} says={words.onStage(card.on_stage)} />
            <Count icon="headphones" n={card.listeners} says={words.listening(card.listeners)} />
          </span>
        </div>
      </a>
      {told &&
        card.why[0] &&
        (order ? (
          <order.Because card={card} />
        ) : (
          <div class="fold">
            <p />
          </div>
        ))}
    </article>
  );
}

function Count({ icon, n, says }: { icon: IconName; n: number; says: string }) {
  return (
    <span title={says}>
      <Icon name={icon} />
      <span aria-hidden="true">{number(n)}</span>
      <span class="vh">{says}</span>
    </span>
  );
}

/** "Aylin, Jonas, Thea and three more" */
function who(card: Card): string {
  const words = t().card;
  if (card.stage.length === 0) return words.nobody;
  const shown = card.stage.slice(0, 3).map((p) => firstName(p.name));
  const more = card.on_stage - shown.length;
  return list(more > 0 ? [...shown, words.more(more)] : shown);
}
