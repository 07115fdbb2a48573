import { type ReadonlySignal, signal } from '@preact/signals';
import { seen } from './account.ts';
import { type Resource, ready, resource } from './resource.ts';

/** A long list, of which one asks for more. */
export interface Pages<T> extends Resource<readonly T[]> {
  /** Whether there is more than is shown. */
  readonly rest: ReadonlySignal<boolean>;
  /** Asks for the next page; throws why it did not come. */
  more(): Promise<void>;
}

export function pages<T>(
  page: (after: string) => Promise<{ more: readonly T[]; next: string | undefined }>,
): Pages<T> {
  const next = signal<string | undefined>(undefined);
  const rest = signal(false);
  const took = (found: string | undefined) => {
    next.value = found;
    rest.value = found !== undefined;
  };
  const list = resource<readonly T[]>(async () => {
    const first = await page('');
    took(first.next);
    return first.more;
  });
  let asking: Promise<void> | undefined;
  return {
    ...list,
    rest,
    more() {
      asking ??= (async () => {
        const after = next.peek();
        try {
          if (after === undefined) return;
          const found = await page(after);
          if (next.peek() !== after) return; // the list was asked for anew meanwhile
          took(found.next);
          list.set([...(ready(list.shown.peek()) ?? []), ...found.more]);
        } catch (thrown) {
          throw seen(thrown);
        } finally {
          asking = undefined;
        }
      })();
      return asking;
    },
  };
}
