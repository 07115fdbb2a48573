import { type ReadonlySignal, signal } from '@preact/signals';

/** Parts of the app that come when they are first wanted. */

export interface Part<Screens> {
  /** The part, once it is here; that it did not come; or neither, yet. */
  readonly there: ReadonlySignal<Screens | 'failed' | undefined>;
  /** Loads it, once; after it did not come, again. */
  load(): Promise<void>;
}

export function part<Screens extends object>(fetch: () => Promise<Screens>): Part<Screens> {
  const there = signal<Screens | 'failed' | undefined>(undefined);
  let asked: Promise<void> | undefined;
  return {
    there,
    load() {
      if (typeof there.peek() === 'object') return Promise.resolve();
      asked ??= (async () => {
        there.value = undefined;
        there.value = await fetch().catch(() => 'failed' as const);
        asked = undefined;
      })();
      return asked;
    },
  };
}

/** What has come of a part. */
export const here = <Screens>({ there }: Part<Screens>): Screens | undefined =>
  there.value === 'failed' ? undefined : there.value;

/** For who is not signed in. */
export const coming = part(() => import('../screens/coming/index.ts'));
export const people = part(() => import('../screens/people/index.tsx'));
export const first = part(() => import('../screens/people/first.tsx'));
export const clubs = part(() => import('../screens/clubs/index.tsx'));
export const schedule = part(() => import('../screens/schedule/index.tsx'));
export const searching = part(() => import('../screens/search/index.tsx'));
/** Private discovery. */
export const finding = part(() => import('../screens/find/index.tsx'));
/** Why rooms are shown, and what one may choose of them. */
export const ordering = part(() => import('../screens/order/index.tsx'));
export const own = part(() => import('../screens/own.ts'));
export const activity = part(() => import('../screens/activity/index.tsx'));
export const messages = part(() => import('../screens/messages/index.ts'));
/** What is reported, judged and decided. */
export const ward = part(() => import('../screens/ward/index.ts'));
export const opening = part(() => import('../screens/open-room.tsx'));
