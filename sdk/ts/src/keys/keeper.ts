/**
 * Holds all that is secret in a visit, and seals and opens by it. It lives in a
 * worker, where the page that shows the room has no hand in it: the page brings
 * what the node says and takes what is to be asked, and is told how the room is
 * sealed.
 */
import type { Lock } from '../lock.ts';
import type { KeyNotice, Request } from './asking.ts';
import { type Frame, played, Sayings, type Types } from './frames.ts';
import { Group, type Scene, type State, type Visit } from './group.ts';
import { fromText, parseID, toText } from './messages.ts';
import { sealReport, writeReport } from './report.ts';
import type { Piece } from './ring.ts';
import { Stage } from './stage.ts';
import { Turns } from './turns.ts';
import { proofWait, repeatsMax, type Trust } from './voice.ts';
import type { Message, Reader, Word, Writer } from './words.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const batchFor = 500; // ms of sound that a signature covers
const lookEvery = 250; // ms between looks at who is trusted
const dueMax = 60_000; // ms: what is due later is looked at again

/** How one speaks, and by which payload types. */
export interface Speech {
  types: Types;
  /** Milliseconds of sound in a frame. */
  frameMS: number;
  /** So many frames later each frame is sent again. */
  repeat: readonly number[];
}

/** What the page says to the worker: one of these. */
export type Order =
  | { visit: Visit } // the first
  | { entered: true }
  | { scene: Scene }
  | { notice: KeyNotice }
  | { tended: { sequence: number; epoch: number } }
  | { refused: true }
  | { hold: { ask: number; who: string } }
  | { show: { ask: number; what: Showing } }
  | { write: { ask: number; text: string } }
  | { said: Passed }
  | { speech: Speech }
  | { spare: readonly string[] } // whose voices are not played
  | { by: number }; // the connection by which one speaks

/** What somebody has written, as the node passes it on. */
export interface Passed extends Message {
  sealed: string;
}

/** What does not wait for what was said before. */
type Quick =
  | { speech: Speech }
  | { spare: unknown }
  | { by: number }
  | { write: unknown }
  | { said: unknown };

/** What is to be reported of a voice that is held. */
export interface Showing {
  who: string;
  pieces: readonly number[];
  text: string;
  moderators: readonly Bytes[];
}

/** A frame that may be played: at once, or in so many milliseconds if it is proven by then. */
export interface Opening {
  data: Bytes;
  wait: number;
  isProven: () => boolean;
}

/** Whose voice is in a slot of a connection. */
export interface Hearing {
  connection: number;
  slot: number;
  who: string;
}

/** What the worker says to the page: one of these. */
export type Report =
  | { ask: Request }
  | { next: true } // knocks may come
  | { lock: Lock }
  | { heard: Hearing }
  | { held: { ask: number; pieces: Piece[] } }
  | { sealed: { ask: number; report: Bytes | undefined } }
  | { written: { ask: number; sealed: string | undefined } }
  | { word: Word }
  | { failed: string };

export class Keeper {
  readonly #tell: (report: Report) => void;
  readonly #now: () => number;
  readonly #turns = new Turns();
  readonly #heard = new Map<number, Hearing>(); // by slot, in the newest connection
  readonly #saying = new Turns();
  readonly #writing = new Turns(); // and reading
  #desk: { writer: Writer; reader: Reader } | undefined;
  #sayings = new Sayings();
  #spared: ReadonlySet<string> = new Set(); // whose voices are not played
  #by = 0; // the connection that one speaks by
  #saidBy = 0; // and by which one has spoken
  #room = '';
  #group: Group | undefined;
  #stage: Stage | undefined;
  #state: State | undefined;
  #speech: Speech = { types: { opus: -1, red: undefined }, frameMS: 20, repeat: [] };
  #due: ReturnType<typeof setTimeout> | undefined;
  #look: ReturnType<typeof setInterval> | undefined;
  #waiting = 0; // orders
  #shown = '';

  constructor(tell: (report: Report) => void, now: () => number) {
    this.#tell = tell;
    this.#now = now;
  }

