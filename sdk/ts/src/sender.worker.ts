/**
 * The worker through which the microphone's encoded frames pass on their way
 * out (WebRTC Encoded Transform). It puts the copies that the room asks for
 * into them, in place of the browser's own.
 *
 * It is a script of its own because a browser allows this in a worker only.
 */
import { parse, Repeater } from './red.ts';

/** How the page tells it what to do. */
export interface Orders {
  /** The payload type by which the sender's packets are RED. */
  red: number;
  /** So many frames later each frame is sent again. */
  repeat: readonly number[];
}

interface EncodedFrame {
  data: ArrayBuffer;
  getMetadata(): { payloadType?: number; rtpTimestamp?: number };
}

interface Transformer {
  readable: ReadableStream<EncodedFrame>;
  writable: WritableStream<EncodedFrame>;
}

/** The global scope of a worker, as far as it is used here. */
const scope = globalThis as unknown as {
  onmessage: (event: { data: Orders }) => void;
  onrtctransform: (event: { transformer: Transformer }) => void;
};

let orders: Orders | undefined;
scope.onmessage = ({ data }) => {
  orders = data;
};

scope.onrtctransform = ({ transformer }) => {
  const repeater = new Repeater();
  const repeat = new TransformStream<EncodedFrame, EncodedFrame>({
    transform(frame, out) {
      if (frame.data.byteLength === 0) return; // a pause (DTX): there is nothing to send
      const { payloadType, rtpTimestamp } = frame.getMetadata();
      if (orders && payloadType === orders.red && rtpTimestamp !== undefined) {
        const said = parse(new Uint8Array(frame.data));
        if (said)
          frame.data = repeater.next(said.type, rtpTimestamp, said.frame, orders.repeat).buffer;
      }
      out.enqueue(frame);
    },
  });
  // It ends with the connection, which is no failure.
  transformer.readable
    .pipeThrough(repeat)
    .pipeTo(transformer.writable)
    .catch(() => {});
};
