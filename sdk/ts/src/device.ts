/**
 * The key by which a person's device is known to others: Ed25519, one for each
 * person and browser. `docs/protocol/keys.md`, "Keys" and "Backup". Others
 * remember it with the person, so it outlives signing out; nobody can read it
 * out of the browser once it is made.
 */
import { makeSealed, openBackup } from './backup.ts';
import type { Device } from './keys/group.ts';
import { openShelf } from './shelf.ts';

type Bytes = Uint8Array<ArrayBuffer>;

export type { Device };

interface Kept extends Device {
  /** As it was sealed for other browsers, where it was. */
  backup?: Bytes;
}

const shelf = openShelf<Kept>('stoa.devices');

/** The key of a person's device, made when there is none. All tabs have the same. */
export async function openDevice(who: string): Promise<Device> {
  return (await shelf.get(who)) ?? keep(who, await makeDevice());
}

/**
 * The key of a person's device, where a passkey was made or used just now that
 * can seal it: a key that is here stays; else the one of a backup that opens;
 * else a new one, with a backup to be kept. `secret` is what the authenticator
 * has made; it is overwritten.
 */
export async function openBackedUpDevice(
  who: string,
  secret: Bytes,
  backups: readonly Bytes[],
): Promise<{ device: Device; fresh?: Bytes }> {
  try {
    const there = await shelf.get(who);
    if (there) return { device: there };
    for (const backup of backups) {
      const device = await openBackup(backup, secret, who);
      if (device) return { device: await keep(who, { ...device, backup }) };
    }
    const made = await makeSealed(secret, who);
    const device = await keep(who, made);
    return device.backup === made.backup ? { device, fresh: made.backup } : { device };
  } finally {
    secret.fill(0);
  }
}

/** Where a person's key is. */
export type DeviceState =
  /** `none` yet, in `page` only, or in the `browser`. */
  { kind: 'none' | 'page' } | { kind: 'browser'; backup: Bytes | undefined };

export async function deviceState(who: string): Promise<DeviceState> {
  if (!(await shelf.lasting())) return { kind: 'page' };
  const there = await shelf.get(who);
  return there ? { kind: 'browser', backup: there.backup } : { kind: 'none' };
}

/** Forgets a person's key, for good: the next one is another device to everybody. */
export async function forgetDevice(who: string): Promise<void> {
  await shelf.change(who, () => undefined);
}

/** Keeps a key, unless another tab has kept one meanwhile. */
async function keep(who: string, device: Kept): Promise<Kept> {
  return (await shelf.change(who, (there) => there ?? device)) ?? device;
}

async function makeDevice(): Promise<Device> {
  const { privateKey, publicKey } = await crypto.subtle.generateKey({ name: 'Ed25519' }, false, [
    'sign',
    'verify',
  ]);
  return {
    key: privateKey,
    publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', publicKey)),
  };
}
