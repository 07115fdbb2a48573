/**
 * The messages by which those in a room agree on a secret:
 * `docs/protocol/keys.md`, section "Messages". `sdk/go/group` is the same in
 * Go, and `test/vectors/group.json` holds for both. What is parsed is of the
 * right form and no more; whose it is, `verify…` says.
 */
import { compare, join, numbers } from './bytes.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const version = 1;
const idLength = 16;
const hashLength = 32;
export const signatureLength = 64;
const keyLength = 32;
const memberLength = 8;
export const certLength = 1 + memberLength + 2 * keyLength + signatureLength;
const announceLength = 1 + 4 + 4 + 1 + 1 + 8 + 4 + 4 * hashLength + signatureLength;
const sealedLength = 32 + 16; // a secret, and the tag
const slotMax = 31;
const ed25519 = { name: 'Ed25519' };

const text = new TextEncoder();
const sha256 = async (bytes: Bytes) => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));

/** Reads one part of some bytes after the other. */
class Reader {
  readonly #bytes: Bytes;
  #at = 0;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  take(length: number): Bytes {
    this.#at += length;
    return this.#bytes.slice(this.#at - length, this.#at);
  }

  /** Of at most 53 bits: what is greater is not exact. */
  number(size: 1 | 2 | 4 | 8): number {
    return this.take(size).reduce((sum, byte) => 256 * sum + byte, 0);
  }
}

/** Signs by an Ed25519 key (RFC 8032). */
export async function signed(key: CryptoKey, ...message: Uint8Array[]): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.sign(ed25519, key, join(...message)));
}

/** Whether a key has signed something. */
export async function verified(
  key: Bytes,
  signature: Bytes,
  ...message: Uint8Array[]
): Promise<boolean> {
  try {
    const known = await crypto.subtle.importKey('raw', key, ed25519, false, ['verify']);
    return await crypto.subtle.verify(ed25519, known, signature, join(...message));
  } catch {
    return false; // no point of the curve
  }
}

/** The 16 bytes of whose and of which room something is. */
export interface About {
  room: Bytes;
  who: Bytes;
}

// --- cert ---

/** Says by which keys a client goes that a person has come in with. */
export interface Cert {
  member: Bytes;
  /** Ed25519, made when the client came in. */
  page: Bytes;
  /** Ed25519, of the device. */
  device: Bytes;
  signature: Bytes;
}

const certBody = ({ member, page, device }: Omit<Cert, 'signature'>) =>
  join(Uint8Array.of(version), member, page, device);

const certSigned = (cert: Omit<Cert, 'signature'>, { room, who }: About) =>
  join(text.encode('stoa 1 cert'), room, who, certBody(cert));

export const writeCert = (cert: Cert) => join(certBody(cert), cert.signature);

export function parseCert(bytes: Bytes): Cert | undefined {
  if (bytes.length !== certLength || bytes[0] !== version) return undefined;
  const from = new Reader(bytes);
  from.take(1);
  return {
    member: from.take(memberLength),
    page: from.take(keyLength),
    device: from.take(keyLength),
    signature: from.take(signatureLength),
  };
}

/** A cert, signed by the device's key. */
export async function makeCert(
  key: CryptoKey,
  cert: Omit<Cert, 'signature'>,
  about: About,
): Promise<Cert> {
  return { ...cert, signature: await signed(key, certSigned(cert, about)) };
}

export const verifyCert = (cert: Cert, about: About) =>
  verified(cert.device, cert.signature, certSigned(cert, about));

/** What a cert goes by in the keys of who speaks by it. */
export const hashCert = (cert: Cert) => sha256(writeCert(cert));

// --- knock ---

/** How a client wants to be given its first secret: the numbers of HPKE (RFC 9180). */
export const kems = { x25519: 0x0020, xWing: 0x647a } as const;
export type Kem = (typeof kems)[keyof typeof kems];

/** Bytes of a public key, and of what is encapsulated to it. */
const kemLengths = new Map<number, { key: number; enc: number }>([
  [kems.x25519, { key: 32, enc: 32 }],
  [kems.xWing, { key: 1216, enc: 1120 }],
]);

