import { effect } from '@preact/signals';
import { type Card, type CardPerson, watchHallway } from '@stoa/client';
import { house, live } from './account.ts';
import { ready, resource } from './resource.ts';

/** The rooms that one may enter now. It follows what the node says of them. */
export const hallway = resource<Card[]>(async () => (await house.hallway()).rooms);

/** Keeps the hallway up to date while somebody is signed in; returns how to stop. */
export function startHallway(): () => void {
  return effect(() => {
    const connection = live.value;
    if (!connection) return;
    void hallway.refresh();
    return watchHallway(connection, () => void hallway.refresh());
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
