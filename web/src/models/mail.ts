import { type AddressNews, asStoaError, type MyAddress } from '@stoa/client';
import { house } from './account.ts';
import { resource } from './resource.ts';

/** Where one reads mail; nothing in a house that sends none. */
export const address = resource<MyAddress | undefined>(async () =>
  (await house.about()).mail ? house.ask<MyAddress>('GET', 'me/address') : undefined,
);

export const newsByMail: readonly AddressNews[] = ['off', 'digest', 'named'];

export async function sendCode(to: string): Promise<void> {
  address.set(await house.ask<MyAddress>('PUT', 'me/address', { address: to.trim() }));
}

/** Proves it; after the last wrong code nothing waits for one any more. */
export async function enterCode(code: string): Promise<void> {
  try {
    address.set(await house.ask<MyAddress>('POST', 'me/address/verify', { code }));
  } catch (thrown) {
    if (asStoaError(thrown).code === 'no_code') await address.refresh();
    throw thrown;
  }
}

export async function chooseNews(news: AddressNews): Promise<void> {
  address.set(await house.ask<MyAddress>('PUT', 'me/address/news', { news }));
}

/** Forgets it, and what waits for a code. */
export async function forgetAddress(): Promise<void> {
  await house.ask<void>('DELETE', 'me/address');
  address.set({ news: 'off' });
}
