/**
 * The worker of the keys, with somebody between it and the line, and somebody
 * who looks over its shoulder: what a relay could do that holds the secrets of
 * a room, and which key has sealed by which nonce.
 */
import '../../../sdk/ts/src/keys.worker.ts';
import { join } from '../../../sdk/ts/src/keys/bytes.ts';
import { parseKid, windowFrames, windowKey } from '../../../sdk/ts/src/keys/schedule.ts';
import { Key, parseHeader } from '../../../sdk/ts/src/keys/sframe.ts';
import { parse } from '../../../sdk/ts/src/keys/voice.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** What is done to the frames that come. */
export type Relay =
  | 'pass' // nothing
  | 'unsigned' // said anew, with the right key and without proofs
  | 'missigned' // the same, with proofs by nobody
  | 'wrong key' // sealed by a key that is not the room's
  | 'spoilt'; // a bit is turned

export interface Seen {
  /** Each key and nonce by which something was sealed here. */
  nonces: string[];
  /** How often each byte stood in what came, behind the header. */
  bytes: number[];
  /** How many frames came of each length, without the header. */
  lengths: Record<number, number>;
  /** How many frames came, and how many were played. */
  came: number;
  played: number;
  /** When something was played last, in milliseconds since 1970. */
  last: number;
}

interface Frame {
  data: ArrayBuffer;
  getMetadata(): { payloadType?: number };
}

interface Transformer {
  options: { slot: number } | { speaks: true };
  readable: ReadableStream<Frame>;
  writable: WritableStream<Frame>;
}

const scope = globalThis as unknown as {
  onmessage: (event: { data: unknown }) => void;
  onrtctransform: (event: { transformer: Transformer }) => void;
  postMessage: (message: unknown) => void;
};
const keeper = { hears: scope.onmessage, transforms: scope.onrtctransform };

let relay: Relay = 'pass';
const seen: Seen = {
  ...{ nonces: [], bytes: new Array(256).fill(0), lengths: {} },
  ...{ came: 0, played: 0, last: 0 },
};

scope.onmessage = (event) => {
  const { data } = event;
  const told = data as { relay?: Relay; look?: true };
  if (told.relay) relay = told.relay;
  else if (told.look) scope.postMessage({ seen: { ...seen, nonces: seen.nonces.splice(0) } });
  else keeper.hears(event);
};

// --- over its shoulder ---

const { subtle } = crypto;
const names = new WeakMap<CryptoKey, string>();
const senders = new Map<number, Bytes>(); // by slot, the newest
const label = 'stoa 1 sender\0';

const hex = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

const bytesOf = (source: BufferSource) =>
  'buffer' in source
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);

const importKey = subtle.importKey.bind(subtle) as (...all: unknown[]) => Promise<CryptoKey>;
const encrypt = subtle.encrypt.bind(subtle);
const deriveBits = subtle.deriveBits.bind(subtle);

Object.assign(subtle, {
  async importKey(...all: unknown[]) {
    const key = await importKey(...all);
    const [form, raw] = all as [string, BufferSource];
    if (form === 'raw') {
      names.set(key, hex(new Uint8Array(await subtle.digest('SHA-256', raw))).slice(0, 24));
    }
    return key;
  },
  async encrypt(how: AesGcmParams, key: CryptoKey, data: BufferSource) {
    seen.nonces.push(`${names.get(key) ?? 'unknown'} ${hex(bytesOf(how.iv))}`);
    return encrypt(how, key, data);
  },
  async deriveBits(how: HkdfParams, key: CryptoKey, length: number) {
    const bits = await deriveBits(how, key, length);
    const info = bytesOf(how.info ?? new Uint8Array(0));
    if (new TextDecoder().decode(info.subarray(0, label.length)) === label) {
      senders.set(info[label.length] ?? 0, new Uint8Array(bits.slice(0)));
    }
    return bits;
  },
});

// --- between it and the line ---

/** The same words once more, from somebody who holds the secret and is not the speaker. */
async function forge(sealed: Bytes): Promise<Bytes> {
  const header = parseHeader(sealed);
  const slot = header ? parseKid(header.kid).slot : 0;
  const sender = relay === 'wrong key' ? new Uint8Array(32).fill(9) : senders.get(slot);
  if (!header || !sender) return sealed;
  const number = header.ctr / BigInt(windowFrames);
  const by = await Key.derive(header.kid, (await windowKey(sender, number)).key);
  const real = senders.get(slot) ?? sender;
  const opened = await (await Key.derive(header.kid, (await windowKey(real, number)).key)).open(
    sealed,
  );
  const said = opened && parse(opened.frame);
  if (!said) return sealed;
  const proof =
    relay === 'missigned'
      ? join(proofHead(header.kid, header.ctr), random(64), random(10))
      : new Uint8Array(0);
  const flags = (said.redundant ? 2 : 0) | (proof.length > 0 ? 1 : 0);
  return by.seal(header.ctr, join(Uint8Array.of(flags), proof, said.payload));
}

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));

/** Of a proof of one frame. */
function proofHead(key: bigint, first: bigint): Bytes {
  const bytes = new DataView(new ArrayBuffer(17));
  bytes.setBigUint64(0, key);
  bytes.setBigUint64(8, first);
  bytes.setUint8(16, 1);
  return new Uint8Array(bytes.buffer);
}

async function passed(sealed: Bytes): Promise<Bytes> {
  if (relay === 'pass') return sealed;
  if (relay !== 'spoilt') return forge(sealed);
  const spoilt = sealed.slice();
  spoilt[20] = (spoilt[20] ?? 0) ^ 1;
  return spoilt;
}

scope.onrtctransform = ({ transformer }) => {
  const { options, readable, writable } = transformer;
  if (!('slot' in options)) {
    keeper.transforms({ transformer });
    return;
  }
  const before = new TransformStream<Frame, Frame>({
    async transform(frame, out) {
      const sealed = new Uint8Array(frame.data);
      const header = parseHeader(sealed);
      if (header) {
        seen.came++;
        const length = sealed.length - header.length; // which grows as frames are counted
        seen.lengths[length] = (seen.lengths[length] ?? 0) + 1;
        for (const byte of sealed.subarray(header.length)) {
          seen.bytes[byte] = (seen.bytes[byte] ?? 0) + 1;
        }
        frame.data = (await passed(sealed)).buffer;
      }
      out.enqueue(frame);
    },
  });
  const after = new TransformStream<Frame, Frame>({
    transform(frame, out) {
      seen.played++;
      seen.last = performance.timeOrigin + performance.now();
      out.enqueue(frame);
    },
  });
  after.readable.pipeTo(writable).catch(() => {});
  const tapped = { options, readable: readable.pipeThrough(before), writable: after.writable };
  keeper.transforms({ transformer: tapped });
};
