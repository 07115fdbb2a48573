/**
 * What a device keeps of conversations: their secrets, and what was written. It is
 * sealed by a key that no script can take out of the browser, and it is nowhere else:
 * the node forgets what all devices have.
 */
import { SealedShelf } from '../sealed-shelf.ts';
import type { OwnPackage } from './group.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** A line of a conversation. */
export type Line =
  | { kind: 'text'; seq: number; at: string; from: string; mine: boolean; text: string }
  /** A message stood here that whoever wrote it has taken back. */
  | { kind: 'taken'; seq: number; at: string; from: string }
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

export class ConversationStore {
  readonly #shelf: SealedShelf;

  constructor(me: string) {
    this.#shelf = new SealedShelf('stoa.conversations', me);
  }

  async conversation(id: string): Promise<Kept | undefined> {
    return this.#shelf.get<Kept>(id);
  }

  keep(id: string, kept: Kept): Promise<void> {
    return this.#shelf.put(id, { ...kept, lines: kept.lines.slice(-linesMax) });
  }

  /** Forgets a conversation, with all that was written. */
  forget(id: string): Promise<void> {
    return this.#shelf.put(id, undefined);
  }

  async packages(): Promise<OwnPackage[]> {
    return (await this.#shelf.get<OwnPackage[]>('packages')) ?? [];
  }

  keepPackages(packages: OwnPackage[]): Promise<void> {
    return this.#shelf.put('packages', packages.slice(-packagesMax));
  }
}
