import type { Card } from '@stoa/client';
import { choice, choose, hallway } from '../../models/hallway.ts';
import { because, chips } from '../../models/order.ts';
import { ready } from '../../models/resource.ts';
import { languageName } from '../../words/form.ts';
import { number } from '../../words/index.ts';
import { topicName, tw } from '../../words/topics.ts';

/** For what a room stands where it does: the first reason, and behind it the others. */
export function Because({ card }: { card: Card }) {
  const [first, ...others] = card.why.map(because).filter(Boolean);
  if (!first) return null;
  if (others.length === 0) {
    return (
      <div class="fold">
        <p>{first}</p>
      </div>
    );
  }
  return (
    <details class="fold" data-test={`why-${card.id}`}>
      <summary>{first}</summary>
      <div class="meta">
        {tw().others}
        <ul>
          {others.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      </div>
    </details>
  );
}

/** What a room is about, and in which language. */
export function About({ card }: { card: Card }) {
  const { topics = [], language } = card;
  const said = [...topics.map(topicName), ...(language ? [languageName(language)] : [])];
  return said.length > 0 ? <span class="meta">{said.join(' · ')}</span> : null;
}

/** What to show of the hallway. */
export function Chips() {
  const cards = ready(hallway.shown.value) ?? [];
  const all = chips(cards, choice.value);
  const chosen = all.some(({ on }) => on);
  if (!chosen && (cards.length < 3 || all.length < 2)) return null;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is no flex container everywhere
    <div class="chips sift pad" role="group" aria-label={tw().show}>
      {all.map(({ name, on, choice }) => (
        <button
          key={name}
          type="button"
          class="chip"
          aria-pressed={on}
          data-test={`choose-${Object.values(choice).join('-')}`}
          onClick={() => choose(choice)}
        >
          {name}
        </button>
      ))}
    </div>
  );
}

/** That nothing is like what was chosen. */
export function Nothing() {
  return (
    <div class="pad stack align-start" data-test="nothing-chosen">
      <p class="soft" role="status">
        {tw().nothing}
      </p>
      <button type="button" class="btn" data-test="show-all" onClick={() => choose({})}>
        {tw().all}
      </button>
    </div>
  );
}

/** How many rooms there are beside those that are shown. */
export function More({ n }: { n: number }) {
  return n > 0 ? <p class="pad meta">{tw().more(n, number(n))}</p> : null;
}
