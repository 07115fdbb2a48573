/**
 * Opus that is said twice (RED, RFC 2198): a payload that carries, before its
 * own frame, copies of earlier ones, so that a lost packet is made good by one
 * that comes later. docs/protocol/media.md says when; `test/vectors/red.json`
 * how. Nothing here knows a browser.
 */

// Bounds of a payload. The first two are those of the wire format.
const offsetMax = 16_383; // samples by which a copy may be older
const copyMax = 1_023; // bytes of a copy
const copiesMax = 4; // in one payload
const payloadMax = 840; // bytes of a payload with copies: a seal and a proof fit into the packet too
const distanceMax = 16; // frames later that a frame can be sent again

/** An earlier frame, sent again. */
export interface Copy {
  /** How much older it is than the payload's own frame, in samples. */
  offset: number;
  data: Uint8Array;
}

export interface Payload {
  /** The payload type of what it carries. */
  type: number;
  copies: Copy[];
  frame: Uint8Array;
}

/** Reads a payload; its parts lie in `bytes`. Nothing, when it is malformed. */
export function parse(bytes: Uint8Array): Payload | undefined {
  // Section 3: four bytes for each copy, then one for the own frame, which
  // takes what the copies leave.
  const at = (i: number) => bytes[i] ?? 0;
  let n = 0;
  while (4 * n < bytes.length && at(4 * n) & 0x80) n++;
  if (4 * n >= bytes.length || n > copiesMax) return undefined;
  const type = at(4 * n);
  const copies: Copy[] = [];
  let from = 4 * n + 1;
  for (let i = 0; i < 4 * n; i += 4) {
    const offset = (at(i + 1) << 6) | (at(i + 2) >> 2);
    const size = ((at(i + 2) & 3) << 8) | at(i + 3);
    if ((at(i) & 0x7f) !== type || from + size > bytes.length) return undefined;
    if (size > 0) copies.push({ offset, data: bytes.subarray(from, from + size) }); // an empty one says nothing
    from += size;
  }
  if (from === bytes.length) return undefined;
  return { type, copies, frame: bytes.subarray(from) };
}

/** Writes a payload whose copies are within the bounds. */
export function write({ type, copies, frame }: Payload): Uint8Array<ArrayBuffer> {
  const size = copies.reduce((sum, { data }) => sum + 4 + data.length, 1 + frame.length);
  const bytes = new Uint8Array(size);
  let to = 0;
  for (const { offset, data } of copies) {
    bytes[to++] = 0x80 | type;
    bytes[to++] = offset >> 6;
    bytes[to++] = ((offset & 0x3f) << 2) | (data.length >> 8);
    bytes[to++] = data.length & 0xff;
  }
  bytes[to++] = type;
  for (const { data } of copies) {
    bytes.set(data, to);
    to += data.length;
  }
  bytes.set(frame, to);
  return bytes;
}

/** Puts copies of the frames of one stream into later payloads. */
export class Repeater {
  readonly #sent: { timestamp: number; frame: Uint8Array }[] = []; // newest first

  /**
   * The payload that carries `frame`, sent at `timestamp` in samples, with
   * copies of the frames that were sent so many frames before. A copy that does
   * not fit into the wire format or into the bounds is left out: after a pause
   * the frames before it are too old, and nobody misses them.
   */
  next(type: number, timestamp: number, frame: Uint8Array, distances: readonly number[]) {
    const copies: Copy[] = [];
    let size = 1 + frame.length;
    for (const distance of distances) {
      const before = this.#sent[distance - 1];
      if (!before || copies.length === copiesMax) continue;
      const offset = (timestamp - before.timestamp) >>> 0; // it wraps
      const data = before.frame;
      if (offset === 0 || offset > offsetMax || data.length > copyMax) continue;
      if (size + 4 + data.length > payloadMax) continue;
      size += 4 + data.length;
      copies.push({ offset, data });
    }
    copies.sort((a, b) => b.offset - a.offset); // oldest first
    this.#sent.unshift({ timestamp, frame: frame.slice() });
    if (this.#sent.length > distanceMax) this.#sent.pop();
    return write({ type, copies, frame });
  }
}
