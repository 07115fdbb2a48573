/**
 * Private discovery (docs/protocol/discovery.md): whom one lists is told to nobody.
 * The house evaluates a function for what is blinded here (VOPRF, RFC 9497,
 * ristretto255-SHA512), and is told the hashes of what comes of it; those that are
 * of nobody who takes part it drops.
 */
import { ristretto255_oprf } from '@noble/curves/ed25519.js';
import type { House } from './house.ts';
import type { Discovery, Person } from './http.ts';
import { join } from './keys/bytes.ts';
import { fromText, toText } from './keys/messages.ts';
import { SealedShelf } from './sealed-shelf.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const { voprf } = ristretto255_oprf;
const valueDomain = 'stoa discovery v1';
/** How many are asked for at once. A browser computes for half a second. */
const batchMax = 50;
/** How many one may list. */
export const listMax = 1_000;
/** After how long the same list is sent again: somebody of it may take part since. */
const again = 20 * 60 * 60_000; // ms

// --- identifiers ---

/**
 * What is meant by what somebody has typed: `handle:ada` or `mail:ada@example.org`;
 * nothing, if it is neither. The house does the same (test/vectors/discovery.json).
 */
export function identifier(text: string): string | undefined {
  if (utf8(text).length > 512 || /\p{Surrogate}/u.test(text)) return undefined;
  const typed = text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
  const [, kind, rest = ''] = /^(handle|mail):(.*)$/s.exec(typed) ?? [];
  if (kind ? kind === 'mail' : typed.lastIndexOf('@') > 0) return mailOf(kind ? rest : typed);
  return handleOf(kind ? rest : typed);
}

function handleOf(text: string): string | undefined {
  const handle = lower(text.replace(/^@/, ''));
  return /^[a-z][a-z0-9_]{2,23}$/.test(handle) ? `handle:${handle}` : undefined;
}

