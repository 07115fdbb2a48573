import { signal } from '@preact/signals';
import type { Queue } from '@stoa/client';
import { account, house } from './account.ts';

/** How many entries of the queue are open, for wardens. */
export const openEntries = signal(0);

export function countQueue(): void {
  const { value } = account;
  if (value.kind !== 'in' || !value.me.warden) return;
  const count = async () => {
    openEntries.value = (await house.ask<Queue>('GET', 'queue?limit=1')).open;
  };
  count().catch(() => {});
}
