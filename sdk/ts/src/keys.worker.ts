/**
 * The worker that keeps the keys of a visit, and through which all that is said
 * and heard passes (WebRTC Encoded Transform). It is a script of its own
 * because a browser allows this in a worker only.
 */
import { Keeper, type Order, type Report } from './keys/keeper.ts';

/** Which way a transform is on: one's own voice, or a slot, of a connection. */
export type Way = { speaks: true; connection: number } | { slot: number; connection: number };

/** To be ticked for every so many milliseconds; 0: not any more. */
export interface Tick {
  tick: number;
}

interface EncodedFrame {
  data: ArrayBuffer;
  getMetadata(): { payloadType?: number; rtpTimestamp?: number };
}

interface Transformer {
  options: Way;
  readable: ReadableStream<EncodedFrame>;
  writable: WritableStream<EncodedFrame>;
}

/** The global scope of a worker, as far as it is used here. */
const scope = globalThis as unknown as {
  onmessage: (event: { data: Order | Tick }) => void;
  postMessage: (report: Report | Tick) => void;
  onrtctransform: (event: { transformer: Transformer }) => void;
};

const keeper = new Keeper(
  (report) => scope.postMessage(report),
  () => performance.timeOrigin + performance.now(),
);

// A hidden page's own timers come once a second. Those of a worker do not.
let ticking: ReturnType<typeof setInterval> | undefined;

scope.onmessage = ({ data }) => {
  if (!('tick' in data)) {
    void keeper.order(data);
    return;
  }
  clearInterval(ticking);
  if (data.tick) ticking = setInterval(() => scope.postMessage(data), data.tick);
};

scope.onrtctransform = ({ transformer }) => {
  const way = transformer.options;
  let over = false;
  const pass = new TransformStream<EncodedFrame, EncodedFrame>({
    async transform(frame, out) {
      if (frame.data.byteLength === 0) return; // a pause (DTX): there is nothing to send or play
      const { payloadType: type, rtpTimestamp: timestamp } = frame.getMetadata();
      const before = { data: new Uint8Array(frame.data), type, timestamp };
      // What may not be sent, or played, ends here.
      if ('speaks' in way) {
        const sealed = await keeper.seal(way.connection, before);
        if (!sealed) return;
        frame.data = sealed.buffer;
        out.enqueue(frame);
        return;
      }
      const opened = await keeper.open(way, before);
      if (!opened) return;
      frame.data = opened.data.buffer;
      if (!opened.wait) {
        out.enqueue(frame);
        return;
      }
      // Nothing waits for it: the next one comes while it does.
      setTimeout(() => {
        if (opened.isProven() && !over) out.enqueue(frame);
      }, opened.wait);
    },
  });
  // It ends with the connection, which is no failure.
  transformer.readable
    .pipeThrough(pass)
    .pipeTo(transformer.writable)
    .catch(() => {})
    .finally(() => {
      over = true;
    });
};
