// Runs in the browser: one seat, of the kit alone, without the app.
import { connect, House, type Live } from '@stoa/client';
import { Seat } from '@stoa/client/seat';
import type { Relay, Seen } from './tap.worker.ts';
import tapURL from './tap.worker.ts?worker&url';

const house = new House(location.href);
let live: Live | undefined;
let seat: Seat | undefined;
let made: RTCPeerConnection | undefined;
let worker: Worker | undefined;

/** Has somebody look at the worker of the keys, from the next seat on. */
let tapped = false;
const Plain = window.Worker;
window.Worker = class extends Plain {
  constructor(url: string | URL, options?: WorkerOptions) {
    super(tapped ? tapURL : url, options);
    if (tapped) worker = this;
  }
};

window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...args: ConstructorParameters<typeof RTCPeerConnection>) {
    super(...args);
    made = this;
  }
};

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const now = () => performance.timeOrigin + performance.now();

async function until<T>(what: string, is: () => T | Promise<T>): Promise<NonNullable<T>> {
  for (let n = 0; n < 3000; n++) {
    const found = await is();
    if (found) return found;
    await sleep(5);
  }
  throw new Error(`waited too long for ${what}`);
}

function here(): Seat {
  if (!seat) throw new Error('nobody sits here');
  return seat;
}

/** How many samples of a voice were played, made up ones left out. */
async function heard(): Promise<number> {
  let samples = 0;
  for (const report of (await made?.getStats())?.values() ?? []) {
    if (report.type === 'inbound-rtp') {
      samples += (report.totalSamplesReceived ?? 0) - (report.concealedSamples ?? 0);
    }
  }
  return samples;
}

const bench = {
  tap: (on: boolean) => {
    tapped = on;
  },
  relay: (relay: Relay) => worker?.postMessage({ relay }),

  /** What was seen at the worker. Of nonces, those since the last time. */
  async look(): Promise<Seen> {
    const tap = worker;
    if (!tap) throw new Error('nobody looks');
    return new Promise((resolve) => {
      const hear = ({ data }: MessageEvent<{ seen?: Seen }>) => {
        if (!data.seen) return;
        tap.removeEventListener('message', hear);
        resolve(data.seen);
      };
      tap.addEventListener('message', hear);
      tap.postMessage({ look: true });
    });
  },

  /** Comes in, and returns when it was asked to. */
  async sit(room: string): Promise<number> {
    const began = now();
    live = connect(house);
    seat = await Seat.take(live, room, async () => (await house.grant(room)).grant);
    return began;
  },

  /** Comes in, and returns how many milliseconds it took until something was heard. */
  async hear(room: string): Promise<number> {
    const began = await bench.sit(room);
    await until('a voice', async () => (await heard()) > 0);
    return now() - began;
  },

  async speak(): Promise<void> {
    await here().unmute();
    await until('the microphone', () => here().onAir.value);
  },

  /** Speaks by another track, as when somebody plugs in another microphone. */
  async replaceTrack(): Promise<void> {
    const sender = made?.getTransceivers()[0]?.sender;
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    await sender?.replaceTrack(stream.getAudioTracks()[0] ?? null);
  },

  /** Makes the media connection anew. */
  async reconnect(): Promise<void> {
    live?.restart();
    await until('the line', () => here().state.value === 'reconnecting');
    await until('the seat', () => here().state.value === 'live');
  },

  async comeUp(who: string): Promise<void> {
    await here().askUp(who);
  },
  letIn: async (who: string) => {
    await here().letIn(who);
  },
  stepUp: async () => {
    await here().stepUp();
  },
  prove: async (proven: boolean) => {
    await here().prove(proven);
  },
  remove: async (who: string) => {
    const at = now();
    await here().remove(who);
    return at;
  },

  lock: () => here().lock.value,
  heard,
  me: () => here().me.value?.who,
  now,

  async leave(): Promise<void> {
    await seat?.leave();
    live?.stop();
    seat = live = undefined;
  },
};
export type Bench = typeof bench;
Object.assign(window, { bench });
