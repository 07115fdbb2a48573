/**
 * Seals what people in a room write to each other, and opens it:
 * `docs/protocol/keys.md`, section "Words". Whoever has the secret of the epoch
 * can do both. What is written is signed by the page key of who writes, whose
 * cert comes with it, and bound to the room and the person. `sdk/go/words` is the
 * same in Go, and `test/vectors/words.json` holds for both.
 */
import { join, numbers, same } from './bytes.ts';
import {
  type About,
  type Cert,
  certLength,
  hashCert,
  parseCert,
  signatureLength,
  signed,
  toText,
  verified,
  verifyCert,
  writeCert,
} from './messages.ts';
import { wordsKey } from './schedule.ts';
import { Window } from './sframe.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const version = 1;
const headLength = 1 + 4 + 8 + certLength;
const tagLength = 16;
const overhead = headLength + tagLength + signatureLength;
const padTo = 64;
const saidMax = 1500;
const end = 0x80;

/** Characters of a text, and its bytes in UTF-8. */
export const textMax = 500;
export const bytesMax = Math.floor((saidMax - overhead) / padTo) * padTo - 1;

/** Milliseconds that something waits for the secret of its epoch, and how much does. */
export const waitFor = 10_000;
export const waitMax = 32;
const certsMax = 8; // of one person, in one epoch

const utf8 = new TextEncoder();
const label = utf8.encode('stoa 1 said');

/** Whether something can be written. */
export function isText(text: string): boolean {
  const length = [...text].length;
  const bytes = utf8.encode(text);
  if (length < 1 || length > textMax || bytes.length > bytesMax) return false;
  // A half of a character is none; of control characters there is the line feed alone.
  return decode(bytes) === text && !/[^\n\P{Cc}]/u.test(text);
}

function decode(bytes: Bytes): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Something written, as it is sent. */
export interface Said {
  epoch: number;
  number: bigint;
  cert: Cert;
  /** The padded text, and the tag. */
  sealed: Bytes;
  signature: Bytes;
}

const head = ({ epoch, number, cert }: Pick<Said, 'epoch' | 'number' | 'cert'>) =>
  join(numbers([version, 1], [epoch, 4], [number, 8]), writeCert(cert));

const saidSigned = (said: Omit<Said, 'signature'>, { room, who }: About) =>
  join(label, room, who, head(said), said.sealed);

