// @vitest-environment node
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse, Repeater, write } from '../src/red.ts';

interface Vectors {
  payload_type: number;
  streams: {
    name: string;
    repeat: number[];
    stream: { timestamp: number; frame: string; payload: string }[];
  }[];
  read: {
    name: string;
    payload: string;
    copies: { offset: number; data: string }[];
    frame: string;
  }[];
  malformed: { name: string; payload: string }[];
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../../test/vectors/red.json', import.meta.url), 'utf8'),
);
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (data: Uint8Array) => Buffer.from(data).toString('hex');

/** Numbers that look random and are the same each time (mulberry32). */
function random(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

describe('the vectors', () => {
  for (const { name, repeat, stream } of vectors.streams) {
    it(name, () => {
      const repeater = new Repeater();
      for (const { timestamp, frame, payload } of stream) {
        const made = repeater.next(vectors.payload_type, timestamp, bytes(frame), repeat);
        expect(hex(made)).toBe(payload);
      }
    });
  }
  for (const { name, payload, copies, frame } of vectors.read) {
    it(name, () => {
      const read = parse(bytes(payload));
      expect(read?.type).toBe(vectors.payload_type);
      expect(read?.copies.map((c) => ({ ...c, data: hex(c.data) }))).toStrictEqual(copies);
      expect(hex(read?.frame ?? new Uint8Array())).toBe(frame);
    });
  }
  for (const { name, payload } of vectors.malformed) {
    it(`malformed: ${name}`, () => expect(parse(bytes(payload))).toBeUndefined());
  }
});

describe('whatever a stream does', () => {
  it('a copy says when it was sent, and payloads stay within their bounds', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const below = random(seed);
      const repeater = new Repeater();
      const sent = new Set<string>();
      let timestamp = below(2 ** 32);
      for (let n = 0; n < 60; n++) {
        const jump = below(10);
        if (jump === 0) timestamp = below(2 ** 32);
        else timestamp = (timestamp + 960 * (jump === 1 ? below(100) : 1 + below(3))) % 2 ** 32;
        const frame = Uint8Array.from({ length: 1 + below(1 + (1400 >> below(8))) }, () =>
          below(256),
        );
        const distances = Array.from({ length: below(6) }, () => below(20) - 1);
        const made = repeater.next(111, timestamp, frame, distances);
        const read = parse(made);
        expect(made.length).toBeLessThanOrEqual(Math.max(840, 1 + frame.length));
        expect(hex(read?.frame ?? new Uint8Array())).toBe(hex(frame));
        for (const { offset, data } of read?.copies ?? []) {
          expect(sent).toContain(`${(timestamp - offset + 2 ** 32) % 2 ** 32} ${hex(data)}`);
        }
        sent.add(`${timestamp} ${hex(frame)}`);
      }
    }
  });
});

describe('bytes from anywhere', () => {
  it('are read within their bounds or not at all, and what is read can be written', () => {
    const payloads = vectors.streams.flatMap(({ stream }) => stream.map((s) => bytes(s.payload)));
    const below = random(1);
    let read = 0;
    for (let n = 0; n < 20_000; n++) {
      const whole = payloads[below(payloads.length)] ?? new Uint8Array();
      const some = whole.slice(0, below(whole.length + 1)); // truncated
      for (let hits = below(4); hits > 0; hits--) some[below(some.length || 1)] = below(256);
      const payload = parse(some);
      if (!payload) continue;
      read++;
      expect(payload.frame.length).toBeGreaterThan(0);
      expect(payload.copies.length).toBeLessThanOrEqual(4);
      const again = parse(write(payload));
      expect(again).toStrictEqual(payload);
    }
    expect(read).toBeGreaterThan(1000);
  });
});
