import { useEffect, useRef } from 'preact/hooks';

/**
 * Makes the buttons of a grid one tab stop: arrow keys, Home and End move
 * among them. Returns the ref of the element that holds them.
 */
export function useRoving<E extends HTMLElement>() {
  const grid = useRef<E>(null);

  // After each rendering there may be other buttons, and the stop may be gone.
  useEffect(() => {
    const buttons = buttonsOf(grid.current);
    const stop = buttons.find((b) => b.tabIndex === 0) ?? buttons[0];
    for (const button of buttons) button.tabIndex = button === stop ? 0 : -1;
  });

  useEffect(() => {
    const element = grid.current;
    if (!element) return;
    const pressed = (event: KeyboardEvent) => {
      const buttons = buttonsOf(element);
      const from = buttons.indexOf(event.target as HTMLButtonElement);
      const next = buttons[landing(event.key, from, buttons)];
      if (from < 0 || !next) return;
      event.preventDefault();
      next.focus();
    };
    const focused = (event: FocusEvent) => {
      const buttons = buttonsOf(element);
      if (!buttons.includes(event.target as HTMLButtonElement)) return;
      for (const button of buttons) button.tabIndex = button === event.target ? 0 : -1;
    };
    element.addEventListener('keydown', pressed);
    element.addEventListener('focusin', focused);
    return () => {
      element.removeEventListener('keydown', pressed);
      element.removeEventListener('focusin', focused);
    };
  }, []);

  return grid;
}

function buttonsOf(element: HTMLElement | null): HTMLButtonElement[] {
  return element ? [...element.querySelectorAll('button')] : [];
}

/** Where a key leads from button number `from`; -1 when nowhere. */
function landing(key: string, from: number, buttons: HTMLButtonElement[]): number {
  const first = buttons[0]?.offsetTop ?? 0;
  const below = buttons.findIndex((b) => b.offsetTop > first);
  const columns = below < 0 ? buttons.length : below;
  switch (key) {
    case 'ArrowRight':
      return from + 1;
    case 'ArrowLeft':
      return from - 1;
    case 'ArrowDown':
      return from + columns;
    case 'ArrowUp':
      return from - columns;
    case 'Home':
      return 0;
    case 'End':
      return buttons.length - 1;
  }
  return -1;
}
