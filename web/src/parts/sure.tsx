import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { t } from '../words/index.ts';
import { Sheet, SheetHead } from './sheet.tsx';

/** Asks once more, before something that is not taken back with one press. */
export function Sure({
  title,
  why,
  yes,
  test,
  onYes,
  onClose,
  children,
}: {
  title: string;
  why: string;
  /** On the button: the verb. */
  yes: string;
  test: string;
  onYes: () => Promise<unknown>;
  onClose: () => void;
  children?: ComponentChildren;
}) {
  const busy = useSignal(false);
  return (
    <Sheet labelledby="sure" onClose={onClose}>
      <div class="stack">
        <SheetHead id="sure" onClose={onClose}>
          {title}
        </SheetHead>
        <p>{why}</p>
        {children}
        <div class="flex wrap">
          <button type="button" class="btn grow" onClick={onClose}>
            {t().cancel}
          </button>
          <button
            type="button"
            class="btn danger sure grow"
            data-test={test}
            disabled={busy.value}
            onClick={async () => {
              busy.value = true;
              await onYes();
              busy.value = false;
            }}
          >
            {yes}
          </button>
        </div>
      </div>
    </Sheet>
  );
}