/** Asks to be given the secret. */
export interface Knock {
  cert: Cert;
  kem: Kem;
  /** To which it is to be sealed. */
  key: Bytes;
  signature: Bytes;
}

const knockBody = ({ cert, kem, key }: Omit<Knock, 'signature'>) =>
  join(writeCert(cert), numbers([kem, 2]), key);

const knockSigned = (knock: Omit<Knock, 'signature'>, { room, who }: About) =>
  join(text.encode('stoa 1 knock'), room, who, knockBody(knock));

export const writeKnock = (knock: Knock) => join(knockBody(knock), knock.signature);

export function parseKnock(bytes: Bytes): Knock | undefined {
  const cert = parseCert(bytes.slice(0, certLength));
  if (!cert) return undefined;
  const from = new Reader(bytes.slice(certLength));
  const kem = from.number(2);
  const lengths = kemLengths.get(kem);
  if (!lengths || bytes.length !== certLength + 2 + lengths.key + signatureLength) return undefined;
  const key = from.take(lengths.key);
  return { cert, kem: kem as Kem, key, signature: from.take(signatureLength) };
}

/** A knock, signed by the page's key. */
export async function makeKnock(
  key: CryptoKey,
  knock: Omit<Knock, 'signature'>,
  about: About,
): Promise<Knock> {
  return { ...knock, signature: await signed(key, knockSigned(knock, about)) };
}

/** Whether a knock and its cert are a person's, in a room. */
export async function verifyKnock(knock: Knock, about: About): Promise<boolean> {
  const { cert, signature } = knock;
  return (
    (await verifyCert(cert, about)) && verified(cert.page, signature, knockSigned(knock, about))
  );
}

// --- roster ---

/** Who has which slot; by slots. */
export type Roster = readonly { slot: number; cert: Cert }[];

export const writeRoster = (roster: Roster) =>
  join(
    Uint8Array.of(roster.length),
    ...roster.flatMap(({ slot, cert }) => [Uint8Array.of(slot), writeCert(cert)]),
  );

export function parseRoster(bytes: Bytes): Roster | undefined {
  const [count = 0] = bytes;
  if (count === 0 || count > slotMax + 1) return undefined;
  if (bytes.length !== 1 + count * (1 + certLength)) return undefined;
  const from = new Reader(bytes);
  from.take(1);
  const roster: { slot: number; cert: Cert }[] = [];
  for (let i = 0; i < count; i++) {
    const slot = from.number(1);
    const cert = parseCert(from.take(certLength));
    if (!cert || slot > slotMax || slot <= (roster.at(-1)?.slot ?? -1)) return undefined;
    roster.push({ slot, cert });
  }
  return roster;
}

/** What an announce says of a roster. */
export const hashRoster = (roster: Roster) =>
  sha256(join(text.encode('stoa 1 roster'), writeRoster(roster)));

/** What an announce says of the holders who are not in the roster. */
export function hashAudience(holders: readonly Pick<Cert, 'member' | 'device'>[]): Promise<Bytes> {
  const parts = holders.map(({ member, device }) => join(member, device)).sort(compare);
  return sha256(join(text.encode('stoa 1 audience'), ...parts));
}

// --- announce ---

/** Says which secret is used, by whom, and who has it. */
export interface Announce {
  /** From 1. */
  sequence: number;
  /** From 1. */
  epoch: number;
  /** Of who announces. */
  slot: number;
  /** Listeners are to play only what is proven. */
  proven: boolean;
  /** Milliseconds since 1970. */
  time: number;
  /** How many have the secret, those in the roster included. */
  holders: number;
  /** Hash of the announce before; zeros in the first. */
  before: Bytes;
  /** To the secret. */
  commit: Bytes;
  roster: Bytes;
  audience: Bytes;
  signature: Bytes;
}

const announceBody = (a: Omit<Announce, 'signature'>) =>
  join(
    numbers(
      [version, 1],
      [a.sequence, 4],
      [a.epoch, 4],
      [a.slot, 1],
      [a.proven ? 1 : 0, 1],
      [a.time, 8],
      [a.holders, 4],
    ),
    a.before,
    a.commit,
    a.roster,
    a.audience,
  );

const announceSigned = (announce: Omit<Announce, 'signature'>, room: Bytes) =>
  join(text.encode('stoa 1 announce'), room, announceBody(announce));

