import { signal } from '@preact/signals';

/** Words from the system: shown for a moment, and read to those who listen to the page. */

const shownFor = 5_000;

export const toast = signal('');
/** Where what is said leads, if it does. */
export const toastTo = signal('');
/** What the one polite live region says. */
export const announcement = signal('');

let shown: ReturnType<typeof setTimeout>;
let read: ReturnType<typeof setTimeout>;

export function say(words: string, leads = ''): void {
  toastTo.value = leads;
  toast.value = words;
  announce(words);
  clearTimeout(shown);
  shown = setTimeout(() => {
    toast.value = '';
  }, shownFor);
}

/** What is read is gone from the page as soon: it may be what somebody takes back. */
export function announce(words: string): void {
  // The same words twice are news too; a screen reader reads only what changes.
  announcement.value = announcement.peek() === words ? `${words}\u00a0` : words;
  clearTimeout(read);
  read = setTimeout(() => {
    announcement.value = '';
  }, shownFor);
}
