import { type ReadonlySignal, signal } from '@preact/signals-core';
import { type Manner, spoken, typesOf } from './answer.ts';
import { asStoaError, StoaError } from './error.ts';
import type { Types } from './keys/frames.ts';
import { Patience } from './patience.ts';
import type { Sealing } from './sealing.ts';

/** The node carries so many voices to one listener at once. */
export const slotCount = 8;

const lostAfter = 2_000; // ms of "disconnected" before a new connection is made
const retryAfter = 2_000; // ms between attempts that the node refused
const levelEvery = 67; // ms: fifteen times a second
const countEvery = 1_000; // ms between looks at what is lost
const floorDB = -55; // a level of 0
const ceilingDB = -15; // a level of 1

/** `refused`: the node cannot answer this browser's offer; trying again would not help. */
export type MediaState = 'new' | 'connecting' | 'connected' | 'lost' | 'refused';

export interface Levels {
  /** 0 to 1, for each slot. */
  slots: number[];
  microphone: number;
}

/**
 * The media connection of a seat: one RTCPeerConnection with the microphone
 * and eight slots, as docs/protocol/media.md describes it. It is offered once
 * and never renegotiated with the node; when it is lost, a new one takes its
 * place. Each slot
 * plays on an audio element of its own, and its level is measured beside that,
 * so that what is heard never passes through Web Audio.
 */
export class Media {
  readonly state: ReadonlySignal<MediaState>;
  /** The browser wants a tap before it plays sound; `start` is to be called from it. */
  readonly blocked: ReadonlySignal<boolean>;
  readonly #state = signal<MediaState>('new');
  readonly #blocked = signal(false);
  readonly #sealing: Sealing;
  readonly #exchange: (offer: string) => Promise<string>;
  readonly #heard: (levels: Levels) => void;
  readonly #meters = new Meters();
  readonly #players: HTMLAudioElement[] = [];
  readonly #levelTimer: ReturnType<typeof setInterval>;
  readonly #countTimer: ReturnType<typeof setInterval>;
  #patience = new Map<RTCRtpReceiver, Patience>();
  #manner: Manner = { frameMS: 20, repeat: [], even: false };
  #applied: { answer: string; types: Types; how: Manner } | undefined;
  #applying: Promise<void> = Promise.resolve();
  #peer: RTCPeerConnection | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #track: MediaStreamTrack | undefined;
  #asking: Promise<void> | undefined;
  #open = false;
  #device: string | undefined;
  #stopped = false;

  /** `exchange` brings an SDP offer to the node and its answer back. */
  constructor(
    sealing: Sealing,
    exchange: (offer: string) => Promise<string>,
    heard: (levels: Levels) => void,
    device?: string,
  ) {
    this.state = this.#state;
    this.blocked = this.#blocked;
    this.#sealing = sealing;
    this.#exchange = exchange;
    this.#heard = heard;
    this.#device = device;
    for (let i = 0; i < slotCount; i++) this.#players.push(document.createElement('audio'));
    this.#levelTimer = setInterval(() => this.#measure(), levelEvery);
    this.#countTimer = setInterval(() => void this.#wait(), countEvery);
  }

