/**
 * Media frames sealed from end to end (SFrame, RFC 9605) with the cipher suite
 * AES_128_GCM_SHA256_128, the only one that Stoa speaks. `sdk/go/sframe` is the
 * same in Go, and `test/vectors/sframe.json` holds for both.
 *
 * The key (KID) and a frame's number under it (CTR) may be used for one frame
 * only, ever: that is for the caller to see to, as is what a replay is, with
 * which `Window` helps.
 */
import { join } from './bytes.ts';

const suite = 4; // AES_128_GCM_SHA256_128 (section 8.1)
const keyLength = 16;
const nonceLength = 12;
const tagLength = 16;
const uint64Max = 0xffff_ffff_ffff_ffffn;

/** What stands before each frame (section 4.3). */
export interface Header {
  kid: bigint;
  ctr: bigint;
}

type Bytes = Uint8Array<ArrayBuffer>;

/** Writes a header; its values are of 64 bits. */
export function writeHeader({ kid, ctr }: Header): Bytes {
  const bytes = [0];
  // A value below 8 stands in the first byte, any other behind it: as few bytes
  // as hold it, and in the first byte how many, less one.
  const field = (value: bigint) => {
    if (value < 8n) return Number(value);
    const start = bytes.length;
    for (let rest = value; rest > 0n; rest >>= 8n) bytes.splice(start, 0, Number(rest & 0xffn));
    return 8 | (bytes.length - start - 1);
  };
  const high = field(kid);
  bytes[0] = (high << 4) | field(ctr);
  return Uint8Array.from(bytes);
}

/**
 * Reads the header at the beginning of `bytes`, and how long it is. Nothing,
 * when it is cut short or longer than it need be.
 */
export function parseHeader(bytes: Uint8Array): (Header & { length: number }) | undefined {
  const first = bytes[0];
  if (first === undefined) return undefined;
  let length = 1;
  const field = (bits: number): bigint | undefined => {
    if (!(bits & 8)) return BigInt(bits);
    const size = (bits & 7) + 1;
    const part = bytes.subarray(length, length + size);
    if (part.length < size) return undefined;
    length += size;
    const value = part.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    return part[0] === 0 || value < 8n ? undefined : value;
  };
  const kid = field(first >> 4);
  const ctr = kid === undefined ? undefined : field(first & 15);
  return kid === undefined || ctr === undefined ? undefined : { kid, ctr, length };
}

/** Seals and opens the frames of one key. */
export class Key {
  readonly kid: bigint;
  readonly #key: CryptoKey;
  readonly #salt: Bytes;

  private constructor(kid: bigint, key: CryptoKey, salt: Bytes) {
    this.kid = kid;
    this.#key = key;
    this.#salt = salt;
  }

  /**
   * Derives the key that goes by `kid` from a base key (section 4.4.2), which is
   * secret, of any length, and used with this kid alone.
   */
  static async derive(kid: bigint, base: Bytes): Promise<Key> {
    const { subtle } = crypto;
    const secret = await subtle.importKey('raw', base, 'HKDF', false, ['deriveBits']);
    const about = new DataView(new ArrayBuffer(10));
    about.setBigUint64(0, kid);
    about.setUint16(8, suite);
    const derive = async (label: string, length: number) => {
      const info = join(new TextEncoder().encode(label), new Uint8Array(about.buffer));
      const how = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info };
      return new Uint8Array(await subtle.deriveBits(how, secret, 8 * length));
    };
    const [raw, salt] = await Promise.all([
      derive('SFrame 1.0 Secret key ', keyLength),
      derive('SFrame 1.0 Secret salt ', nonceLength),
    ]);
    const usages: KeyUsage[] = ['encrypt', 'decrypt'];
    return new Key(kid, await subtle.importKey('raw', raw, 'AES-GCM', false, usages), salt);
  }

  /** Seals a frame as number `ctr`. `meta` is authenticated too, and not sent. */
  async seal(ctr: bigint, frame: Bytes, meta?: Bytes): Promise<Bytes> {
    const header = writeHeader({ kid: this.kid, ctr });
    const sealed = await crypto.subtle.encrypt(this.#how(ctr, header, meta), this.#key, frame);
    return join(header, new Uint8Array(sealed));
  }

  /** Opens a frame. Nothing, when it was sealed by another key, or was changed. */
  async open(sealed: Bytes, meta?: Bytes): Promise<(Header & { frame: Bytes }) | undefined> {
    const header = parseHeader(sealed);
    if (header?.kid !== this.kid || sealed.length < header.length + tagLength) return undefined;
    const { kid, ctr, length } = header;
    const how = this.#how(ctr, sealed.subarray(0, length), meta);
    try {
      const frame = await crypto.subtle.decrypt(how, this.#key, sealed.subarray(length));
      return { kid, ctr, frame: new Uint8Array(frame) };
    } catch {
      return undefined; // WebCrypto says no more than that it failed
    }
  }

  #how(ctr: bigint, header: Bytes, meta?: Bytes): AesGcmParams {
    const iv = this.#salt.slice();
    const view = new DataView(iv.buffer);
    const low = nonceLength - 8;
    view.setBigUint64(low, view.getBigUint64(low) ^ ctr);
    // What is authenticated and not encrypted (section 4.4.3).
    const additionalData = meta?.length ? join(header, meta) : header;
    return { name: 'AES-GCM', iv, additionalData, tagLength: 8 * tagLength };
  }
}

/** How many numbers behind the newest a `Window` can tell apart. */
const windowLength = 512n;

/** Knows which frames of one key have come (RFC 4303, section 3.4.3). */
export class Window {
  #next = 0n; // one more than the newest
  #seen = 0n; // bit i: next - 1 - i has come

  /**
   * Whether number `ctr` is new, which is noted. It is to be asked after the
   * frame has opened. What is older than the window counts as seen.
   */
  take(ctr: bigint): boolean {
    if (ctr === uint64Max) return false; // as in Go
    if (ctr >= this.#next) {
      const ahead = ctr + 1n - this.#next;
      const kept = ahead < windowLength ? this.#seen << ahead : 0n;
      this.#seen = BigInt.asUintN(Number(windowLength), kept | 1n);
      this.#next = ctr + 1n;
      return true;
    }
    const behind = this.#next - 1n - ctr;
    if (behind >= windowLength || (this.#seen >> behind) & 1n) return false;
    this.#seen |= 1n << behind;
    return true;
  }
}
