import { type ReadonlySignal, signal } from '@preact/signals';
import type { Found } from '@stoa/client';
import { house, seen } from './account.ts';
import type { Shown } from './resource.ts';

/** What somebody looks for, and what is found. It stays while one looks at what was found. */

const typingPause = 250; // ms without a key until it is looked

const typed = signal('');
const answer = signal<Shown<Found> | undefined>(undefined);
let timer: ReturnType<typeof setTimeout> | undefined;
let newest = 0;

export const looked: ReadonlySignal<string> = typed;
/** Nothing, until there is something to look for. */
export const found: ReadonlySignal<Shown<Found> | undefined> = answer;

/** Takes what is typed, and looks for it when the typing rests. */
export function look(text: string): void {
  typed.value = text;
  clearTimeout(timer);
  newest++; // an answer to what was typed before comes too late
  if (isNothing(text)) answer.value = undefined;
  else timer = setTimeout(() => void ask(), typingPause);
}

/** Looks at once: for what is typed, or again after it did not work. */
export async function ask(): Promise<void> {
  clearTimeout(timer);
  const text = typed.peek().trim();
  if (isNothing(text)) return;
  const number = ++newest;
  if (answer.peek()?.kind !== 'ready') answer.value = { kind: 'loading' };
  try {
    const value = await house.search(text);
    if (number === newest) answer.value = { kind: 'ready', value };
  } catch (thrown) {
    const problem = seen(thrown);
    if (number === newest) answer.value = { kind: 'failed', problem };
  }
}

/** Nobody is looked for by nothing but spaces and signs. */
const isNothing = (text: string) => !/[\p{L}\p{N}]/u.test(text);