function mailOf(text: string): string | undefined {
  const at = text.lastIndexOf('@');
  if (at < 0) return undefined;
  const local = lower(text.slice(0, at).normalize('NFC'));
  const domain = domainOf(text.slice(at + 1));
  if (!/^[a-z0-9!#$%&'*+\-/=?^_`{|}~.\p{L}\p{M}\p{N}]+$/u.test(local)) return undefined;
  if (!domain || utf8(local).length > 64) return undefined;
  return `mail:${local}@${domain}`;
}

/** The ASCII form of a domain (UTS 46, as browsers have it). */
function domainOf(text: string): string | undefined {
  // What a URL would take for something else than letters.
  if (utf8(text).length > 253 || /[^a-z0-9.\-\u0080-\u{10ffff}]/iu.test(text)) return undefined;
  if (!URL.canParse(`https://${text}/`)) return undefined;
  const domain = new URL(`https://${text}/`).hostname;
  const labels = domain.split('.');
  const right = labels.every(
    (label) =>
      /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label) &&
      (label.slice(2, 4) !== '--' || label.startsWith('xn')),
  );
  const last = labels.at(-1) ?? '';
  if (!right || domain.length > 253 || labels.length < 2) return undefined;
  return /^[a-z]/.test(last) ? domain : undefined;
}

const lower = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
const utf8 = (text: string): Bytes => new TextEncoder().encode(text);

// --- the function ---

/** What was blinded, and by what: the house is shown `blinded` alone. */
export interface Blind {
  input: Bytes;
  blind: Uint8Array;
  blinded: Uint8Array;
}

/** Blinds an input; `random` is for tests. */
export function blind(input: Bytes, random?: (size?: number) => Bytes): Blind {
  return { input, ...voprf.blind(input, random) };
}

/** The outputs; it throws when the proof is not of these elements and this key. */
export function finalize(
  blinds: readonly Blind[],
  evaluated: readonly Uint8Array[],
  proof: Uint8Array,
  key: Uint8Array,
): Uint8Array[] {
  if (evaluated.length !== blinds.length) throw new Error('not as many as were asked for');
  const items = blinds.map((one, n) => ({ ...one, evaluated: evaluated[n] as Uint8Array }));
  return voprf.finalizeBatch(items, key, proof);
}

/** The value of an output. */
export async function value(output: Uint8Array): Promise<string> {
  const hashed = await crypto.subtle.digest('SHA-256', join(utf8(valueDomain), output));
  return toText(new Uint8Array(hashed));
}

const bytesOf = (text: string): Uint8Array => fromText(text) ?? new Uint8Array();

// --- calls ---

export const discovery = (house: House) => house.ask<Discovery>('GET', 'discovery');
/** Takes part: whoever lists me, and whom I list, finds me. */
export const takePart = (house: House) => house.ask<Discovery>('PUT', 'discovery', { on: true });
/** Takes part no more; the house deletes all of it. */
export const leaveDiscovery = (house: House) => house.ask<void>('DELETE', 'discovery');
/** Those who list me, and whom I list. */
export const matches = (house: House) =>
  house.ask<{ people: Person[] }>('GET', 'discovery/matches');

/** The house has answered something that it cannot prove. */
export class Unproven extends Error {}

/** Has the house evaluate the function for identifiers, and returns their values. */
export async function evaluate(house: House, key: string, texts: string[]): Promise<string[]> {
  const blinds = texts.map((text) => blind(utf8(text)));
  const answer = await house.ask<{ evaluated: string[]; proof: string }>(
    'POST',
    'discovery/evaluate',
    { key, blinded: blinds.map(({ blinded }) => toText(blinded)) },
  );
  let outputs: Uint8Array[];
  try {
    outputs = finalize(blinds, answer.evaluated.map(bytesOf), bytesOf(answer.proof), bytesOf(key));
  } catch {
    throw new Unproven();
  }
  return Promise.all(outputs.map(value));
}

// --- whom one lists ---

/** Somebody whom one lists; without a value until the house was asked for it. */
export interface Listed {
  identifier: string;
  value?: string;
}

interface Kept {
  /** The house's key as it was seen. */
  key: string;
  entries: Listed[];
  /** When it was sent. */
  sent: number;
}

/** How one stands, and whom this browser lists. */
export interface Standing {
  stands: Discovery;
  entries: Listed[];
  /** The house has another key than before: everything is asked anew. */
  otherKey: boolean;
}

/** Whom somebody lists. It is in this browser alone, and sealed there. */
export class Finder {
  readonly #house: House;
  readonly #shelf: SealedShelf;

  constructor(house: House, me: string) {
    this.#house = house;
    this.#shelf = new SealedShelf('stoa.discovery', me);
  }

  /** Looks how one stands, and whether the key is the one that was seen before. */
  async open(): Promise<Standing> {
    const stands = await discovery(this.#house);
    const kept = await this.#kept();
    const otherKey = kept.key !== '' && kept.key !== stands.key;
    if (kept.key !== stands.key) {
      const entries = kept.entries.map(({ identifier }) => ({ identifier }));
      await this.#keep({ key: stands.key, entries, sent: 0 });
      return { stands, entries, otherKey };
    }
    return { stands, entries: kept.entries, otherKey };
  }

  /** Lists these and nobody else; what is known of them already is kept. */
  async set(identifiers: readonly string[]): Promise<Listed[]> {
    const kept = await this.#kept();
    const known = new Map(kept.entries.map((entry) => [entry.identifier, entry]));
    const entries = [...new Set(identifiers)]
      .slice(0, listMax)
      .map((identifier) => known.get(identifier) ?? { identifier });
    await this.#keep({ ...kept, entries, sent: 0 });
    return entries;
  }

  /** Whether the list is to be sent again. */
  async due(now = Date.now()): Promise<boolean> {
    const { entries, sent } = await this.#kept();
    return entries.length > 0 && now - sent > again;
  }

  /**
   * Asks for those that were not asked for, as far as the budget goes, and sends the
   * list. `done` is told how many have been asked for, and returns whether to go on.
   */
  async send(done: (asked: number, of: number) => boolean = () => true): Promise<Listed[]> {
    const { stands } = await this.open();
    const kept = await this.#kept();
    const todo = kept.entries.filter((entry) => entry.value === undefined);
    const most = Math.min(todo.length, stands.budget.left);
    for (let at = 0; at < most; at += batchMax) {
      if (!done(at, most)) break;
      const some = todo.slice(at, Math.min(at + batchMax, most));
      const values = await evaluate(
        this.#house,
        stands.key,
        some.map(({ identifier }) => identifier),
      );
      for (const [n, entry] of some.entries()) entry.value = values[n] as string;
      await this.#keep(kept);
    }
    done(most, most);
    const values = kept.entries.flatMap((entry) => entry.value ?? []);
    await this.#house.ask<void>('PUT', 'discovery/list', { key: stands.key, values });
    await this.#keep({ ...kept, sent: Date.now() });
    return kept.entries;
  }

  /** Forgets whom one lists. */
  forget = () => this.#shelf.put('list', undefined);

  async #kept(): Promise<Kept> {
    return (await this.#shelf.get<Kept>('list')) ?? { key: '', entries: [], sent: 0 };
  }

  #keep = (kept: Kept) => this.#shelf.put('list', kept);
}
