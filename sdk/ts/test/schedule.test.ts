// @vitest-environment node
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  commitTo,
  epochLow,
  kid,
  parseKid,
  roomCode,
  senderKey,
  windowKey,
} from '../src/keys/schedule.ts';

interface Vectors {
  secret: string;
  commit: string;
  roster: string;
  code: string;
  senders: {
    slot: number;
    cert: string;
    sender: string;
    windows: { window: number; epoch: number; kid: number; key: string; commit: string }[];
  }[];
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../../test/vectors/keys.json', import.meta.url), 'utf8'),
);

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (b: Uint8Array) => Buffer.from(b).toString('hex');

test('keys are derived as in Go', async () => {
  const secret = bytes(vectors.secret);
  expect(hex(await commitTo(secret))).toBe(vectors.commit);
  expect(await roomCode(secret, bytes(vectors.roster))).toBe(vectors.code);
  expect(vectors.senders.length).toBeGreaterThan(1);
  for (const { slot, cert, sender, windows } of vectors.senders) {
    expect(hex(await senderKey(secret, slot, bytes(cert)))).toBe(sender);
    for (const w of windows) {
      const made = await windowKey(bytes(sender), BigInt(w.window));
      expect([hex(made.key), hex(made.commit)]).toEqual([w.key, w.commit]);
      expect(kid(w.epoch, slot, BigInt(w.window))).toBe(BigInt(w.kid));
      const parsed = { epochLow: epochLow(w.epoch), slot, window: BigInt(w.window) };
      expect(parseKid(BigInt(w.kid))).toEqual(parsed);
    }
  }
});
