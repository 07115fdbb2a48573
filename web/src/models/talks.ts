import { effect, signal } from '@preact/signals';
import { account, live } from './account.ts';
import { here, messages } from './later.ts';

/** How many conversations there are in which there is something to read. */
export const unreadTalks = signal(0);

/** Time for what is looked at first. */
const idle = 3_000;

/**
 * Lets others write to this browser while somebody is signed in: its part of the app
 * comes when all else is there.
 */
export function startTalks(): () => void {
  return effect(() => {
    const connection = live.value;
    unreadTalks.value = 0;
    if (!connection || account.peek().kind !== 'in') return;
    const timer = setTimeout(async () => {
      await messages.load();
      if (live.peek() === connection) here(messages)?.begin();
    }, idle);
    return () => clearTimeout(timer);
  });
}
