import { computed, effect, signal } from '@preact/signals';
import { type Card, type CardPerson, type Choice, watchHallway } from '@stoa/client';
import { go, query, to } from '../router.ts';
import { house, live } from './account.ts';
import { ready, resource } from './resource.ts';

/** How many rooms there are beside those that are shown. */
export const more = signal(0);

/** The rooms that one may enter now. It follows what the node says of them. */
export const hallway = resource<Card[]>(async () => {
  const all = await house.hallway();
  more.value = all.more;
  return all.rooms;
});

/** What is chosen of them; it stands in the address. */
export const choice = computed<Choice>(() => {
  const { language, topic, club, followed } = Object.fromEntries(new URLSearchParams(query.value));
  return {
    ...(language ? { language } : {}),
    ...(topic ? { topic } : {}),
    ...(club ? { club } : {}),
    ...(followed ? { followed: true } : {}),
  };
});

export const choose = (chosen: Choice) => {
  const entries = Object.entries(chosen).map(([key, value]) => [key, String(value)]);
  go(`${to.hallway}?${new URLSearchParams(entries)}`.replace(/\?$/, ''), 'replace');
};

/** The rooms that are like what is chosen. */
export const chosen = resource<Card[]>(async () => (await house.hallway(choice.peek())).rooms);

/** Keeps the hallway up to date while somebody is signed in; returns how to stop. */
export function startHallway(): () => void {
  return effect(() => {
    const connection = live.value;
    if (!connection) return;
    const refresh = () => {
      void hallway.refresh();
      if (query.peek()) void chosen.refresh();
    };
    refresh();
    return watchHallway(connection, refresh);
  });
}

/** The room on whose stage somebody is now, as far as the hallway shows it. */
export function roomOf(person: string): Card | undefined {
  return ready(hallway.shown.value)?.find((card) => card.stage.some((p) => p.id === person));
}

/** Rooms with somebody on the stage whom I follow. */
export function withFollowed(cards: Card[]): number {
  return cards.filter((card) => card.stage.some((p: CardPerson) => p.followed)).length;
}
