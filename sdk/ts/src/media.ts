import { type ReadonlySignal, signal } from '@preact/signals-core';
import type { Manner } from './answer.ts';
import { Connection, slotCount } from './connection.ts';
import { asStoaError, StoaError } from './error.ts';
import type { NodeAt } from './http.ts';
import { nearest } from './nearest.ts';
import type { Move } from './protocol.ts';
import type { Sealing } from './sealing.ts';
import { alternates, Bearing, following, hesitate, lookEvery, nameOf } from './watch.ts';

const lostAfter = 2_000; // ms of "disconnected" before a new connection is made
const retryAfter = 2_000; // ms between attempts that the node refused
const comesUpWithin = 5_000; // ms for a connection beside the one that there is
const standbyAgain = 5_000; // ms between attempts to have one ready
const standbyBears = 3_000; // ms of silence of one that is
const settleAfter = 250; // ms from when the owner of the room has agreed until all nodes know
const lingerFor = 1_000; // ms for which what is under way is still played
const levelEvery = 67; // ms: fifteen times a second
const countEvery = 1_000; // ms between looks at what is lost
const floorDB = -55; // a level of 0
const ceilingDB = -15; // a level of 1

/** `refused`: the node cannot answer this browser's offer; trying again would not help. */
export type MediaState = 'new' | 'connecting' | 'connected' | 'lost' | 'refused';

export interface Levels {
  /** Whose slots they are. */
  connection: number;
  /** 0 to 1, for each slot. */
  slots: number[];
  microphone: number;
}

/** What is asked of the node that we are connected with. A node is named; '' is itself. */
export interface Exchange {
  /** Brings an SDP offer to a node and its answer back. */
  offer(sdp: string, at: string, standby: boolean): Promise<string>;
  /** Has the media where they stand by. */
  switch(at: string): Promise<unknown>;
  /** Gives the standby up. */
  release(): Promise<unknown>;
}

/**
 * The media of a seat. One connection is heard and speaks; when its node falls
 * silent, is about to stop or is lost, another takes its place. Those on the stage
 * have one ready at another node, and switch to it at once. Each slot plays on an
 * audio element of its own, and its level is measured beside that, so that what is
 * heard never passes through Web Audio.
 */
export class Media {
  readonly state: ReadonlySignal<MediaState>;
  /** The browser wants a tap before it plays sound; `start` is to be called from it. */
  readonly blocked: ReadonlySignal<boolean>;
  readonly #state = signal<MediaState>('new');
  readonly #blocked = signal(false);
  readonly #sealing: Sealing;
  readonly #exchange: Exchange;
  readonly #heard: (levels: Levels) => void;
  readonly #meters = new Meters();
  // Two sets: while one connection follows another, both are heard.
  readonly #players: [HTMLAudioElement[], HTMLAudioElement[]] = [[], []];
  readonly #levelTimer: ReturnType<typeof setInterval>;
  readonly #countTimer: ReturnType<typeof setInterval>;
  readonly #bearing = new Bearing();
  #front: 0 | 1 = 0; // which players are the connection's
  #manner: Manner = { frameMS: 20, repeat: [], even: false };
  #nodes: readonly NodeAt[] = []; // where connections may be
  #at: string | undefined; // where it is; '' is the one that we are connected with
  #numbers = 0;
  #connection: Connection | undefined; // that is heard and speaks
  #former: Connection | undefined; // what was under way is still heard by it
  #standby: Connection | undefined; // is ready, or is being made so
  #coming: Connection | undefined; // is about to be the one that is heard
  #standbyAt = 0; // not before, in ms
  #tried: string | undefined; // where the last standby was
  #replacing = false;
  #looking = false;
  #onStage = false;
  #every = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lingering: ReturnType<typeof setTimeout> | undefined;
  #track: MediaStreamTrack | undefined;
  #asking: Promise<void> | undefined;
  #open = false;
  #device: string | undefined;
  #stopped = false;

