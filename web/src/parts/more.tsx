import { useSignal } from '@preact/signals';
import type { Pages } from '../models/pages.ts';
import { attempt } from './attempt.ts';

/** Asks for the next page, where there is one. */
export function More<T>({
  of,
  says,
  test = 'more',
}: {
  of: Pages<T>;
  says: string;
  test?: string;
}) {
  const busy = useSignal(false);
  if (!of.rest.value) return null;
  const more = async () => {
    busy.value = true;
    await attempt(() => of.more());
    busy.value = false;
  };
  return (
    <button
      type="button"
      class="btn align-start"
      data-test={test}
      disabled={busy.value}
      onClick={() => void more()}
    >
      {says}
    </button>
  );
}
