/**
 * Who is in a conversation: devices of people, by credentials (RFC 9420, section
 * 5.3) that say whose they are and are signed by the device's key, which others
 * remember (ADR 52). The node hands such keys out; it cannot make one of a device
 * that others know.
 */
import type { Credential } from 'ts-mls';
import { join } from '../keys/bytes.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** A device that takes part. */
export interface Member {
  /** The person's id, 16 bytes. */
  person: Bytes;
  /** The public key of their device, Ed25519, 32 bytes. */
  device: Bytes;
}

/** A device's key, as `device.ts` keeps it. */
export interface Signer {
  key: CryptoKey;
  publicKey: Bytes;
}

const label = new TextEncoder().encode('stoa 1 conversation member');
const personSize = 16;
const keySize = 32;
const signatureSize = 64;

/** Makes the credential of a device for the key by which it signs in conversations. */
export async function credentialOf(
  person: Bytes,
  device: Signer,
  leafKey: Uint8Array,
): Promise<Credential> {
  const signed = content(person, leafKey);
  const signature = await crypto.subtle.sign('Ed25519', device.key, signed);
  const identity = join(person, device.publicKey, new Uint8Array(signature));
  return { credentialType: 'basic', identity };
}

/** Whose credential it is, or nobody's when it is not true. */
export async function memberOf(
  credential: Credential,
  leafKey: Uint8Array,
): Promise<Member | undefined> {
  if (credential.credentialType !== 'basic') return undefined;
  const identity = Uint8Array.from(credential.identity);
  if (identity.length !== personSize + keySize + signatureSize) return undefined;
  const person = identity.slice(0, personSize);
  const device = identity.slice(personSize, personSize + keySize);
  try {
    const key = await crypto.subtle.importKey('raw', device, 'Ed25519', false, ['verify']);
    const signature = identity.slice(personSize + keySize);
    if (!(await crypto.subtle.verify('Ed25519', key, signature, content(person, leafKey))))
      return undefined;
  } catch {
    return undefined; // not a key
  }
  return { person, device };
}

const content = (person: Bytes, leafKey: Uint8Array): Bytes => join(label, person, leafKey);
