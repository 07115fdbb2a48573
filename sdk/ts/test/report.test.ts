// @vitest-environment node
import { readFileSync } from 'node:fs';
import { Aes128Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { describe, expect, test } from 'vitest';
import { fromText } from '../src/keys/messages.ts';
import { sealReport, writeReport } from '../src/keys/report.ts';
import { Ring, remembered } from '../src/keys/ring.ts';

type Bytes = Uint8Array<ArrayBuffer>;

interface Vectors {
  room: string;
  who: string;
  cert: string;
  time: number;
  text: string;
  kid: number;
  window: string;
  frames: string[];
  plain: string;
  public_key: string;
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../../test/vectors/report.json', import.meta.url), 'utf8'),
);
const bytes = (hex: string): Bytes =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const hex = (b: Uint8Array) => Array.from(b, (n) => n.toString(16).padStart(2, '0')).join('');

const about = () => ({
  ...{ room: bytes(vectors.room), who: bytes(vectors.who) },
  ...{ time: vectors.time, text: vectors.text },
});
const shown = () => ({
  cert: bytes(vectors.cert),
  windows: [{ kid: BigInt(vectors.kid), key: bytes(vectors.window) }],
  frames: vectors.frames.map(bytes),
});

describe('a report', () => {
  test('is written as in Go', () => {
    expect(hex(writeReport(about(), shown()))).toBe(vectors.plain);
  });

  test('has no more than moderators read', () => {
    const much = writeReport(
      { ...about(), text: `${'x'.repeat(1999)}ä` },
      {
        ...shown(),
        windows: Array.from({ length: 4 }, (_, i) => ({
          kid: BigInt(i),
          key: bytes(vectors.window),
        })),
        frames: [new Uint8Array(1401), ...Array.from({ length: 800 }, () => new Uint8Array(3))],
      },
    );
    const view = new DataView(much.buffer);
    const text = 1 + 16 + 16 + 137 + 8;
    expect(view.getUint16(text)).toBe(1999);
    expect(view.getUint8(text + 2 + 1999)).toBe(3);
    expect(view.getUint16(text + 2 + 1999 + 1 + 3 * 40)).toBe(750);
  });

  test('is sealed to each of the moderators, and to nobody else', async () => {
    const hpke = new CipherSuite({
      ...{ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes128Gcm() },
    });
    const pairs = await Promise.all([1, 2, 3].map(() => hpke.kem.generateKeyPair()));
    const keys = await Promise.all(
      pairs.map(
        async ({ publicKey }) => new Uint8Array(await hpke.kem.serializePublicKey(publicKey)),
      ),
    );
    const plain = writeReport(about(), shown());
    const sealed = await sealReport(plain, keys.slice(0, 2));
    const entry = 8 + 32 + 16 + 16;
    const head = sealed.slice(0, 2 + 2 * entry);
    const info = new TextEncoder().encode('stoa 1 report').buffer;
    const open = async (i: number, at: number) => {
      const from = head.slice(2 + at * entry, 2 + (at + 1) * entry);
      const context = await hpke.createRecipientContext({
        ...{ recipientKey: pairs[i] as CryptoKeyPair, enc: from.slice(8, 40).buffer, info },
      });
      const raw = await context.open(from.slice(40).buffer);
      const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['decrypt']);
      const how = { name: 'AES-GCM', iv: new Uint8Array(12), additionalData: head };
      return new Uint8Array(await crypto.subtle.decrypt(how, key, sealed.slice(head.length)));
    };
    expect(await open(0, 0)).toEqual(plain);
    expect(await open(1, 1)).toEqual(plain);
    await expect(open(2, 0)).rejects.toThrow();
    await expect(sealReport(plain, [])).rejects.toThrow(RangeError);
    await expect(sealReport(plain, [new Uint8Array(3)])).rejects.toThrow();
    expect(fromText(vectors.public_key)).toHaveLength(32);
  });
});

describe('what is remembered', () => {
  const [ada, bo] = [Uint8Array.of(1), Uint8Array.of(2)];
  const windows = [0, 1, 2].map((n) => new Uint8Array(32).fill(n));
  const frame = (window: number, n = 0) => ({
    ...{ sealed: Uint8Array.of(window, n), kid: BigInt(window) },
    window: windows[window] as Bytes,
  });

  test('is what one voice said in two minutes, by windows', () => {
    const ring = new Ring();
    ring.keep(0, 'ada', ada, frame(0));
    ring.keep(1000, 'ada', ada, frame(1, 1));
    ring.keep(1500, 'bo', bo, frame(2));
    ring.keep(2000, 'ada', ada, frame(1, 2));
    ring.keep(2500, 'ada', ada, frame(0, 1)); // it comes late
    const pieces = ring.hold(3000, 'ada');
    expect(pieces.map(({ from, to, frames }) => [from, to, frames])).toEqual([
      [0, 2500, 2],
      [1000, 2000, 2],
    ]);
    expect(ring.hold(1000 + remembered, 'ada').map(({ frames }) => frames)).toEqual([1, 2]);
    expect(ring.hold(2001 + remembered, 'ada').map(({ frames }) => frames)).toEqual([1]);
    expect(ring.hold(2501 + remembered, 'ada')).toEqual([]);
    expect(ring.hold(0, 'cy')).toEqual([]);
  });

  test('stays for as long as somebody writes, and shows what was chosen and no more', () => {
    const ring = new Ring();
    ring.keep(0, 'ada', ada, frame(0));
    ring.keep(1000, 'ada', ada, frame(1));
    const [first, second] = ring.hold(1000, 'ada');
    ring.keep(10 * remembered, 'ada', ada, frame(2));
    expect(ring.show([second?.id ?? 0])).toEqual({
      cert: ada,
      windows: [{ kid: 1n, key: windows[1] }],
      frames: [frame(1).sealed],
    });
    expect(ring.show([first?.id ?? 0, second?.id ?? 0])?.frames).toHaveLength(2);
    expect(ring.show([])).toBeUndefined();
    ring.release();
    expect(ring.show([first?.id ?? 0])).toBeUndefined();
  });

  test('is of one visit, and has one key for each name', () => {
    const ring = new Ring();
    const again = { ...frame(0, 9), window: new Uint8Array(32).fill(9) };
    ring.keep(0, 'ada', ada, frame(0));
    ring.keep(1, 'ada', bo, frame(1)); // she came again, with another cert
    ring.keep(2, 'ada', bo, { ...again, kid: 1n });
    const ids = ring.hold(3, 'ada').map(({ id }) => id);
    expect(ids).toHaveLength(3);
    expect(ring.show(ids)).toEqual({
      cert: bo,
      windows: [{ kid: 1n, key: windows[1] }],
      frames: [frame(1).sealed],
    });
  });

  test('is bounded', () => {
    const ring = new Ring();
    for (let n = 0; n < 49_000; n++) {
      const window = windows[n % 3] as Bytes;
      ring.keep(0, `${n % 3}`, ada, { sealed: new Uint8Array(0), kid: 0n, window });
    }
    const all = ['0', '1', '2'].flatMap((who) => ring.hold(0, who));
    expect(all.reduce((sum, { frames }) => sum + frames, 0)).toBeLessThanOrEqual(48_000);
  });
});
