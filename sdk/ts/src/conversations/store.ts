/**
 * What a device keeps of conversations: their secrets, and what was written. It is
 * sealed by a key that no script can take out of the browser, and it is nowhere else:
 * the node forgets what all devices have.
 */
import { openShelf } from '../shelf.ts';
import type { OwnPackage } from './group.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** A line of a conversation. */
export type Line =
  | { kind: 'text'; seq: number; at: string; from: string; mine: boolean; text: string }
  /** Somebody reads with a device that was not there before. */
  | { kind: 'device'; seq: number; at: string; from: string }
  /** Something that this device cannot read: it was not there then, or it was damaged. */
  | { kind: 'gap'; seq: number; at: string };

/** A conversation as this device has it. */
export interface Kept {
  state: Bytes;
  /** The last item that was taken in. */
  seq: number;
  /** The last line that the person has seen. */
  seen: number;
  lines: Line[];
}

/** How many lines are kept of each conversation. */
const linesMax = 2_000;
/** How many packages that nobody has used are kept. */
const packagesMax = 120;

interface Sealed {
  nonce: Bytes;
  sealed: Bytes;
}

export class ConversationStore {
  readonly #me: string;
  readonly #keys = openShelf<CryptoKey>('stoa.conversations.key');
  readonly #values = openShelf<Sealed>('stoa.conversations');

  constructor(me: string) {
    this.#me = me;
  }

  async conversation(id: string): Promise<Kept | undefined> {
    return this.#get<Kept>(id);
  }

  keep(id: string, kept: Kept): Promise<void> {
    return this.#put(id, { ...kept, lines: kept.lines.slice(-linesMax) });
  }

  /** Forgets a conversation, with all that was written. */
  forget(id: string): Promise<void> {
    return this.#put(id, undefined);
  }

  /** Forgets the key of all of it: nothing that is here can be opened any more. */
  async forgetAll(): Promise<void> {
    await this.#keys.change(this.#me, () => undefined);
    await this.#put('packages', undefined);
  }

  async packages(): Promise<OwnPackage[]> {
    return (await this.#get<OwnPackage[]>('packages')) ?? [];
  }

  keepPackages(packages: OwnPackage[]): Promise<void> {
    return this.#put('packages', packages.slice(-packagesMax));
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

  #name = (what: string) => `${this.#me}/${what}`;

  async #get<T>(what: string): Promise<T | undefined> {
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

  async #put(what: string, value: unknown): Promise<void> {
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
