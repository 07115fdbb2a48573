/**
 * How a secret is sealed to one member: by HPKE (RFC 9180) the first time, and
 * then by the key that both sides have from it. `docs/protocol/keys.md`,
 * section "Messages".
 */
import { Aes128Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { join } from './bytes.ts';
import { type Kem, kems, type Letter } from './messages.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const text = new TextEncoder();
const kekLength = 16;

/** HPKE with the way of encapsulation that goes by a number. */
async function suiteOf(kem: Kem): Promise<CipherSuite> {
  // Only closed rooms need X-Wing, and it is as large as all the rest.
  const kemOf =
    kem === kems.xWing
      ? new (await import('@hpke/hybridkem-x-wing')).XWing()
      : new DhkemX25519HkdfSha256();
  return new CipherSuite({ kem: kemOf, kdf: new HkdfSha256(), aead: new Aes128Gcm() });
}

const suites = new Map<Kem, Promise<CipherSuite>>();

function suite(kem: Kem): Promise<CipherSuite> {
  const made = suites.get(kem) ?? suiteOf(kem);
  suites.set(kem, made);
  return made;
}

/** Where letters are to: the private key stays in this program. */
export interface Box {
  kem: Kem;
  pair: CryptoKeyPair;
  /** The public key, as a knock has it. */
  key: Bytes;
}

/** Makes a box for one visit. */
export async function makeBox(kem: Kem): Promise<Box> {
  const { kem: by } = await suite(kem);
  const pair = await by.generateKeyPair();
  return { kem, pair, key: new Uint8Array(await by.serializePublicKey(pair.publicKey)) };
}

/** The box of a private key, as `test/vectors` have it. */
export async function openBox(kem: Kem, privateKey: Bytes, key: Bytes): Promise<Box> {
  const { kem: by } = await suite(kem);
  const [secret, known] = await Promise.all([
    by.deserializePrivateKey(privateKey.buffer),
    by.deserializePublicKey(key.buffer),
  ]);
  return { kem, pair: { privateKey: secret, publicKey: known }, key };
}

/** To whom a welcome is, and to what. */
export interface Welcoming {
  room: Bytes;
  member: Bytes;
  epoch: number;
}

/** By which a steward gives a member the secrets of later epochs, each once. */
export type Kek = CryptoKey;

function infoOf({ room, member, epoch }: Welcoming): Bytes {
  const number = new DataView(new ArrayBuffer(4));
  number.setUint32(0, epoch);
  return join(text.encode('stoa 1 welcome'), room, member, new Uint8Array(number.buffer));
}

const kekOf = async (context: {
  export(label: ArrayBuffer, length: number): Promise<ArrayBuffer>;
}) =>
  crypto.subtle.importKey(
    'raw',
    await context.export(text.encode('stoa 1 kek').buffer, kekLength),
    'AES-GCM',
    false,
    ['encrypt', 'decrypt'],
  );

/** Seals a secret to the public key of a knock. Fails when that is no key. */
export async function welcome(to: { kem: Kem; key: Bytes }, about: Welcoming, secret: Bytes) {
  const hpke = await suite(to.kem);
  const recipientPublicKey = await hpke.kem.deserializePublicKey(to.key.slice().buffer);
  const context = await hpke.createSenderContext({
    recipientPublicKey,
    info: infoOf(about).buffer,
  });
  const sealed = new Uint8Array(await context.seal(secret.slice().buffer));
  const letter: Letter = { epoch: about.epoch, enc: new Uint8Array(context.enc), sealed };
  return { letter, kek: await kekOf(context) };
}

/** Seals something to a public key (X25519), for one purpose. Fails when that is no key. */
export async function sealTo(key: Bytes, purpose: string, plain: Bytes) {
  const hpke = await suite(kems.x25519);
  const recipientPublicKey = await hpke.kem.deserializePublicKey(key.slice().buffer);
  const info = text.encode(purpose).buffer;
  const context = await hpke.createSenderContext({ recipientPublicKey, info });
  const sealed = new Uint8Array(await context.seal(plain.slice().buffer));
  return { enc: new Uint8Array(context.enc), sealed };
}

/** The secret in a welcome, and the key for later ones. Nothing, when it is not for this box. */
export async function openWelcome(
  box: Box,
  about: Omit<Welcoming, 'epoch'>,
  { epoch, enc, sealed }: Letter,
): Promise<{ secret: Bytes; kek: Kek } | undefined> {
  if (!enc) return undefined;
  try {
    const context = await (await suite(box.kem)).createRecipientContext({
      recipientKey: box.pair,
      enc: enc.slice().buffer,
      info: infoOf({ ...about, epoch }).buffer,
    });
    const secret = new Uint8Array(await context.open(sealed.slice().buffer));
    return { secret, kek: await kekOf(context) };
  } catch {
    return undefined;
  }
}

function rewrapHow(epoch: number): AesGcmParams {
  const iv = new DataView(new ArrayBuffer(12));
  iv.setUint32(8, epoch);
  return { name: 'AES-GCM', iv: iv.buffer, additionalData: text.encode('stoa 1 rewrap') };
}

/** Seals the secret of a later epoch. A kek and an epoch go together once and never again. */
export async function rewrap(kek: Kek, epoch: number, secret: Bytes): Promise<Letter> {
  const sealed = await crypto.subtle.encrypt(rewrapHow(epoch), kek, secret);
  return { epoch, sealed: new Uint8Array(sealed) };
}

/** The secret in a rewrap. Nothing, when it is not by this key. */
export async function openRewrap(
  kek: Kek,
  { epoch, enc, sealed }: Letter,
): Promise<Bytes | undefined> {
  if (enc) return undefined;
  try {
    return new Uint8Array(await crypto.subtle.decrypt(rewrapHow(epoch), kek, sealed));
  } catch {
    return undefined;
  }
}
