import { shortcuts } from './settings.ts';
import {
  closeMicrophone,
  iAmOnStage,
  openMicrophone,
  sayWhoSpeaks,
  sheet,
  toggleHand,
  toggleMicrophone,
} from './stage.ts';
import { seat } from './visit.ts';

/**
 * The keys of a room: one letter each, so they are off while somebody types
 * and can be turned off altogether (WCAG 2.1.4).
 */
export function startKeys(): () => void {
  let talking = false;

  const down = (event: KeyboardEvent) => {
    const here = seat.peek();
    if (!here || shortcuts.peek() === 'off') return;
    if (event.repeat) {
      if (talking) event.preventDefault(); // the space bar would scroll
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || types(event.target)) return;
    switch (event.key.toLowerCase()) {
      case 'm':
        toggleMicrophone();
        break;
      case 'h':
        toggleHand();
        break;
      case 'l':
        sheet.value = { kind: 'leaving' };
        break;
      case 's':
        sayWhoSpeaks();
        break;
      case 'c':
        reach('write', 'chat');
        break;
      case 'r':
        reach('react');
        break;
      case '?':
        sheet.value = { kind: 'keys' };
        break;
      case ' ':
        if (presses(event.target) || !iAmOnStage(here) || here.onAir.peek()) return;
        talking = true;
        void openMicrophone();
        break;
      default:
        return;
    }
    event.preventDefault();
  };

  const up = (event: KeyboardEvent) => {
    if (event.key === ' ') hush();
  };
  // A key that is let go in another window is let go.
  const hush = () => {
    if (!talking) return;
    talking = false;
    void closeMicrophone();
  };

  document.addEventListener('keydown', down);
  document.addEventListener('keyup', up);
  window.addEventListener('blur', hush);
  return () => {
    document.removeEventListener('keydown', down);
    document.removeEventListener('keyup', up);
    window.removeEventListener('blur', hush);
  };
}

const types = (target: EventTarget | null) =>
  target instanceof Element &&
  target.closest('input:not([type=checkbox],[type=radio]), textarea, select, [contenteditable]') !==
    null;

/** Where the space bar has a meaning already. */
const presses = (target: EventTarget | null) =>
  target instanceof Element && target.closest('button, a, summary, input, [role=tab]') !== null;

/** Goes to what is there to be typed in, or presses it, if it is to be seen; else to the next. */
function reach(...tests: string[]): void {
  for (const test of tests) {
    const all = [...document.querySelectorAll<HTMLElement>(`[data-test="${test}"]`)];
    const element = all.find((e) => e.checkVisibility());
    if (element instanceof HTMLButtonElement) element.click();
    else element?.focus();
    if (element) return;
  }
}
