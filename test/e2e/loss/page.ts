// Runs in the browser: a speaker and listeners of one room, each with a
// connection of its own, and one recorder for all, so that what was said and
// what was heard are on the same clock.
import { connect, House } from '@stoa/client';
import { Seat } from '@stoa/client/seat';

/** How a connection is made: where it goes, and what it can. */
interface Way {
  /** The address of the line to take, `HOST:PORT`; the node's own if absent. */
  line?: string;
  /** It asks again for what is missing. */
  nack: boolean;
  /** It understands RED. */
  red: boolean;
}

const house = new House(location.href);
const context = new AudioContext({ sampleRate: 48000 });
const tape = context.audioWorklet.addModule('/loss/tape.js').then(() => {
  const node = new AudioWorkletNode(context, 'tape', { numberOfInputs: 8, numberOfOutputs: 1 });
  node.connect(context.destination); // silence, but it keeps the recorder awake
  return node;
});

const seats = new Map<string, { seat: Seat; peer: RTCPeerConnection; stop(): void }>();
let way: Way = { nack: true, red: true }; // of the connection that is made now
let made: RTCPeerConnection | undefined;

window.RTCPeerConnection = class extends RTCPeerConnection {
  readonly #way = way;
  constructor(...args: ConstructorParameters<typeof RTCPeerConnection>) {
    super(...args);
    made = this;
  }
  override setLocalDescription(offer: RTCSessionDescriptionInit) {
    const sdp = this.#way.red ? offer.sdp : withoutRED(offer.sdp ?? '');
    return super.setLocalDescription({ ...offer, ...(sdp ? { sdp } : {}) });
  }
  override setRemoteDescription(answer: RTCSessionDescriptionInit) {
    let sdp = answer.sdp ?? '';
    const [host, port] = this.#way.line?.split(':') ?? [];
    if (host) sdp = sdp.replace(/^(a=candidate:.* udp \d+) \S+ \d+ /gm, `$1 ${host} ${port} `);
    if (!this.#way.nack) sdp = sdp.replace(/^a=rtcp-fb:.*\r\n/gm, '');
    return super.setRemoteDescription({ type: 'answer', sdp });
  }
} as typeof RTCPeerConnection;

function withoutRED(sdp: string): string {
  const type = /^a=rtpmap:(\d+) red\//m.exec(sdp)?.[1];
  if (!type) return sdp;
  return sdp
    .replace(new RegExp(`^a=(rtpmap|fmtp|rtcp-fb):${type} .*\\r\\n`, 'gm'), '')
    .replace(/^m=audio.*$/gm, (media) => media.replace(` ${type}`, ''));
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what: string, is: () => boolean): Promise<void> {
  for (let n = 0; !is(); n++) {
    if (n > 500) throw new Error(`waited too long for ${what}`);
    await sleep(20);
  }
}

async function sit(name: string, room: string, grant: string, by: Way): Promise<Seat> {
  way = by;
  const live = connect(house);
  const seat = await Seat.take(live, room, () => Promise.resolve(grant));
  await until(`${name}'s media`, () => seat.media.value === 'connected');
  const peer = made;
  if (!peer) throw new Error('no connection was made');
  seats.set(name, { seat, peer, stop: () => live.stop() });
  await context.resume();
  return seat;
}

/** Has a track recorded at an input, and returns how to end that. */
async function plug(input: number, track: MediaStreamTrack | null | undefined) {
  if (!track) throw new Error('there is no track');
  const source = context.createMediaStreamSource(new MediaStream([track]));
  source.connect(await tape, 0, input);
  return () => source.disconnect();
}

async function counted(name: string): Promise<Record<string, number>> {
  const entry = seats.get(name);
  const out: Record<string, number> = {};
  const mid = entry?.peer.getTransceivers()[1]?.mid;
  for (const report of (await entry?.peer.getStats())?.values() ?? []) {
    if (report.type !== 'inbound-rtp' || report.mid !== mid) continue;
    for (const [key, value] of Object.entries(report)) {
      if (typeof value === 'number') out[key] = value;
    }
  }
  return out;
}

const bench = {
  /** Comes in and speaks. */
  async speak(room: string, grant: string): Promise<void> {
    const seat = await sit('speaker', room, grant, way);
    await seat.unmute();
    await until('the microphone', () => seat.onAir.value);
  },

  async listen(name: string, room: string, grant: string, by: Way): Promise<void> {
    const seat = await sit(name, room, grant, by);
    await until('a voice', () => seat.voices.value.size > 0);
  },

  /** Records what is said and what each listener hears: 16-bit samples by name, in base64. */
  async record(names: string[], seconds: number) {
    const tracks: [string, MediaStreamTrack | null | undefined][] = names.map((name) => {
      const transceivers = seats.get(name)?.peer.getTransceivers();
      const track =
        name === 'speaker' ? transceivers?.[0]?.sender.track : transceivers?.[1]?.receiver.track;
      return [name, track];
    });
    const ends = await Promise.all(tracks.map(([, track], input) => plug(input, track)));
    await sleep(300);
    const before = await Promise.all(names.map(counted));
    const node = await tape;
    node.port.postMessage(names.length);
    await sleep(seconds * 1000);
    const parts = await new Promise<Int16Array[]>((resolve) => {
      node.port.onmessage = ({ data }) => resolve(data);
      node.port.postMessage(0);
    });
    for (const end of ends) end();
    const after = await Promise.all(names.map(counted));
    return names.map((name, i) => {
      const counts: Record<string, number> = {};
      for (const [key, value] of Object.entries(after[i] ?? {})) {
        counts[key] = value - (before[i]?.[key] ?? 0);
      }
      const samples = parts[i];
      return { name, samples: samples ? base64(new Uint8Array(samples.buffer)) : '', counts };
    });
  },

  /** How long each of somebody's receivers is to wait, and what the microphone sends. */
  async look(name: string) {
    const entry = seats.get(name);
    const target = entry?.peer.getTransceivers()[1]?.receiver.jitterBufferTarget;
    let sent = {};
    for (const report of (await entry?.peer.getStats())?.values() ?? []) {
      if (report.type !== 'outbound-rtp') continue;
      const codec = (await entry?.peer.getStats())?.get(report.codecId);
      sent = { packets: report.packetsSent, bytes: report.bytesSent, codec: codec?.mimeType };
    }
    return { target, sent };
  },

  async leave(name: string): Promise<void> {
    const entry = seats.get(name);
    seats.delete(name);
    await entry?.seat.leave();
    entry?.stop();
  },
};
export type Bench = typeof bench;
Object.assign(window, { bench });

function base64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 32768) {
    text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  }
  return btoa(text);
}
