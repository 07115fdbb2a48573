/**
 * The key by which others recognise a person's device. It is made here, is
 * never shown to a script, and stays in this browser until its data are
 * cleared; then others see a new one, and are told so.
 */
import type { Device } from './keys/group.ts';

const database = 'stoa';
const store = 'devices';

/** The key of this browser for a person. Without a place to keep it, one for this page alone. */
export async function openDevice(who: string): Promise<Device> {
  try {
    const db = await open();
    try {
      // Of two pages that come at once, one makes the key that both have.
      const made = (await find(db, who)) ?? (await keep(db, who, await makeDevice()));
      return made;
    } finally {
      db.close();
    }
  } catch {
    return makeDevice(); // no storage: others see another key each time
  }
}

/** A key that nobody recognises again. */
export async function makeDevice(): Promise<Device> {
  const pair = (await crypto.subtle.generateKey({ name: 'Ed25519' }, false, [
    'sign',
    'verify',
  ])) as CryptoKeyPair;
  const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  return { key: pair.privateKey, publicKey };
}

function open(): Promise<IDBDatabase> {
  const asked = indexedDB.open(database, 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore(store);
  return done(asked);
}

const find = (db: IDBDatabase, who: string) =>
  done<Device | undefined>(db.transaction(store).objectStore(store).get(who));

/** Keeps a key, unless there is one: then that is returned. */
async function keep(db: IDBDatabase, who: string, device: Device): Promise<Device> {
  const devices = db.transaction(store, 'readwrite').objectStore(store);
  const there = await done<Device | undefined>(devices.get(who));
  if (there) return there;
  await done(devices.put(device, who));
  return device;
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
