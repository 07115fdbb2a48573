/**
 * Certificates of nodes: `docs/protocol/network.md`, the table there. Only what
 * stands in it is read; whatever is otherwise is refused. This is no reader of
 * X.509 for anything else: a browser has one, and lets nobody use it.
 */
import { same } from './keys/bytes.ts';

type Bytes = Uint8Array<ArrayBuffer>;

export const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** What a certificate says, as far as it matters here. */
export interface Certificate {
  /** What is signed. */
  body: Bytes;
  signature: Bytes;
  issuer: Bytes;
  subject: Bytes;
  key: Bytes;
  /** Milliseconds since 1970. */
  from: number;
  until: number;
  authority: boolean;
  /** The one name that it bears; empty at the root. */
  name: string;
}

/** A part of DER (ITU-T X.690): its kind, what it holds, and all of it. */
interface Part {
  kind: number;
  inside: Bytes;
  whole: Bytes;
}

const [boolean, bitString, octets, oid, utcTime, longTime, sequence] = [
  0x01, 0x03, 0x04, 0x06, 0x17, 0x18, 0x30,
];
const uri = 0x86; // in a list of names, context 6
const extensions = 0xa3; // context 3

class Unreadable extends Error {}

/** Splits DER into its parts, each with the shortest length there is. */
function parts(bytes: Bytes): Part[] {
  const found: Part[] = [];
  for (let at = 0; at < bytes.length; ) {
    const kind = bytes[at] ?? 0;
    let length = bytes[at + 1] ?? 0;
    let start = at + 2;
    if ((kind & 0x1f) === 0x1f) throw new Unreadable();
    if (length >= 0x80) {
      const size = length & 0x7f;
      if (size < 1 || size > 2) throw new Unreadable();
      length = bytes.slice(start, start + size).reduce((sum, byte) => 256 * sum + byte, 0);
      start += size;
      if (length < (size === 1 ? 0x80 : 0x100)) throw new Unreadable();
    }
    const end = start + length;
    if (end > bytes.length) throw new Unreadable();
    found.push({ kind, inside: bytes.slice(start, end), whole: bytes.slice(at, end) });
    at = end;
  }
  return found;
}

/** The inside of a part that must be of a kind. */
function of(kind: number, part: Part | undefined): Bytes {
  if (part?.kind !== kind) throw new Unreadable();
  return part.inside;
}

const hex = (bytes: Bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');

const withSHA256 = '2a8648ce3d040302'; // ecdsa-with-SHA256 (RFC 5758)
const known = {
  names: '551d11',
  basic: '551d13',
  usage: '551d0f',
  constraints: '551d1e',
  purposes: '551d25',
};

/** Reads a certificate, or returns undefined. */
export function parseCertificate(der: Bytes): Certificate | undefined {
  try {
    const [whole, ...more] = parts(der);
    const [body, algorithm, signature, ...rest] = parts(of(sequence, whole));
    if (!body || more.length + rest.length > 0 || !isECDSA(algorithm)) return undefined;
    const fields = parts(of(sequence, body));
    const [, , inner, issuer, validity, subject, key] = fields;
    if (!isECDSA(inner) || !issuer || !subject || key?.kind !== sequence) return undefined;
    const [from, until] = parts(of(sequence, validity)).map(timeOf);
    if (from === undefined || until === undefined) return undefined;
    return {
      body: body.whole,
      signature: bits(signature),
      issuer: issuer.whole,
      subject: subject.whole,
      key: key.whole,
      from,
      until,
      ...extended(fields.find((part) => part.kind === extensions)),
    };
  } catch (thrown) {
    if (thrown instanceof Unreadable) return undefined;
    throw thrown;
  }
}

const isECDSA = (part: Part | undefined) =>
  hex(of(oid, parts(of(sequence, part))[0])) === withSHA256;

/** A string of whole bytes. */
function bits(part: Part | undefined): Bytes {
  const inside = of(bitString, part);
  if (inside[0] !== 0) throw new Unreadable();
  return inside.slice(1);
}

function timeOf(part: Part): number {
  const text = String.fromCharCode(...part.inside);
  const short = part.kind === utcTime;
  if (!short && part.kind !== longTime) throw new Unreadable();
  const match = (short ? /^(\d\d)((?:\d\d){5})Z$/ : /^(\d{4})((?:\d\d){5})Z$/).exec(text);
  if (!match?.[1] || !match[2]) throw new Unreadable();
  const year = Number(match[1]) + (short ? (Number(match[1]) < 50 ? 2000 : 1900) : 0);
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = (match[2].match(/../g) ?? []).map(
    Number,
  );
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** What the extensions say; one that is critical and not known makes it no certificate. */
function extended(part: Part | undefined): { authority: boolean; name: string } {
  let [authority, name, signs] = [false, '', false];
  const [list] = part ? parts(part.inside) : [];
  const seen = new Set<string>();
  for (const extension of parts(of(sequence, list))) {
    const fields = parts(of(sequence, extension));
    const which = hex(of(oid, fields[0]));
    const critical = fields[1]?.kind === boolean && fields[1].inside[0] !== 0;
    const value = of(octets, fields.at(-1));
    if (seen.has(which)) throw new Unreadable();
    seen.add(which);
    if (which === known.names) {
      const names = parts(of(sequence, parts(value)[0]));
      if (names.length !== 1) throw new Unreadable();
      name = String.fromCharCode(...of(uri, names[0]));
    } else if (which === known.basic) {
      const first = parts(of(sequence, parts(value)[0]))[0];
      authority = first?.kind === boolean && first.inside[0] === 0xff;
    } else if (which === known.usage) {
      signs = maySign(parts(value)[0]);
    } else if (critical && which !== known.constraints && which !== known.purposes) {
      throw new Unreadable();
    }
  }
  if (authority !== signs) throw new Unreadable();
  return { authority, name };
}

/** Whether a key may sign certificates: the sixth bit of a string that may end within a byte. */
function maySign(usage: Part | undefined): boolean {
  return ((of(bitString, usage)[1] ?? 0) & 0x04) !== 0;
}

/** Whether a certificate was signed by an authority, at a time. */
export async function isSignedBy(one: Certificate, by: Certificate, now: number): Promise<boolean> {
  if (!by.authority || !same(one.issuer, by.subject)) return false;
  if (!isGood(one, now) || !isGood(by, now)) return false;
  return isSigned(by.key, one.signature, one.body);
}

const isGood = ({ from, until }: Certificate, now: number) => now >= from && now <= until;

/** Whether some bytes were signed by a key: a signature in DER (RFC 3279, section 2.2.3). */
export async function isSigned(key: Bytes, signature: Bytes, signed: Bytes): Promise<boolean> {
  try {
    const public_ = await crypto.subtle.importKey('spki', key, ecdsa, false, ['verify']);
    return await crypto.subtle.verify(ecdsa, public_, raw(signature), signed);
  } catch {
    return false; // no key of this kind, or no signature
  }
}

/** The two numbers of a signature, 32 bytes each. */
function raw(signature: Bytes): Bytes {
  const [list, ...more] = parts(signature);
  const pair = parts(of(sequence, list));
  if (more.length > 0 || pair.length !== 2) throw new Unreadable();
  const out = new Uint8Array(64);
  pair.forEach((part, i) => {
    const number = of(0x02, part);
    const digits = number[0] === 0 ? number.slice(1) : number;
    if (digits.length > 32) throw new Unreadable();
    out.set(digits, 32 * i + 32 - digits.length);
  });
  return out;
}
