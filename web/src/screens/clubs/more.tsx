import { useSignal } from '@preact/signals';
import type { Pages } from '../../models/pages.ts';
import { attempt } from '../../parts/attempt.ts';
import { c } from '../../words/clubs.ts';

/** Asks for the next page, where there is one. */
export function More<T>({ of }: { of: Pages<T> }) {
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
      data-test="more"
      disabled={busy.value}
      onClick={() => void more()}
    >
      {c().list.more}
    </button>
  );
}
