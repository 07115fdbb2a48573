import { type ReadonlySignal, signal } from '@preact/signals';
import type { StoaError } from '@stoa/client';
import { seen } from './account.ts';

/** Something that is asked for and shown: on its way, there, or not to be had. */
export type Shown<T> =
  | { kind: 'loading' }
  | { kind: 'ready'; value: T }
  | { kind: 'failed'; problem: StoaError };

export interface Resource<T> {
  readonly shown: ReadonlySignal<Shown<T>>;
  /** Asks again. What is shown stays until the answer is there. */
  refresh(): Promise<void>;
  /** Shows what is known to have changed. */
  set(value: T): void;
}

export function resource<T>(load: () => Promise<T>): Resource<T> {
  const shown = signal<Shown<T>>({ kind: 'loading' });
  let newest = 0;
  return {
    shown,
    async refresh() {
      const number = ++newest;
      if (shown.peek().kind === 'failed') shown.value = { kind: 'loading' };
      try {
        const value = await load();
        if (number === newest) shown.value = { kind: 'ready', value };
      } catch (thrown) {
        const problem = seen(thrown);
        // A list that is a moment old is better than none.
        if (number === newest && shown.peek().kind !== 'ready') {
          shown.value = { kind: 'failed', problem };
        }
      }
    },
    set(value) {
      newest++;
      shown.value = { kind: 'ready', value };
    },
  };
}

/** What is there, if it is. */
export function ready<T>(shown: Shown<T>): T | undefined {
  return shown.kind === 'ready' ? shown.value : undefined;
}
