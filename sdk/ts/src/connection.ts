import { type Manner, spoken, typesOf } from './answer.ts';
import { asStoaError, type StoaError } from './error.ts';
import type { Types } from './keys/frames.ts';
import { Patience } from './patience.ts';
import type { Sealing } from './sealing.ts';
import { received, Watch } from './watch.ts';

/** The node carries so many voices to one listener at once. */
export const slotCount = 8;

/** What becomes of a connection; one after the other, `up` and `wavering` to and fro. */
export type ConnectionState = 'making' | 'up' | 'wavering' | 'failed';

/**
 * One RTCPeerConnection with a node: the microphone and eight slots, as
 * docs/protocol/media.md describes it. It is offered once and never renegotiated
 * with the node. Which connection is the one that is heard, and when there is to
 * be another, is decided in media.ts.
 */
export class Connection {
  /** Later ones have greater numbers; by it the keys' worker tells them apart. */
  readonly number: number;
  /** The node: '' is the one that we are connected with. */
  at: string;
  /** Of the slots, in their order. */
  readonly tracks: MediaStreamTrack[] = [];
  readonly watch = new Watch();
  readonly #peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require' });
  readonly #microphone: RTCRtpTransceiver;
  readonly #sealing: Sealing;
  readonly #changed: (connection: Connection) => void;
  readonly #patience = new Map<RTCRtpReceiver, Patience>();
  #applied: { answer: string; types: Types; how: Manner } | undefined;
  #manner: Manner;
  #applying: Promise<void> = Promise.resolve();
  #all = false; // the statistics of one receiver do not say what has come
  #state: ConnectionState = 'making';
  #over = false;
  #settled = () => {};

  /** `changed` is told when the state is another one. */
  constructor(
    number: number,
    at: string,
    sealing: Sealing,
    manner: Manner,
    changed: (connection: Connection) => void,
  ) {
    this.number = number;
    this.at = at;
    this.#sealing = sealing;
    this.#manner = manner;
    this.#changed = changed;
    this.#peer.onconnectionstatechange = () => this.#look();
    // The transforms at once: a browser lets them in later, and has them do nothing.
    this.#microphone = this.#peer.addTransceiver('audio', { direction: 'sendrecv' });
    this.#microphone.sender.transform = sealing.transform({ speaks: true, connection: number });
    for (let slot = 0; slot < slotCount; slot++) {
      const { receiver } = this.#peer.addTransceiver('audio', { direction: 'recvonly' });
      receiver.transform = sealing.transform({ slot, connection: number });
      this.tracks.push(receiver.track);
    }
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get isUp(): boolean {
    return this.#state === 'up';
  }

  close(): void {
    this.#over = true;
    this.#settled();
    this.#peer.onconnectionstatechange = null;
    this.#peer.close();
    this.#patience.clear();
  }

  /** Makes the connection. `exchange` brings an offer to the node and its answer back. */
  async make(exchange: (offer: string) => Promise<string>): Promise<StoaError | undefined> {
    const peer = this.#peer;
    try {
      await peer.setLocalDescription(await peer.createOffer());
      const answer = await exchange(peer.localDescription?.sdp ?? '');
      if (this.#over) return undefined;
      const types = typesOf(answer);
      const how = this.#manner;
      await peer.setRemoteDescription({ type: 'answer', sdp: spoken(answer, how, types.red) });
      if (this.#over) return undefined;
      this.#applied = { answer, types, how };
      this.speak(this.#manner); // it may have changed meanwhile
      return undefined;
    } catch (thrown) {
      return this.#over ? undefined : asStoaError(thrown);
    }
  }

  /** Whether it comes up within so many milliseconds. */
  async comesUp(within: number): Promise<boolean> {
    if (this.#state === 'making') {
      await new Promise<void>((settled) => {
        this.#settled = settled;
        setTimeout(settled, within);
      });
    }
    return this.isUp && !this.#over;
  }

  /** Sends what this track captures, or nothing. */
  send(track: MediaStreamTrack | undefined): Promise<void> {
    return this.#microphone.sender.replaceTrack(track ?? null);
  }

  /** Speaks in this manner from now on. Nothing that is heard breaks off. */
  speak(manner: Manner): void {
    this.#manner = manner;
    const { types } = this.#applied ?? {};
    const { frameMS, repeat } = manner;
    if (types) this.#sealing.speak({ types, frameMS, repeat });
    this.#applying = this.#applying.then(() => this.#reframe());
  }

  /** Looks at what has come; it is called every so many milliseconds. */
  async look(every: number): Promise<void> {
    const [, slot] = this.#peer.getTransceivers();
    let count = this.#all ? undefined : received((await slot?.receiver.getStats())?.values() ?? []);
    if (count === undefined) {
      this.#all = true; // not every browser says it there
      count = received((await this.#peer.getStats()).values());
    }
    if (count !== undefined) this.watch.look(performance.now(), count, every);
  }

  stats(): Promise<RTCStatsReport> {
    return this.#peer.getStats();
  }

  /** Has each receiver wait for what is missing, as long as it takes. */
  async wait(): Promise<void> {
    const { frameMS, repeat } = this.#manner;
    const farthest = this.#applied?.types.red ? Math.max(0, ...repeat) * frameMS : 0;
    if (farthest === 0 && this.#patience.size === 0) return;
    const counts = new Map<string, RTCInboundRtpStreamStats>();
    for (const entry of (await this.stats()).values()) {
      if (entry.type === 'inbound-rtp') counts.set(entry.mid, entry);
    }
    if (this.#over) return;
    for (const { mid, receiver } of this.#peer.getTransceivers()) {
      const counted = counts.get(mid ?? '');
      if (!counted) continue;
      const patience = this.#patience.get(receiver) ?? new Patience();
      this.#patience.set(receiver, patience);
      receiver.jitterBufferTarget = patience.target(Date.now(), counted, farthest);
    }
    if (farthest === 0) this.#patience.clear();
  }

  /**
   * Gives the browser the node's answer once more, with packets of another
   * kind. The node has no part in it.
   */
  async #reframe(): Promise<void> {
    const how = this.#manner;
    const [peer, applied] = [this.#peer, this.#applied];
    if (this.#over || !applied) return;
    if (applied.how.frameMS === how.frameMS && applied.how.even === how.even) return;
    try {
      await peer.setLocalDescription(await peer.createOffer());
      const sdp = spoken(applied.answer, how, applied.types.red);
      await peer.setRemoteDescription({ type: 'answer', sdp });
      applied.how = how;
    } catch {
      if (!this.#over) this.#become('failed'); // half a change is no connection
    }
  }

  #look(): void {
    switch (this.#peer.connectionState) {
      case 'connected':
        this.#become('up');
        break;
      case 'disconnected':
        this.#become('wavering');
        break;
      case 'failed':
        this.#become('failed');
        break;
    }
  }

  #become(state: ConnectionState): void {
    this.#state = state;
    this.#settled();
    this.#changed(this);
  }
}
