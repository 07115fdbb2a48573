/**
 * What the voices of a room are sealed with, derived from the secret of an
 * epoch: `docs/protocol/keys.md`, section "Keys". `sdk/go/keys` is the same in
 * Go, and `test/vectors/keys.json` holds for both.
 */
import { join } from './bytes.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** How many frames of a voice one window key seals: 5 s of 20 ms. */
export const windowFrames = 250;

// A KID: window, slot and the low bits of the epoch (RFC 9605, section 5.2).
const epochBits = 4n;
const slotBits = 5n;
const low = (value: bigint, bits: bigint) => value & ((1n << bits) - 1n);

/** HKDF-SHA-256 of a secret, without salt (RFC 5869). */
async function derive(secret: Bytes, label: string, ...about: Bytes[]): Promise<Bytes> {
  const key = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']);
  const info = join(new TextEncoder().encode(`stoa 1 ${label}\0`), ...about);
  const how = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info };
  return new Uint8Array(await crypto.subtle.deriveBits(how, key, 256));
}

/** What an announce says of an epoch's secret. */
export const commitTo = (secret: Bytes) => derive(secret, 'commit');

/**
 * The key of who speaks in a slot by a certificate, of which `cert` is the hash.
 * Certificates are made anew whenever a page is loaded, so that frames may be
 * counted from zero with each.
 */
export const senderKey = (secret: Bytes, slot: number, cert: Bytes) =>
  derive(secret, 'sender', Uint8Array.of(slot), cert);

/** The key by which who has a certificate, of which `cert` is the hash, seals what they write. */
export const wordsKey = (secret: Bytes, cert: Bytes) => derive(secret, 'words', cert);

/** The key of a sender's window, and what is signed of it with what it seals. */
export async function windowKey(sender: Bytes, window: bigint) {
  const number = new Uint8Array(8);
  new DataView(number.buffer).setBigUint64(0, window);
  const key = await derive(sender, 'window', number);
  return { key, commit: await derive(key, 'commit') };
}

/**
 * 30 digits in groups of five, which all who share the secret and the roster,
 * of which `roster` is the hash, have in common, and can compare aloud.
 */
export async function roomCode(secret: Bytes, roster: Bytes): Promise<string> {
  const [groups, size] = [6, 5];
  const bits = await derive(secret, 'code', roster);
  return Array.from({ length: groups }, (_, i) => {
    const part = bits.subarray(i * size, (i + 1) * size);
    const n = part.reduce((sum, byte) => 256 * sum + byte, 0); // of 40 bits
    return String(n % 100_000).padStart(5, '0');
  }).join(' ');
}

/** What a window's key goes by. */
export const kid = (epoch: number, slot: number, window: bigint) =>
  (window << (slotBits + epochBits)) |
  (low(BigInt(slot), slotBits) << epochBits) |
  low(BigInt(epoch), epochBits);

/** The low bits of the epoch, the slot and the window. */
export const parseKid = (kid: bigint) => ({
  epochLow: Number(low(kid, epochBits)),
  slot: Number(low(kid >> epochBits, slotBits)),
  window: kid >> (slotBits + epochBits),
});

/** What a KID says of an epoch. */
export const epochLow = (epoch: number) => Number(low(BigInt(epoch), epochBits));
