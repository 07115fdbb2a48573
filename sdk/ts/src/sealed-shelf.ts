/** A shelf of what is sealed by a key that no script can take out of the browser. */
import { openShelf } from './shelf.ts';

type Bytes = Uint8Array<ArrayBuffer>;

interface Sealed {
  nonce: Bytes;
  sealed: Bytes;
}

/** What is kept so. */
export type SealedName = 'stoa.conversations' | 'stoa.discovery';
const all: readonly SealedName[] = ['stoa.conversations', 'stoa.discovery'];

/** Forgets the keys of all that somebody keeps so: nothing of it is opened any more. */
export async function forgetSealed(me: string): Promise<void> {
  await Promise.all(all.map((name) => keysOf(name).change(me, () => undefined)));
}

const keysOf = (name: SealedName) => openShelf<CryptoKey>(`${name}.key`);

/** What somebody keeps in this browser, sealed: values that have a JSON form, and bytes. */
export class SealedShelf {
  readonly #me: string;
  readonly #keys;
  readonly #values;

  /** `name` is that of its databases; each person has a key of their own. */
  constructor(name: SealedName, me: string) {
    this.#me = me;
    this.#keys = keysOf(name);
    this.#values = openShelf<Sealed>(name);
  }

  #name = (what: string) => `${this.#me}/${what}`;

  async get<T>(what: string): Promise<T | undefined> {
    const name = this.#name(what);
    const there = await this.#values.get(name);
    if (!there) return undefined;
    const about = new TextEncoder().encode(name);
    try {
      const plain = await crypto.subtle.decrypt(
        { name: 'AES-GCM', iv: there.nonce, additionalData: about },
        await this.#key(),
        there.sealed,
      );
      return decode(new Uint8Array(plain)) as T;
    } catch {
      return undefined; // of another key: as if it were not there
    }
  }

  /** Keeps a value; nothing takes it away. */
  async put(what: string, value: unknown): Promise<void> {
    const name = this.#name(what);
    if (value === undefined) {
      await this.#values.change(name, () => undefined);
      return;
    }
    const nonce = crypto.getRandomValues(new Uint8Array(12));
    const about = new TextEncoder().encode(name);
    const sealed = new Uint8Array(
      await crypto.subtle.encrypt(
        { name: 'AES-GCM', iv: nonce, additionalData: about },
        await this.#key(),
        encode(value),
      ),
    );
    await this.#values.change(name, () => ({ nonce, sealed }));
  }

  async #key(): Promise<CryptoKey> {
    const there = await this.#keys.get(this.#me);
    if (there) return there;
    const made = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
      'encrypt',
      'decrypt',
    ]);
    return (await this.#keys.change(this.#me, (other) => other ?? made)) ?? made;
  }
}

// As JSON, in which bytes are {"$":"…"}.

function encode(value: unknown): Bytes {
  const text = JSON.stringify(value, (_, part) =>
    part instanceof Uint8Array ? { $: base64(part) } : part,
  );
  return new TextEncoder().encode(text);
}

function decode(bytes: Bytes): unknown {
  return JSON.parse(new TextDecoder().decode(bytes), (_, part) =>
    part && typeof part === 'object' && typeof part.$ === 'string' ? unbase64(part.$) : part,
  );
}

function base64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

const unbase64 = (text: string) =>
  Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
