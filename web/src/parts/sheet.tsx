import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { t } from '../words/index.ts';
import { Icon } from './icon.tsx';

interface SheetProps {
  /** The id of the heading that names it. */
  labelledby: string;
  /** Lies above the bar and leaves the rest in reach: in a room, mute must be. */
  over?: boolean;
  onClose: () => void;
  children: ComponentChildren;
}

/** A sheet: modal for a task, or over the room. Focus comes to it, and goes back. */
export function Sheet({ labelledby, over, onClose, children }: SheetProps) {
  const element = useRef<HTMLDialogElement>(null);
  const close = useRef(onClose);
  close.current = onClose;

  useLayoutEffect(() => {
    const dialog = element.current;
    if (!dialog) return;
    const before = document.activeElement;
    if (over) dialog.show();
    else dialog.showModal();
    dialog.focus(); // what it is about comes first, its first button second
    return () => {
      const inside = dialog.contains(document.activeElement);
      dialog.close();
      if (inside && before instanceof HTMLElement) before.focus();
    };
  }, [over]);

  useEffect(() => {
    const dialog = element.current;
    if (!dialog) return;
    const cancelled = (event: Event) => {
      event.preventDefault();
      close.current();
    };
    const pressed = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || !over) return;
      // What had the focus may be gone: then no key reaches the sheet itself.
      const lost = event.target === document.body;
      // A question that is asked over this sheet is answered first.
      const mine = event.target instanceof Element && event.target.closest('dialog') === dialog;
      if (lost || mine) cancelled(event);
    };
    const clicked = (event: MouseEvent) => {
      if (event.target === dialog && !over && outside(dialog, event)) close.current();
    };
    dialog.addEventListener('cancel', cancelled);
    document.addEventListener('keydown', pressed);
    dialog.addEventListener('click', clicked);
    return () => {
      dialog.removeEventListener('cancel', cancelled);
      document.removeEventListener('keydown', pressed);
      dialog.removeEventListener('click', clicked);
    };
  }, [over]);

  return (
    <dialog
      ref={element}
      class={over ? 'sheet over' : 'sheet'}
      aria-labelledby={labelledby}
      tabIndex={-1}
    >
      {children}
    </dialog>
  );
}

/** A click on the backdrop counts as one on the dialog; its place tells them apart. */
function outside(dialog: HTMLElement, { clientX: x, clientY: y }: MouseEvent): boolean {
  const { left, right, top, bottom } = dialog.getBoundingClientRect();
  return x < left || x > right || y < top || y > bottom;
}

/** The head of a sheet: what it is about, and the way out. */
export function SheetHead({
  id,
  children,
  onClose,
}: {
  id: string;
  children: ComponentChildren;
  onClose: () => void;
}) {
  return (
    <div class="flex sheet-head">
      <h2 id={id} class="grow">
        {children}
      </h2>
      <button type="button" class="btn icon bare" aria-label={t().close} onClick={onClose}>
        <Icon name="x" />
      </button>
    </div>
  );
}