  /** Does what the page says, after what it has said before. */
  order(order: Order): Promise<void> {
    if ('speech' in order) {
      this.#speech = order.speech;
      this.#stage?.setBatch(batchFor / order.speech.frameMS);
      return Promise.resolve();
    }
    if ('spare' in order) {
      this.#spared = new Set(order.spare);
      return Promise.resolve();
    }
    if ('by' in order) {
      this.#by = order.by;
      return Promise.resolve();
    }
    if ('write' in order) return this.#write(order.write.ask, order.write.text);
    if ('said' in order) return this.#read(order.said);
    this.#waiting++;
    return this.#turns.take(async () => {
      try {
        await this.#do(order);
      } catch (thrown) {
        this.#tell({ failed: String(thrown) });
      } finally {
        this.#waiting--;
      }
      await this.#done();
    });
  }

  async #do(order: Exclude<Order, Quick>): Promise<void> {
    if ('hold' in order) {
      const { ask, who } = order.hold;
      this.#tell({ held: { ask, pieces: this.#stage?.hold(this.#now(), who) ?? [] } });
      return;
    }
    if ('show' in order) {
      const { ask, what } = order.show;
      let report: Bytes | undefined;
      try {
        report = await this.#report(what);
      } finally {
        this.#tell({ sealed: { ask, report } });
      }
      return;
    }
    if ('visit' in order) {
      this.#room = order.visit.room;
      this.#group = await Group.make(order.visit);
      this.#desk = this.#group.desk();
      const { sign, cert } = await this.#group.voice();
      this.#stage = new Stage(sign, cert, batchFor / this.#speech.frameMS);
      this.#look ??= setInterval(() => void this.#show(), lookEvery);
      return;
    }
    const group = this.#group;
    if (!group) return;
    const now = this.#now();
    if ('entered' in order) await group.entered(now);
    else if ('scene' in order) await group.see(now, order.scene);
    else if ('refused' in order) await group.refused(now);
    else if ('tended' in order) {
      await group.tended(now, order.tended.sequence, order.tended.epoch);
      this.#tell({ next: true });
    } else {
      await group.hear(now, order.notice);
      if (order.notice.knocks) this.#tell({ next: true });
    }
  }

  /** Passes on what is to be asked, and agrees with what is known now. */
  async #done(): Promise<void> {
    const group = this.#group;
    if (!group) return;
    for (const ask of group.take()) this.#tell({ ask });
    this.#wake(group);
    if (this.#waiting > 0) return; // there is more to come
    const state = await group.state();
    this.#state = state;
    await this.#stage?.agree(state);
    void this.#writing.take(async () => {
      const now = this.#now();
      for (const word of (await this.#desk?.reader.agree(now, state.epochs)) ?? []) {
        this.#tell({ word });
      }
    });
    this.#show();
  }

  #wake(group: Group): void {
    clearTimeout(this.#due);
    const { due } = group;
    if (due === undefined) return;
    const wait = Math.min(Math.max(due - this.#now(), 0), dueMax);
    this.#due = setTimeout(() => {
      this.#waiting++;
      void this.#turns.take(async () => {
        await group.tick(this.#now());
        this.#waiting--;
        await this.#done();
      });
    }, wait);
  }

  // --- what is said ---

  /**
   * A frame of one's own on its way to a connection, sealed. Nothing, when it must
   * not be sent, or one speaks by another connection. Whichever connection it goes by, frames are sealed one after the
   * other and their numbers go on: none is used twice.
   */
  seal(connection: number, frame: Frame): Promise<Bytes | undefined> {
    return this.#saying.take(async () => {
      if (connection !== this.#by) return undefined;
      if (connection !== this.#saidBy) {
        this.#saidBy = connection;
        this.#sayings = new Sayings(); // its clock is another one, so that nothing is a copy
        this.#stage?.repeat();
      }
      const { types, repeat } = this.#speech;
      const said = this.#sayings.next(frame, types, repeat);
      if (!said) return undefined;
      const proofs = repeat.length > 0 ? repeatsMax : 0;
      return this.#stage?.seal(this.#now(), said.payload, said.redundant, proofs);
    });
  }

  /** A frame that has come in a slot of a connection. Nothing: it is not played. */
  async open(
    { slot, connection }: { slot: number; connection: number },
    { data, type }: Frame,
  ): Promise<Opening | undefined> {
    const heard = await this.#stage?.open(this.#now(), data, connection);
    if (!heard) return undefined;
    const { who } = heard;
    const before = this.#heard.get(slot);
    if (before?.who !== who || before.connection !== connection) {
      this.#heard.set(slot, { connection, slot, who });
      this.#tell({ heard: { connection, slot, who } });
    }
    if (this.#spared.has(who)) return undefined; // it can be reported, and is not heard
    const opened = played(heard, type, this.#speech.types);
    if (!opened) return undefined;
    // Those on the stage talk with one another, and cannot wait.
    const waits = this.#state?.proven && !this.#stage?.isUp;
    return { data: opened, wait: waits ? proofWait : 0, isProven: heard.isProven };
  }

  // --- what is written ---

  /** Seals a text; it may be that there is no secret yet. */
  #write(ask: number, text: string): Promise<void> {
    return this.#writing.take(async () => {
      const epochs = this.#state?.epochs ?? [];
      const sealed = await this.#desk?.writer.seal(this.#now(), epochs, text);
      this.#tell({ written: { ask, sealed: sealed && toText(sealed) } });
    });
  }

  /** Opens what somebody has written. What does not hold is not told. */
  #read({ n, who, name, sealed }: Passed): Promise<void> {
    return this.#writing.take(async () => {
      const id = parseID(who);
      const bytes = fromText(sealed);
      const word = id && (await this.#desk?.reader.read(this.#now(), { n, who, name }, id, bytes));
      if (word) this.#tell({ word });
    });
  }

  // --- what is reported ---

  /** A report, sealed. Nothing, when there is nothing to show. */
  async #report({ who, pieces, text, moderators }: Showing): Promise<Bytes | undefined> {
    const shown = this.#stage?.show(pieces);
    const about = { room: parseID(this.#room), who: parseID(who) };
    if (!shown || !about.room || !about.who) return undefined;
    const time = Math.floor(this.#now());
    const report = writeReport({ room: about.room, who: about.who, time, text }, shown);
    return sealReport(report, moderators);
  }

  // --- what a person may know ---

  #show(): void {
    const lock = lockOf(this.#state, this.#stage?.trust(this.#now()));
    const shown = JSON.stringify(lock);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#tell({ lock });
  }
}

function lockOf(state: State | undefined, trusts: Map<string, Trust> | undefined): Lock {
  const sealed = state !== undefined && state.epoch > 0;
  return {
    state: sealed ? 'sealed' : 'waiting',
    epoch: state?.epoch ?? 0,
    since: sealed && state.since !== undefined ? new Date(state.since) : undefined,
    holders: sealed ? state.holders : 0,
    steward: state?.steward,
    tending: state?.tending ?? false,
    proven: state?.proven ?? false,
    code: state?.code ?? '',
    voices: (state?.roster ?? []).map(({ who, device }) => ({
      ...{ who, device: toText(device), trust: trusts?.get(who) ?? 'unheard' },
    })),
  };
}