export const writeAnnounce = (announce: Announce) =>
  join(announceBody(announce), announce.signature);

export function parseAnnounce(bytes: Bytes): Announce | undefined {
  if (bytes.length !== announceLength || bytes[0] !== version) return undefined;
  const from = new Reader(bytes);
  from.take(1);
  const [sequence, epoch, slot] = [from.number(4), from.number(4), from.number(1)];
  const [flags, time, holders] = [from.number(1), from.number(8), from.number(4)];
  if (!sequence || !epoch || slot > slotMax || flags > 1) return undefined;
  if (time > Number.MAX_SAFE_INTEGER) return undefined; // it would be written as another
  return {
    ...{ sequence, epoch, slot, proven: flags === 1, time, holders },
    before: from.take(hashLength),
    commit: from.take(hashLength),
    roster: from.take(hashLength),
    audience: from.take(hashLength),
    signature: from.take(signatureLength),
  };
}

/** An announce, signed by the page's key of who is in its slot. */
export async function makeAnnounce(
  key: CryptoKey,
  announce: Omit<Announce, 'signature'>,
  room: Bytes,
): Promise<Announce> {
  return { ...announce, signature: await signed(key, announceSigned(announce, room)) };
}

export const verifyAnnounce = (announce: Announce, page: Bytes, room: Bytes) =>
  verified(page, announce.signature, announceSigned(announce, room));

/** What the next announce says of this one. */
export const hashAnnounce = (announce: Announce) => sha256(writeAnnounce(announce));

/** What the room's code is made from, with the secret. */
export const hashPeople = ({ roster, audience }: Announce) => sha256(join(roster, audience));

// --- letter ---

/** Brings the secret of an epoch: `enc` is there in a welcome, and not in a rewrap. */
export interface Letter {
  epoch: number;
  enc?: Bytes;
  sealed: Bytes;
}

export const writeLetter = ({ epoch, enc, sealed }: Letter) =>
  join(numbers([enc ? 1 : 2, 1], [epoch, 4]), enc ?? new Uint8Array(0), sealed);

export function parseLetter(bytes: Bytes): Letter | undefined {
  const head = 1 + 4;
  const [kind] = bytes;
  const between = bytes.length - head - sealedLength;
  const lengths = [...kemLengths.values()].map(({ enc }) => enc);
  if (!(kind === 1 ? lengths.includes(between) : kind === 2 && between === 0)) return undefined;
  const from = new Reader(bytes);
  from.take(1);
  const epoch = from.number(4);
  const enc = from.take(between);
  if (epoch === 0) return undefined;
  return { epoch, ...(kind === 1 ? { enc } : {}), sealed: from.take(sealedLength) };
}

/** A letter to a member, as it stands among others in a request. */
export const addressed = (member: Bytes, letter: Bytes) =>
  join(member, numbers([letter.length, 2]), letter);

// --- as the node writes things ---

const digits = '0123456789abcdefghijklmnopqrstuv';

/** The 16 bytes that an id stands for. Nothing, when it is none. */
export function parseID(id: string): Bytes | undefined {
  if (id.length !== 26) return undefined;
  let [value, bits] = [0, 0];
  const bytes: number[] = [];
  for (const letter of id) {
    const digit = digits.indexOf(letter);
    if (digit < 0) return undefined;
    value = ((value << 5) | digit) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((value >> bits) & 0xff);
    }
  }
  const rest = value & ((1 << bits) - 1);
  return bytes.length === idLength && rest === 0 ? Uint8Array.from(bytes) : undefined;
}

/** The id that 16 bytes are. */
export function formatID(bytes: Uint8Array): string {
  let [value, bits, id] = [0, 0, ''];
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    for (; bits >= 5; bits -= 5) id += digits[(value >> (bits - 5)) & 31];
  }
  return bits > 0 ? id + digits[(value << (5 - bits)) & 31] : id;
}

/** Bytes as base64url without padding (RFC 4648, section 5). */
export function toText(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** The bytes of a text. Nothing, when it is not base64url without padding. */
export function fromText(text: string): Bytes | undefined {
  if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) return undefined;
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
    return toText(bytes) === text ? bytes : undefined;
  } catch {
    return undefined;
  }
}
