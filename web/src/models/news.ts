import { effect, signal } from '@preact/signals';
import { type NewsPiece, watchNews } from '@stoa/client';
import { house, live } from './account.ts';
import { activity } from './later.ts';

/** How many pieces of news one has not seen. */
export const unseen = signal(0);
/** Who asks one to come into a room, until one has said something to that. */
export const pinged = signal<NewsPiece | undefined>(undefined);

/** Counts them while somebody is signed in; what is said of them comes with the first. */
export function startNews(): () => void {
  return effect(() => {
    const connection = live.value;
    unseen.value = 0;
    pinged.value = undefined;
    if (!connection) return;
    const count = async () => {
      unseen.value = (await house.news('', 1)).unseen;
    };
    count().catch(() => {});
    return watchNews(connection, async (news) => {
      unseen.value = news.unseen;
      await activity.load();
      const there = activity.there.peek();
      if (there && there !== 'failed') there.tell(news.piece);
    });
  });
}
