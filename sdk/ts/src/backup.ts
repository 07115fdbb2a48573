/**
 * A device's key, sealed for another browser with the same passkey:
 * `docs/protocol/keys.md`, section "Backup". What is parsed came from the
 * node, which may have written it itself: it opens only by the passkey.
 */
import { join } from './keys/bytes.ts';
import type { Device } from './keys/group.ts';
import { fromText, parseID, toText } from './keys/messages.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const version = Uint8Array.of(1);
const nonceLength = 12;
const keyLength = 32;
const backupLength = 1 + nonceLength + 2 * keyLength + 16;
const ed25519 = { name: 'Ed25519' } as const;

const text = new TextEncoder();

/** What the authenticator is asked about (WebAuthn, extension `prf`). */
export const backupInput = text.encode('stoa 1 backup');

/** A new key with its backup. It can be exported for the moment of sealing it. */
export async function makeSealed(secret: Bytes, who: string): Promise<Device & { backup: Bytes }> {
  const pair = await crypto.subtle.generateKey(ed25519, true, ['sign', 'verify']);
  const { d = '', x = '' } = await crypto.subtle.exportKey('jwk', pair.privateKey);
  const [key, publicKey] = [fromText(d), fromText(x)];
  if (key?.length !== keyLength || publicKey?.length !== keyLength) throw new Error('no Ed25519');
  const backup = await sealKeys(key, publicKey, secret, who);
  key.fill(0);
  return { key: await importKey(d, x), publicKey, backup };
}

/** Seals the two halves of a key. `nonce` is random but in tests. */
export async function sealKeys(
  key: Bytes,
  publicKey: Bytes,
  secret: Bytes,
  who: string,
  nonce: Bytes = crypto.getRandomValues(new Uint8Array(nonceLength)),
): Promise<Bytes> {
  const plain = join(key, publicKey);
  const sealed = await crypto.subtle.encrypt(gcm(nonce), await sealer(secret, who), plain);
  plain.fill(0);
  return join(version, nonce, new Uint8Array(sealed));
}

/** The key that a backup brings. Nothing, when it does not open or is none. */
export async function openBackup(
  backup: Bytes,
  secret: Bytes,
  who: string,
): Promise<Device | undefined> {
  if (backup.length !== backupLength || backup[0] !== version[0]) return undefined;
  const nonce = backup.slice(1, 1 + nonceLength);
  try {
    const key = await sealer(secret, who);
    const plain = new Uint8Array(
      await crypto.subtle.decrypt(gcm(nonce), key, backup.slice(1 + nonceLength)),
    );
    const publicKey = plain.slice(keyLength);
    const device = {
      key: await importKey(toText(plain.slice(0, keyLength)), toText(publicKey)),
      publicKey,
    };
    plain.fill(0);
    return (await belong(device)) ? device : undefined;
  } catch {
    return undefined; // of another passkey or person, or forged
  }
}

const gcm = (iv: Bytes) => ({ name: 'AES-GCM', iv, additionalData: version });

/** The key that seals a person's backup. */
async function sealer(secret: Bytes, who: string): Promise<CryptoKey> {
  const id = parseID(who);
  if (!id) throw new Error('not an id');
  const from = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey']);
  const info = join(backupInput, Uint8Array.of(0), id);
  const how = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info };
  const to = { name: 'AES-GCM', length: 256 };
  return crypto.subtle.deriveKey(how, from, to, false, ['encrypt', 'decrypt']);
}

/** By JWK (RFC 8037): the one form of a private key that all browsers write alike. */
const importKey = (d: string, x: string) =>
  crypto.subtle.importKey('jwk', { kty: 'OKP', crv: 'Ed25519', d, x }, ed25519, false, ['sign']);

/** Whether what one key signs, the other knows. */
async function belong({ key, publicKey }: Device): Promise<boolean> {
  const known = await crypto.subtle.importKey('raw', publicKey, ed25519, false, ['verify']);
  const signature = await crypto.subtle.sign(ed25519, key, backupInput);
  return crypto.subtle.verify(ed25519, known, signature, backupInput);
}