  /** Ends the connection and gives the microphone back. */
  stop(): void {
    this.#stopped = true;
    clearInterval(this.#levelTimer);
    clearInterval(this.#countTimer);
    this.lose();
    this.releaseMicrophone();
    this.#meters.stop();
    for (const player of this.#players) player.srcObject = null;
  }

  /** Closes what there is; `connect` makes it new. */
  lose(): void {
    clearTimeout(this.#timer);
    if (this.#peer) this.#peer.onconnectionstatechange = null;
    this.#peer?.close();
    this.#peer = undefined;
    this.#applied = undefined;
    this.#patience.clear();
    this.#state.value = 'lost';
  }

  /** Makes the connection, unless it is up or on its way. */
  async connect(): Promise<void> {
    if (this.#peer || this.#stopped) return;
    clearTimeout(this.#timer);
    this.#state.value = 'connecting';
    const peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require' });
    this.#peer = peer;
    peer.onconnectionstatechange = () => this.#changed(peer);
    try {
      // The transforms at once: a browser lets them in later, and has them do nothing.
      const microphone = peer.addTransceiver('audio', { direction: 'sendrecv' });
      microphone.sender.transform = this.#sealing.transform({ speaks: true });
      for (let slot = 0; slot < slotCount; slot++) {
        const { receiver } = peer.addTransceiver('audio', { direction: 'recvonly' });
        receiver.transform = this.#sealing.transform({ slot });
        this.#play(slot, receiver.track);
      }
      await microphone.sender.replaceTrack(this.#track ?? null);
      await peer.setLocalDescription(await peer.createOffer());
      const answer = await this.#exchange(peer.localDescription?.sdp ?? '');
      if (peer !== this.#peer) return;
      const types = typesOf(answer);
      const how = this.#manner;
      await peer.setRemoteDescription({ type: 'answer', sdp: spoken(answer, how, types.red) });
      if (peer !== this.#peer) return;
      this.#applied = { answer, types, how };
      this.speak(this.#manner); // it may have changed meanwhile
    } catch (thrown) {
      if (peer === this.#peer) this.#refused(asStoaError(thrown));
    }
  }

  /** Speaks in this manner from now on. Nothing that is heard breaks off. */
  speak(manner: Manner): void {
    this.#manner = manner;
    const { types } = this.#applied ?? {};
    const { frameMS, repeat } = manner;
    if (types) this.#sealing.speak({ types, frameMS, repeat });
    this.#applying = this.#applying.then(() => this.#reframe());
  }

  /** Plays what the browser has held back. To be called from a tap. */
  async start(): Promise<void> {
    this.#meters.resume();
    await Promise.all(this.#players.map((player) => player.play()));
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
    this.#sender()
      ?.replaceTrack(null)
      .catch(() => {}); // the connection may be closed already
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
    return this.#peer?.getStats();
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
    await this.#sender()?.replaceTrack(track);
  }

  /**
   * Gives the browser the node's answer once more, with packets of another
   * kind. The node has no part in it.
   */
  async #reframe(): Promise<void> {
    const how = this.#manner;
    const [peer, applied] = [this.#peer, this.#applied];
    if (!peer || !applied) return;
    if (applied.how.frameMS === how.frameMS && applied.how.even === how.even) return;
    try {
      await peer.setLocalDescription(await peer.createOffer());
      const sdp = spoken(applied.answer, how, applied.types.red);
      await peer.setRemoteDescription({ type: 'answer', sdp });
      applied.how = how;
    } catch {
      if (peer === this.#peer) this.#renew(); // half a change is no connection
    }
  }

  /** Has each receiver wait for what is missing, as long as it takes. */
  async #wait(): Promise<void> {
    const { frameMS, repeat } = this.#manner;
    const farthest = this.#applied?.types.red ? Math.max(0, ...repeat) * frameMS : 0;
    if (farthest === 0 && this.#patience.size === 0) return;
    const peer = this.#peer;
    const counts = new Map<string, RTCInboundRtpStreamStats>();
    for (const entry of (await peer?.getStats())?.values() ?? []) {
      if (entry.type === 'inbound-rtp') counts.set(entry.mid, entry);
    }
    if (!peer || peer !== this.#peer) return;
    for (const { mid, receiver } of peer.getTransceivers()) {
      const counted = counts.get(mid ?? '');
      if (!counted) continue;
      const patience = this.#patience.get(receiver) ?? new Patience();
      this.#patience.set(receiver, patience);
      receiver.jitterBufferTarget = patience.target(Date.now(), counted, farthest);
    }
    if (farthest === 0) this.#patience.clear();
  }

  #sender(): RTCRtpSender | undefined {
    return this.#peer?.getTransceivers()[0]?.sender;
  }

  #play(slot: number, track: MediaStreamTrack): void {
    this.#meters.set(slot, track);
    const player = this.#players[slot];
    if (!player) return;
    player.srcObject = new MediaStream([track]);
    player.play().catch((thrown: unknown) => {
      // Any other failure means that a newer connection took the player over.
      if (thrown instanceof DOMException && thrown.name === 'NotAllowedError') {
        this.#blocked.value = true;
      }
    });
  }

  #changed(peer: RTCPeerConnection): void {
    if (peer !== this.#peer) return;
    clearTimeout(this.#timer);
    switch (peer.connectionState) {
      case 'connected':
        this.#state.value = 'connected';
        break;
      case 'disconnected':
        this.#timer = setTimeout(() => this.#renew(), lostAfter);
        break;
      case 'failed':
        this.#renew();
        break;
    }
  }

  #renew(): void {
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
      slots: this.#players.map((_, slot) => this.#meters.level(slot)),
      microphone: this.#meters.level('microphone'),
    });
  }
}

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