  constructor(
    sealing: Sealing,
    exchange: Exchange,
    heard: (levels: Levels) => void,
    device?: string,
  ) {
    this.state = this.#state;
    this.blocked = this.#blocked;
    this.#sealing = sealing;
    this.#exchange = exchange;
    this.#heard = heard;
    this.#device = device;
    for (const set of this.#players) {
      for (let i = 0; i < slotCount; i++) set.push(document.createElement('audio'));
    }
    this.#levelTimer = setInterval(() => this.#measure(), levelEvery);
    this.#countTimer = setInterval(() => void this.#connection?.wait(), countEvery);
    this.stand(false);
  }

  /** Ends the connection and gives the microphone back. */
  stop(): void {
    this.#stopped = true;
    clearInterval(this.#levelTimer);
    clearInterval(this.#countTimer);
    this.lose();
    this.releaseMicrophone();
    this.#meters.stop();
    for (const player of this.#players.flat()) player.srcObject = null;
  }

  /** Closes what there is; `connect` makes it new. */
  lose(): void {
    clearTimeout(this.#timer);
    this.#connection?.close();
    this.#connection = undefined;
    this.#drop();
    this.#retire();
    this.#state.value = 'lost';
  }

  /** Says at which nodes connections may be, in the order in which they are turned to. */
  find(nodes: readonly NodeAt[]): void {
    this.#nodes = nodes;
    if (this.#at && !nodes.some(({ id }) => id === this.#at)) this.#at = undefined;
    this.#pace();
  }

  /** Whether one is on the stage: then a connection is kept ready at another node. */
  stand(onStage: boolean): void {
    this.#onStage = onStage;
    if (!onStage) this.#drop(); // the owner of the room does so, too
    this.#pace();
  }

  /** Has the node looked at as often as it matters: not at all where it is the only one. */
  #pace(): void {
    let every = 0;
    if (this.#nodes.length > 1) every = this.#onStage ? lookEvery.stage : lookEvery.audience;
    if (every === this.#every) return;
    this.#every = every;
    this.#sealing.tick(every, () => void this.#look());
  }

  /** The owner of the room has the media be at another node. */
  move({ at, why }: Move): void {
    const standby = this.#standby;
    if (why === 'leaving') {
      // The other comes first, and there is no gap.
      if (standby?.isUp) void this.#hand(standby);
      else void this.#replace(at);
      return;
    }
    if (why === 'switched') {
      const here = this.#connection;
      if (here && nameOf(this.#nodes, here.at) === at) return;
      if (standby?.isUp && nameOf(this.#nodes, standby.at) === at) {
        this.#turn(standby);
        return;
      }
    }
    if (this.#replacing && why !== 'outside') return; // we have noticed, too
    // It may be gone for the owner of the room only.
    if (why === 'gone' && this.#connection?.isUp) void this.#replace(at);
    else this.#renew(at);
  }

  /** Makes the connection, unless it is up or on its way. */
  async connect(): Promise<void> {
    if (this.#connection || this.#stopped) return;
    clearTimeout(this.#timer);
    this.#state.value = 'connecting';
    const connection = this.#make('');
    this.#connection = connection;
    this.#sealing.speakBy(connection.number);
    this.#play(connection);
    await connection.send(this.#track);
    const problem = await connection.make((sdp) => this.#offer(connection, sdp));
    if (problem && connection === this.#connection) this.#refused(problem);
  }

  /** Speaks in this manner from now on. Nothing that is heard breaks off. */
  speak(manner: Manner): void {
    this.#manner = manner;
    this.#connection?.speak(manner);
    this.#standby?.speak(manner);
  }

  /** Plays what the browser has held back. To be called from a tap. */
  async start(): Promise<void> {
    this.#meters.resume();
    await Promise.all(this.#players.flat().map((player) => player.srcObject && player.play()));
    this.#blocked.value = false;
  }

  /**
   * Asks the person for the microphone, if it is not at hand yet. It stays
   * closed until `setOpen`. Fails with `microphone_refused` or
   * `microphone_missing`.
   */
  prepareMicrophone(): Promise<void> {
    if (this.#track) return Promise.resolve();
    this.#asking ??= this.#capture().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  /** Stops capturing: the browser's sign that the microphone is used goes out. */
  releaseMicrophone(): void {
    if (!this.#track) return;
    this.#track.onended = null;
    this.#track.stop();
    this.#track = undefined;
    this.#meters.set('microphone', undefined);
    for (const one of [this.#connection, this.#coming]) {
      one?.send(undefined).catch(() => {}); // it may be closed already
    }
  }

  /** Lets the captured sound through, or holds it back. */
  setOpen(open: boolean): void {
    this.#open = open;
    if (this.#track) this.#track.enabled = open;
  }

  /** Captures from this device from now on. */
  async useMicrophone(device: string): Promise<void> {
    this.#device = device;
    if (!this.#track) return;
    this.releaseMicrophone();
    await this.prepareMicrophone();
  }

  /** What the browser counts on this connection. */
  async stats(): Promise<RTCStatsReport | undefined> {
    return this.#connection?.stats();
  }

  async #capture(): Promise<void> {
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: {
          echoCancellation: true,
          noiseSuppression: true,
          autoGainControl: true,
          ...(this.#device ? { deviceId: { ideal: this.#device } } : {}),
        },
      });
    } catch (thrown) {
      const refused = thrown instanceof DOMException && thrown.name === 'NotAllowedError';
      throw new StoaError({
        code: refused ? 'microphone_refused' : 'microphone_missing',
        title: refused ? 'The microphone was refused' : 'There is no microphone',
        status: 0,
      });
    }
    const track = stream.getAudioTracks()[0];
    if (!track || this.#stopped) {
      track?.stop();
      return;
    }
    track.enabled = this.#open;
    track.onended = () => this.releaseMicrophone(); // it was unplugged
    this.#track = track;
    this.#meters.set('microphone', track);
    await Promise.all([this.#connection?.send(track), this.#coming?.send(track)]);
  }

  #make(at: string): Connection {
    return new Connection(++this.#numbers, at, this.#sealing, this.#manner, (connection) =>
      this.#changed(connection),
    );
  }

  /**
   * Offers to the nearest node, or to the one that we were sent to; when it is
   * gone, to the others in turn, and last to the one that we are connected with.
   */
  async #offer(connection: Connection, sdp: string): Promise<string> {
    this.#at ??= await nearest(this.#nodes);
    const first = this.#at;
    for (const at of first ? [first, ...alternates(this.#nodes, first)] : []) {
      try {
        const answer = await this.#exchange.offer(sdp, at, false);
        connection.at = this.#at = at;
        return answer;
      } catch (thrown) {
        if (asStoaError(thrown).code !== 'no_node') throw thrown;
      }
    }
    connection.at = this.#at = '';
    return this.#exchange.offer(sdp, '', false);
  }

  // --- one connection after another ---

  /** Looks whether the node is still there. */
  async #look(): Promise<void> {
    const [connection, standby] = [this.#connection, this.#standby];
    if (this.#looking || !connection || connection.state === 'making') return;
    this.#looking = true;
    try {
      await Promise.all([connection.look(this.#every), standby?.isUp && standby.look(this.#every)]);
    } catch {
      return; // it was closed meanwhile
    } finally {
      this.#looking = false;
    }
    if (connection !== this.#connection || this.#replacing) return;
    this.#judge(connection, performance.now());
  }

  #judge(connection: Connection, now: number): void {
    const standby = this.#standby;
    const bears = this.#bearing.of(now, this.#onStage);
    if (connection.watch.silence < bears) {
      if (standby && standby.watch.silence > standbyBears) this.#drop();
      else if (connection.isUp) void this.#prepare(now);
      return;
    }
    if (!standby?.isUp) {
      if (!this.#onStage && !connection.watch.isLively(now)) return;
      if (alternates(this.#nodes, this.#at ?? '').length > 0) void this.#replace();
      return;
    }
    // When both are silent, it is our own line, and no node would be better.
    if (standby.watch.silence >= bears) return;
    this.#bearing.switched(now);
    this.#turn(standby);
    this.#switch(standby).catch(() => this.#renew());
  }

  /** Has a connection ready at another node, for those on the stage. */
  async #prepare(now: number): Promise<void> {
    const ranked = alternates(this.#nodes, this.#at ?? '');
    const at = following(ranked, this.#tried);
    if (!this.#onStage || this.#standby || at === undefined || now < this.#standbyAt) return;
    this.#standbyAt = now + standbyAgain;
    this.#tried = at;
    const standby = this.#make(at);
    this.#standby = standby;
    const problem = await standby.make((sdp) => this.#exchange.offer(sdp, at, true));
    if (standby !== this.#standby) standby.close();
    else if (problem || !(await standby.comesUp(comesUpWithin))) this.#drop(standby);
  }

  /** Has none ready any more. */
  #drop(standby = this.#standby): void {
    standby?.close();
    if (standby === this.#standby) this.#standby = undefined;
  }

  /**
   * Makes a connection beside the one that there is, and switches to it: at a node
   * that we are sent to, else at the first alternate that has one. If ours was only
   * silent, and is not any more, it stays.
   */
  async #replace(at?: string): Promise<void> {
    const before = this.#connection;
    if (!before || this.#replacing) return;
    this.#replacing = true;
    const bears = this.#bearing.of(performance.now(), this.#onStage);
    const isBetter = () => at === undefined && before.watch.silence < bears;
    try {
      if (at === undefined) {
        await pause(hesitate(this.#onStage, Math.random()));
        await before.look(this.#every).catch(() => {});
        if (isBetter() || before !== this.#connection) return;
      }
      const next = await this.#beside(at);
      if (before !== this.#connection) {
        next?.close();
      } else if (!next) {
        if (at === undefined) await pause(retryAfter);
        else this.#renew(at);
      } else if (isBetter()) {
        next.close();
        await this.#exchange.release();
      } else {
        await before.look(this.#every).catch(() => {});
        if (at !== undefined && before.watch.silence < this.#bearing.of(performance.now(), true)) {
          await this.#hand(next);
          return;
        }
        this.#bearing.switched(performance.now());
        this.#turn(next);
        await this.#switch(next);
      }
    } catch {
      if (!this.#stopped && this.#connection !== before) this.#renew(); // what was switched to is not ours
    } finally {
      this.#replacing = false;
    }
  }

  /** A connection that is up, at a node or at the first alternate that has one. */
  async #beside(at: string | undefined): Promise<Connection | undefined> {
    this.#drop();
    const ranked = alternates(this.#nodes, this.#at ?? '');
    const first = at === undefined ? [] : [at];
    for (const one of [...first, ...ranked.filter((node) => node !== at)].slice(0, 3)) {
      const next = this.#make(one);
      const problem = await next.make((sdp) => this.#exchange.offer(sdp, one, true));
      if (!problem && (await next.comesUp(comesUpWithin))) return next;
      next.close();
      if (problem && problem.code !== 'no_node') return undefined;
    }
    return undefined;
  }

  /** Hands over to a connection, from one that is still good: first all agree, then we speak by it. */
  async #hand(next: Connection): Promise<void> {
    const before = this.#connection;
    this.#standbyAt = performance.now() + standbyAgain;
    this.#replacing = true;
    this.#coming = next;
    try {
      await next.send(this.#track); // it is encoded for both, and sealed for one
      await this.#switch(next);
      if (before === this.#connection) {
        this.#retire();
        this.#play(next); // what comes by it is heard from now on
        await pause(settleAfter);
      }
      if (before === this.#connection) this.#turn(next, true);
      else next.close();
    } catch {
      this.#drop(next); // the next one who says so has it made anew
    } finally {
      this.#coming = undefined;
      this.#replacing = false;
    }
  }

  async #switch(next: Connection): Promise<void> {
    await this.#exchange.switch(next.at);
  }

  /** From now on another connection is the one that is heard and speaks. */
  #turn(next: Connection, plays = false): void {
    const before = this.#connection;
    clearTimeout(this.#timer);
    if (!plays) {
      this.#retire();
      this.#play(next);
    }
    this.#connection = next;
    if (this.#standby === next) this.#standby = undefined;
    this.#at = next.at;
    this.#state.value = 'connected';
    this.#sealing.speakBy(next.number); // and nothing is said twice
    before?.send(undefined).catch(() => {});
    if (!plays) next.send(this.#track).catch(() => {});
    next.speak(this.#manner);
    this.#former = before;
    this.#lingering = setTimeout(() => this.#retire(), lingerFor);
  }

  /** Ends what was still heard by a former connection. */
  #retire(): void {
    clearTimeout(this.#lingering);
    if (!this.#former) return;
    this.#former.close();
    this.#former = undefined;
    for (const player of this.#players[this.#front === 0 ? 1 : 0]) player.srcObject = null;
  }

  /** Plays a connection, on the elements that the one before does not have. */
  #play(connection: Connection): void {
    this.#front = this.#front === 0 ? 1 : 0;
    connection.tracks.forEach((track, slot) => {
      this.#meters.set(slot, track);
      const player = this.#players[this.#front][slot];
      if (!player) return;
      player.srcObject = new MediaStream([track]);
      player.play().catch((thrown: unknown) => {
        // Any other failure means that a newer connection took the player over.
        if (thrown instanceof DOMException && thrown.name === 'NotAllowedError') {
          this.#blocked.value = true;
        }
      });
    });
  }

  #changed(connection: Connection): void {
    if (connection === this.#standby && connection.state === 'failed') this.#drop();
    if (connection !== this.#connection) return;
    clearTimeout(this.#timer);
    switch (connection.state) {
      case 'up':
        this.#state.value = 'connected';
        break;
      case 'wavering':
        this.#timer = setTimeout(() => this.#renew(), lostAfter);
        break;
      case 'failed':
        this.#renew();
        break;
    }
  }

  /** Makes the connection anew, where it was or at another node. */
  #renew(at = this.#at): void {
    this.#at = at;
    this.lose();
    void this.connect();
  }

  #refused(problem: StoaError): void {
    this.lose();
    if (problem.code === 'bad_offer') this.#state.value = 'refused';
    // Without the live connection there is nobody to ask: whoever brings it
    // back connects the media too.
    else if (problem.code !== 'offline' && problem.code !== 'not_here') {
      this.#timer = setTimeout(() => void this.connect(), retryAfter);
    }
  }

  #measure(): void {
    if (document.hidden || this.#state.peek() !== 'connected') return;
    this.#heard({
      connection: this.#connection?.number ?? 0,
      slots: this.#players[0].map((_, slot) => this.#meters.level(slot)),
      microphone: this.#meters.level('microphone'),
    });
  }
}

const pause = (ms: number) => new Promise<void>((over) => setTimeout(over, ms));

interface Meter {
  source: MediaStreamAudioSourceNode;
  analyser: AnalyserNode;
}

/** Measures how loud tracks are. Nothing is heard through it. */
class Meters {
  readonly #meters = new Map<number | 'microphone', Meter>();
  readonly #samples = new Float32Array(2048);
  #context: AudioContext | undefined;

  set(key: number | 'microphone', track: MediaStreamTrack | undefined): void {
    this.#meters.get(key)?.source.disconnect();
    this.#meters.delete(key);
    if (!track) return;
    this.#context ??= new AudioContext();
    const source = this.#context.createMediaStreamSource(new MediaStream([track]));
    const analyser = this.#context.createAnalyser();
    analyser.fftSize = this.#samples.length;
    source.connect(analyser);
    this.#meters.set(key, { source, analyser });
    this.resume();
  }

  /** 0 is silence, 1 is loud. */
  level(key: number | 'microphone'): number {
    const meter = this.#meters.get(key);
    if (!meter) return 0;
    meter.analyser.getFloatTimeDomainData(this.#samples);
    let power = 0;
    for (const sample of this.#samples) power += sample * sample;
    const db = 10 * Math.log10(power / this.#samples.length);
    return Math.min(1, Math.max(0, (db - floorDB) / (ceilingDB - floorDB)));
  }

  /** A context made before the first tap sleeps until it is resumed. */
  resume(): void {
    if (this.#context?.state === 'suspended') this.#context.resume().catch(() => {});
  }

  stop(): void {
    for (const { source } of this.#meters.values()) source.disconnect();
    this.#meters.clear();
    this.#context?.close().catch(() => {});
    this.#context = undefined;
  }
}
