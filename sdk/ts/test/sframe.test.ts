// @vitest-environment node
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Key, parseHeader, Window, writeHeader } from '../src/keys/sframe.ts';

interface Vectors {
  header: { kid: string; ctr: string; encoded: string }[];
  sframe: { [name: string]: string }[];
}

// Some numbers are beyond what a JavaScript number holds.
const text = readFileSync(new URL('../../../test/vectors/sframe.json', import.meta.url), 'utf8');
const vectors: Vectors = JSON.parse(text.replace(/: (\d+)/g, ': "$1"'));

const bytes = (hex = '') => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (b: Uint8Array) => Buffer.from(b).toString('hex');

test('headers are those of the RFC', () => {
  expect(vectors.header.length).toBeGreaterThan(200);
  for (const v of vectors.header) {
    const [kid, ctr] = [BigInt(v.kid), BigInt(v.ctr)];
    expect(hex(writeHeader({ kid, ctr }))).toBe(v.encoded);
    const encoded = bytes(v.encoded);
    expect(parseHeader(bytes(`${v.encoded}010203`))).toEqual({ kid, ctr, length: encoded.length });
    for (let cut = 0; cut < encoded.length; cut++) {
      expect(parseHeader(encoded.subarray(0, cut))).toBeUndefined();
    }
  }
});

test.each(['8007', '0807', '900008', '090008', '0900ff'])('%s is longer than it need be', (b) => {
  expect(parseHeader(bytes(b))).toBeUndefined();
});

test('frames are those of the RFC, and no others open', async () => {
  expect(vectors.sframe.length).toBeGreaterThan(0);
  for (const v of vectors.sframe) {
    const [kid, ctr] = [BigInt(v.kid ?? ''), BigInt(v.ctr ?? '')];
    const [base, frame, meta, sealed] = [v.base_key, v.pt, v.metadata, v.ct].map(bytes);
    if (!base || !frame || !meta || !sealed) throw new Error('the vectors lack something');
    const key = await Key.derive(kid, base);
    expect(hex(await key.seal(ctr, frame, meta))).toBe(v.ct);
    expect(await key.open(sealed, meta)).toEqual({ kid, ctr, frame });
    for (let i = 0; i < sealed.length; i++) {
      const changed = sealed.slice();
      changed[i] = (changed[i] ?? 0) ^ 0x10;
      expect(await key.open(changed, meta), `byte ${i}`).toBeUndefined();
    }
    expect(await key.open(sealed)).toBeUndefined();
    expect(await key.open(sealed.slice(0, -1), meta)).toBeUndefined();
    expect(await key.open(sealed.slice(0, 6), meta)).toBeUndefined();
    const other = await Key.derive(kid, bytes(`${v.base_key}00`));
    expect(await other.open(sealed, meta)).toBeUndefined();
    const elsewhere = await Key.derive(kid + 1n, base);
    expect(await elsewhere.open(sealed, meta)).toBeUndefined();
  }
});

test('a window says the same as a list of all that have come', () => {
  const most = 512;
  let seed = 1;
  const chance = (n: number) => {
    seed = (seed * 48271) % 2147483647;
    return seed % n;
  };
  for (let round = 0; round < 20; round++) {
    const window = new Window();
    const had = new Set<number>();
    let newest = chance(2000);
    for (let step = 0; step < 2000; step++) {
      let ctr = newest + chance(40);
      const kind = chance(20);
      if (kind === 0) ctr += chance(3 * most);
      else if (kind < 7) ctr = Math.max(0, ctr - chance(most + 200));
      const old = had.size > 0 && ctr + most <= newest;
      expect(window.take(BigInt(ctr))).toBe(!old && !had.has(ctr));
      if (!old) had.add(ctr);
      newest = Math.max(newest, ctr);
    }
  }
  const last = 2n ** 64n - 1n;
  const window = new Window();
  expect([last, last - 1n, last - 1n, 5n].map((ctr) => window.take(ctr))).toEqual([
    false,
    true,
    false,
    false,
  ]);
});
