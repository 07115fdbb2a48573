import { type ReadonlySignal, signal } from '@preact/signals-core';
import { asStoaError } from './error.ts';
import type { Request } from './keys/asking.ts';
import type { Device, Scene, Visit } from './keys/group.ts';
import type { Order, Passed, Report, Showing, Speech } from './keys/keeper.ts';
import type { Piece } from './keys/ring.ts';
import type { Word } from './keys/words.ts';
import type { Tick, Way } from './keys.worker.ts';
import { type Lock, waiting } from './lock.ts';
import type { Answer, Notice, Requests } from './protocol.ts';

const heardMax = 64; // slots, of connections that may be over

type Ask = <K extends keyof Requests>(kind: K, body: Requests[K]) => Promise<Answer<K>>;

/**
 * The page's side of the worker that keeps the keys: brings it what the node
 * says, asks the node what it wants to know, and shows how the room is sealed.
 * No secret comes here.
 */
export class Sealing {
  readonly lock: ReadonlySignal<Lock>;
  readonly #lock = signal<Lock>(waiting);
  readonly #ask: Ask;
  readonly #read: (word: Word) => void;
  readonly #worker = new Worker(new URL('./keys.worker.js', import.meta.url), { type: 'module' });
  readonly #heard = new Map<string, string>();
  readonly #asked = new Map<number, (told: Report) => void>();
  #tick = () => {};
  #asks = 0;
  #begun: Promise<void> | undefined;
  #scene: Scene = { stage: [], closed: false, proven: false };

  /** `read` is told what others write, and what oneself has written. */
  constructor(ask: Ask, read: (word: Word) => void) {
    this.lock = this.#lock;
    this.#ask = ask;
    this.#read = read;
    this.#worker.onmessage = ({ data }: MessageEvent<Report | Tick>) => this.#told(data);
  }

  /** Ends it, and all keys with it. */
  stop(): void {
    this.#worker.terminate();
    this.#lock.value = waiting;
  }

  /** What passes one's own voice, or what comes in a slot, through the worker. */
  transform(way: Way): RTCRtpScriptTransform {
    return new RTCRtpScriptTransform(this.#worker, way);
  }

  /** One is seated, for the first time or again. */
  entered(visit: Omit<Visit, 'device'>, device: () => Promise<Device>): void {
    this.#begun ??= device().then((device) => {
      this.#worker.postMessage({ visit: { ...visit, device } } satisfies Order);
    });
    this.#order({ entered: true });
    this.#order({ scene: this.#scene });
  }

  /** Says what the room is like now. */
  see(scene: Scene): void {
    if (JSON.stringify(scene) === JSON.stringify(this.#scene)) return;
    this.#scene = scene;
    this.#order({ scene });
  }

  /** Takes in what the node says, if it is about keys. */
  hear({ announce, letter, knocks, untended }: Notice): void {
    if (announce) this.#order({ notice: { announce } });
    else if (letter) this.#order({ notice: { letter } });
    else if (knocks) this.#order({ notice: { knocks } });
    else if (untended) this.#order({ notice: { untended } });
  }

  /** Takes in what somebody has written. */
  hearSaid({ n, who, name, sealed }: Passed): void {
    this.#order({ said: { n, who, name, sealed } });
  }

  /** A text, sealed. Nothing, while there is no secret. */
  async write(text: string): Promise<string | undefined> {
    const told = await this.#answer((ask) => ({ write: { ask, text } }));
    return 'written' in told ? told.written.sealed : undefined;
  }

  /** Speaks in this manner from now on. */
  speak(speech: Speech): void {
    this.#worker.postMessage({ speech } satisfies Order);
  }

  /** Plays no voice of these people from now on. */
  spare(who: readonly string[]): void {
    this.#worker.postMessage({ spare: who } satisfies Order);
  }

  /** Speaks by this connection from now on; what goes to others is not sent. */
  speakBy(connection: number): void {
    this.#worker.postMessage({ by: connection } satisfies Order);
  }

  /** Whose voice was heard last in a slot of a connection, as their seal says. */
  heardIn(connection: number, slot: number): string | undefined {
    return this.#heard.get(`${connection} ${slot}`);
  }

  /** Ticks every so many milliseconds from now on, also in a page that is hidden. */
  tick(every: number, tick: () => void): void {
    this.#tick = tick;
    this.#worker.postMessage({ tick: every } satisfies Tick);
  }

  /** What can be reported of a voice, the newest last. It stays so until it is asked again. */
  async hold(who: string): Promise<Piece[]> {
    const told = await this.#answer((ask) => ({ hold: { ask, who } }));
    return 'held' in told ? told.held.pieces : [];
  }

  /** A report of what is held, sealed to moderators. Nothing, when there is none. */
  async show(what: Showing): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const told = await this.#answer((ask) => ({ show: { ask, what } }));
    return 'sealed' in told ? told.sealed.report : undefined;
  }

  #answer(order: (ask: number) => Order): Promise<Report> {
    const ask = ++this.#asks;
    return new Promise((resolve) => {
      this.#asked.set(ask, resolve);
      this.#worker.postMessage(order(ask));
    });
  }

  #answered(ask: number, told: Report): void {
    this.#asked.get(ask)?.(told);
    this.#asked.delete(ask);
  }

  /** In the order in which they are given; before there is a visit there is nobody to be told. */
  #order(order: Order): void {
    void this.#begun?.then(() => this.#worker.postMessage(order));
  }

  #told(report: Report | Tick): void {
    if ('tick' in report) this.#tick();
    else if ('ask' in report) void this.#request(report.ask);
    else if ('next' in report)
      this.#ask('next_knocks', {}).catch(() => {}); // it tends no more
    else if ('lock' in report) this.#lock.value = report.lock;
    else if ('heard' in report) this.#hear(report.heard);
    else if ('held' in report) this.#answered(report.held.ask, report);
    else if ('sealed' in report) this.#answered(report.sealed.ask, report);
    else if ('written' in report) this.#answered(report.written.ask, report);
    else if ('word' in report) this.#read(report.word);
    else if ('failed' in report) throw new Error(report.failed);
  }

  #hear({ connection, slot, who }: { connection: number; slot: number; who: string }): void {
    this.#heard.set(`${connection} ${slot}`, who);
    if (this.#heard.size > heardMax) this.#heard.delete(this.#heard.keys().next().value ?? '');
  }

  async #request(request: Request): Promise<void> {
    try {
      if ('knock' in request) await this.#ask('knock', request.knock);
      else if ('announce' in request) await this.#ask('announce', request.announce);
      else if ('letters' in request) await this.#ask('letters', request.letters);
      else this.#order({ tended: await this.#ask('tend', request.tend) });
    } catch (thrown) {
      const { code } = asStoaError(thrown);
      // Whoever comes back begins anew; a knock is repeated when it is time.
      if (code !== 'offline' && !('knock' in request)) this.#order({ refused: true });
    }
  }
}
