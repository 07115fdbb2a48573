import { signal } from '@preact/signals';

/** Words from the system: shown for a moment, and read to those who listen to the page. */

const shownFor = 5_000;

export const toast = signal('');
/** What the one polite live region says. */
export const announcement = signal('');

let timer: ReturnType<typeof setTimeout>;

export function say(words: string): void {
  toast.value = words;
  announce(words);
  clearTimeout(timer);
  timer = setTimeout(() => {
    toast.value = '';
  }, shownFor);
}

export function announce(words: string): void {
  // The same words twice are news too; a screen reader reads only what changes.
  announcement.value = announcement.peek() === words ? `${words}\u00a0` : words;
}
