/** The parts behind one another. */
export function join(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export const same = (a: Uint8Array, b: Uint8Array) =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

/** Which of two comes first. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, i) => byte !== b[i]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

/** Writes whole numbers, big-endian, of as many bytes as stand beside them. */
export function numbers(
  ...parts: [value: number | bigint, size: 1 | 2 | 4 | 8][]
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, [, size]) => sum + size, 0));
  let end = 0;
  for (const [value, size] of parts) {
    end += size;
    let rest = BigInt(value);
    for (let at = end - 1; at >= end - size; at--) {
      bytes[at] = Number(rest & 0xffn);
      rest >>= 8n;
    }
  }
  return bytes;
}
