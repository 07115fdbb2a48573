import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { here, opening } from '../models/later.ts';
import { say } from '../models/notices.ts';
import { t } from '../words/index.ts';

/** Whether the sheet with which one opens a room lies open, and for which club. */
export interface Opening {
  isOpen: boolean;
  club?: string | undefined;
  open(): void;
  close(): void;
}

/** What opens the sheet, which is fetched before it is needed. */
export function useOpening(club?: string): Opening {
  const isOpen = useSignal(false);
  useEffect(() => void opening.load(), []);
  const acts = useMemo(
    () => ({
      async open() {
        await opening.load();
        if (here(opening)) isOpen.value = true;
        else say(t().problems.offline);
      },
      close() {
        isOpen.value = false;
      },
    }),
    [isOpen],
  );
  return { ...acts, isOpen: isOpen.value, club };
}

export function OpenRoom({ of }: { of: Opening }) {
  const part = here(opening);
  return of.isOpen && part ? <part.OpenRoomSheet club={of.club} onClose={of.close} /> : null;
}
