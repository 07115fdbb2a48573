/** What is asked of the node and heard from it: `docs/protocol/keys.md`, "Through the node". */
import type { Notice, Requests } from '../protocol.ts';
import { join } from './bytes.ts';
import { addressed, type Letter, toText, writeLetter } from './messages.ts';

/** One of these. */
export type Request =
  | { knock: Requests['knock'] }
  | { tend: Requests['tend'] }
  | { announce: Requests['announce'] }
  | { letters: Requests['letters'] };

export type Announced = NonNullable<Notice['announce']>;
export type Knocks = NonNullable<Notice['knocks']>;
export type Caller = Knocks['knocks'][number];

/** The notices that are for those who agree on a secret. */
export type KeyNotice = Pick<Notice, 'announce' | 'letter' | 'knocks' | 'untended'>;

const lettersMax = 44 * 1024; // bytes of letters in one request
const letterMost = 8 + 2 + 1 + 4 + 1120 + 48; // bytes that one takes

interface Bag {
  epoch: number;
  members: Uint8Array[];
  letters: Uint8Array[];
  size: number;
}

/** What is to be asked next, in this order. */
export class Outbox {
  #out: (Exclude<Request, { letters: unknown }> | { bag: Bag })[] = [];

  /** Adds a request; of knocks and of asking to tend only the newest counts. */
  add(request: Exclude<Request, { letters: unknown }>): void {
    if ('knock' in request) this.#out = this.#out.filter((one) => !('knock' in one));
    if ('tend' in request) this.#out = this.#out.filter((one) => !('tend' in one));
    this.#out.push(request);
  }

  /** Adds a letter to the last request, or to a new one when it is full. */
  post(member: Uint8Array<ArrayBuffer>, letter: Letter): void {
    const bytes = addressed(member, writeLetter(letter));
    const last = this.#out.at(-1);
    const fits =
      last &&
      'bag' in last &&
      last.bag.epoch === letter.epoch &&
      last.bag.size + letterMost <= lettersMax;
    const bag = fits ? last.bag : { epoch: letter.epoch, members: [], letters: [], size: 0 };
    if (!fits) this.#out.push({ bag });
    bag.members.push(member);
    bag.letters.push(bytes);
    bag.size += bytes.length;
  }

  /** Drops what only who tends may ask. Returns to whom there were letters. */
  rest(): Uint8Array[] {
    const members = this.#out.flatMap((one) => ('bag' in one ? one.bag.members : []));
    this.#out = this.#out.filter((one) => !('announce' in one || 'bag' in one));
    return members;
  }

  clear(): void {
    this.#out = [];
  }

  take(): Request[] {
    const out = this.#out;
    this.#out = [];
    return out.map((one) =>
      'bag' in one
        ? { letters: { epoch: one.bag.epoch, letters: toText(join(...one.bag.letters)) } }
        : one,
    );
  }
}