/** Reads something written. */
export function parseSaid(bytes: Bytes): Said | undefined {
  const length = bytes.length - overhead;
  if (length < padTo || length % padTo !== 0 || bytes.length > saidMax || bytes[0] !== version) {
    return undefined;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const cert = parseCert(bytes.slice(13, headLength));
  if (!cert) return undefined;
  return {
    ...{ epoch: view.getUint32(1), number: view.getBigUint64(5), cert },
    sealed: bytes.slice(headLength, -signatureLength),
    signature: bytes.slice(-signatureLength),
  };
}

/** Makes a text as long as others of about its length. */
function pad(text: Bytes): Bytes {
  const padded = new Uint8Array((Math.floor(text.length / padTo) + 1) * padTo);
  padded.set(text);
  padded[text.length] = end;
  return padded;
}

function unpad(padded: Bytes): Bytes | undefined {
  const at = padded.findLastIndex((byte) => byte !== 0);
  return padded[at] === end && padded.length - at <= padTo ? padded.slice(0, at) : undefined;
}

async function cipher(secret: Bytes, cert: Cert): Promise<CryptoKey> {
  const key = await wordsKey(secret, await hashCert(cert));
  return crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt', 'decrypt']);
}

const how = (said: Pick<Said, 'epoch' | 'number' | 'cert'>, room: Bytes): AesGcmParams => ({
  name: 'AES-GCM',
  iv: numbers([0, 4], [said.number, 8]),
  additionalData: join(head(said), room),
  tagLength: 8 * tagLength,
});

/** A secret, and of which epoch. */
export interface Epoch {
  number: number;
  secret: Bytes;
  /** From when, in milliseconds, it is sealed with. */
  from: number;
}

/** Seals what one writes in one visit: one text after the other. */
export class Writer {
  readonly #about: About;
  readonly #cert: Cert;
  readonly #page: CryptoKey;
  #next = 0n; // number: it only grows, in whatever epoch

  /** Of who goes by a cert, which the page key is of. */
  constructor(about: About, cert: Cert, page: CryptoKey) {
    this.#about = about;
    this.#cert = cert;
    this.#page = page;
  }

  /** Seals a text. Nothing, when it is none, or there is no secret; epochs are newest first. */
  async seal(now: number, epochs: readonly Epoch[], text: string): Promise<Bytes | undefined> {
    const epoch = epochs.find(({ from }) => from <= now) ?? epochs.at(-1);
    if (!epoch || !isText(text)) return undefined;
    const cert = this.#cert;
    const number = this.#next++;
    const about = { epoch: epoch.number, number, cert };
    const key = await cipher(epoch.secret, cert);
    const padded = pad(utf8.encode(text));
    const { room } = this.#about;
    const sealed = new Uint8Array(await crypto.subtle.encrypt(how(about, room), key, padded));
    const signature = await signed(this.#page, saidSigned({ ...about, sealed }, this.#about));
    return join(head(about), sealed, signature);
  }
}

/** Why something is not read. */
export type WhyNot =
  | 'malformed' // not something written
  | 'signature' // not by who the node says it is by
  | 'late' // of an epoch that is gone, or whose secret has not come
  | 'replay' // read before
  | 'sealed' // it does not open
  | 'text' // no text that may be shown
  | 'full'; // one person has come in too often in one epoch

/** Something written, as the node passes it on, and by whom it says that it is. */
export interface Message {
  n: number;
  who: string;
  name: string;
}

/** What somebody has written, on the device that is known by `device`. */
export interface Word extends Message {
  text: string;
  device: string;
}

interface Waiting {
  message: Message;
  said: Said;
  at: number;
}

/** Opens what others write, and what oneself has written: one after the other. */
export class Reader {
  readonly #room: Bytes;
  readonly #read = new Map<number, Map<string, Map<string, Window>>>(); // by epoch, person, cert
  #epochs: readonly Epoch[] = []; // newest first
  #waiting: Waiting[] = [];
  readonly ignored = new Map<WhyNot, number>();

  constructor(room: Bytes) {
    this.#room = room;
  }

  /** Takes in the epochs whose secrets can be used, and returns what has waited for them. */
  async agree(now: number, epochs: readonly Epoch[]): Promise<Word[]> {
    this.#epochs = epochs;
    const oldest = epochs.at(-1)?.number ?? 0;
    for (const epoch of this.#read.keys()) if (epoch < oldest) this.#read.delete(epoch);
    const waited = this.#waiting;
    this.#waiting = [];
    const words: Word[] = [];
    for (const one of waited) {
      const word = now - one.at > waitFor ? this.#ignore('late') : await this.#take(one);
      if (word) words.push(word);
    }
    return words;
  }

  /**
   * What is written, if it is by who it is said to be by and was not read before.
   * What is of an epoch whose secret has not come waits for it. `who` is the
   * person's id in bytes.
   */
  async read(
    now: number,
    message: Message,
    who: Bytes,
    sealed: Bytes | undefined,
  ): Promise<Word | undefined> {
    const said = sealed && parseSaid(sealed);
    if (!said) return this.#ignore('malformed');
    const about = { room: this.#room, who };
    const { cert, signature } = said;
    const theirs =
      (await verifyCert(cert, about)) &&
      (await verified(cert.page, signature, saidSigned(said, about)));
    return theirs ? this.#take({ message, said, at: now }) : this.#ignore('signature');
  }

  /** Opens what is signed, or lets it wait. */
  async #take(one: Waiting): Promise<Word | undefined> {
    const { message, said } = one;
    const epoch = this.#epochs.find(({ number }) => number === said.epoch);
    if (!epoch) {
      if (said.epoch < (this.#epochs[0]?.number ?? 0)) return this.#ignore('late');
      this.#waiting.push(one);
      if (this.#waiting.length <= waitMax) return undefined;
      this.#waiting.shift();
      return this.#ignore('late');
    }
    const padded = await this.#open(epoch.secret, said);
    if (!padded) return this.#ignore('sealed');
    const window = await this.#window(message.who, said);
    if (!window) return this.#ignore('full');
    if (!window.take(said.number)) return this.#ignore('replay');
    const bytes = unpad(padded);
    const text = bytes && decode(bytes);
    if (!bytes || text === undefined || !isText(text) || !same(utf8.encode(text), bytes)) {
      return this.#ignore('text');
    }
    return { ...message, text, device: toText(said.cert.device) };
  }

  async #open(secret: Bytes, said: Said): Promise<Bytes | undefined> {
    const key = await cipher(secret, said.cert);
    try {
      const padded = await crypto.subtle.decrypt(how(said, this.#room), key, said.sealed);
      return new Uint8Array(padded);
    } catch {
      return undefined; // WebCrypto says no more than that it failed
    }
  }

  /** Which numbers of a cert were read in an epoch. Nothing: somebody has too many of them. */
  async #window(who: string, { epoch, cert }: Said): Promise<Window | undefined> {
    const name = toText(await hashCert(cert));
    const people = this.#read.get(epoch) ?? new Map<string, Map<string, Window>>();
    this.#read.set(epoch, people);
    const certs = people.get(who) ?? new Map<string, Window>();
    people.set(who, certs);
    if (!certs.has(name) && certs.size < certsMax) certs.set(name, new Window());
    return certs.get(name);
  }

  #ignore(why: WhyNot): undefined {
    this.ignored.set(why, (this.ignored.get(why) ?? 0) + 1);
  }
}
