// @vitest-environment node
import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { join } from '../src/keys/bytes.ts';
import { type Cert, hashCert, makeCert, parseCert, toText } from '../src/keys/messages.ts';
import { wordsKey } from '../src/keys/schedule.ts';
import {
  bytesMax,
  type Epoch,
  isText,
  parseSaid,
  Reader,
  textMax,
  type WhyNot,
  Writer,
  waitFor,
  waitMax,
} from '../src/keys/words.ts';

type Bytes = Uint8Array<ArrayBuffer>;

interface Vectors {
  room: string;
  people: { who: string; device: string; page: string; cert: string }[];
  epochs: { epoch: number; secret: string }[];
  said: { by: number; epoch: number; number: number; text: string; key: string; sealed: string }[];
  ignored: { about: string; by: number; why: WhyNot; sealed: string }[];
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../../test/vectors/words.json', import.meta.url), 'utf8'),
);

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (b: Uint8Array) => Buffer.from(b).toString('hex');
const signer = (seed: string) => {
  const pkcs8 = join(bytes('302e020100300506032b657004220420'), bytes(seed));
  return crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign']);
};
const counts = (reader: Reader) => Object.fromEntries(reader.ignored);

describe('the vectors shared with Go', () => {
  const room = bytes(vectors.room);
  const epochs = vectors.epochs.map(({ epoch: number, secret }) => ({
    ...{ number, secret: bytes(secret), from: 0 },
  }));

  test('are sealed so', async () => {
    const writers: Writer[] = [];
    for (const { who, page, cert } of vectors.people) {
      const parsed = parseCert(bytes(cert)) as Cert;
      writers.push(new Writer({ room, who: bytes(who) }, parsed, await signer(page)));
    }
    for (const { by, epoch, text, key, sealed } of vectors.said) {
      const known = epochs.filter(({ number }) => number === epoch);
      expect(hex((await writers[by]?.seal(0, known, text)) ?? bytes(''))).toBe(sealed);
      const cert = parseCert(bytes(vectors.people[by]?.cert ?? '')) as Cert;
      expect(hex(await wordsKey(known[0]?.secret as Bytes, await hashCert(cert)))).toBe(key);
    }
  });

  test('are read so, and nothing else is', async () => {
    const reader = new Reader(room);
    await reader.agree(0, epochs);
    const read = (by: number, sealed: string) => {
      const who = bytes(vectors.people[by]?.who ?? '');
      return reader.read(0, { n: 7, who: hex(who), name: 'Ada' }, who, bytes(sealed));
    };
    for (const { by, epoch, number, text, sealed } of vectors.said) {
      expect(await read(by, sealed)).toMatchObject({ n: 7, name: 'Ada', text });
      expect(parseSaid(bytes(sealed))).toMatchObject({ epoch, number: BigInt(number) });
    }
    const ignored: Record<string, number> = {};
    for (const { about, by, why, sealed } of vectors.ignored) {
      ignored[why] = (ignored[why] ?? 0) + 1;
      expect(await read(by, sealed), about).toBeUndefined();
      expect(counts(reader), about).toEqual(ignored);
    }
  });
});

test('texts are of some characters, and what is no character is none', () => {
  const good = ['a', 'two\nlines', 'ä'.repeat(textMax), '東'.repeat(405), '👩‍👩‍👧', '\ufeffa'];
  for (const text of good) expect(isText(text), text.slice(0, 9)).toBe(true);
  const bad = ['', 'a'.repeat(501), '東'.repeat(406), '\ud800', 'tab\t', '\r\n', 'a\0', '\u0085'];
  for (const text of bad) expect(isText(text), JSON.stringify(text.slice(0, 9))).toBe(false);
  expect(bytesMax).toBe(1215);
});

describe('somebody inside', () => {
  const room = new Uint8Array(16).fill(7);
  const who = new Uint8Array(16).fill(1);
  const epoch = (number: number, from = 0): Epoch => ({
    ...{ number, secret: new Uint8Array(32).fill(number), from },
  });
  let device: CryptoKeyPair;
  let writer: Writer;
  let reader: Reader;
  let now = 0;

  /** A page of the person's, on their device. */
  const load = async () => {
    const page = (await crypto.subtle.generateKey('Ed25519', true, [
      'sign',
      'verify',
    ])) as CryptoKeyPair;
    const raw = async (key: CryptoKey) => new Uint8Array(await crypto.subtle.exportKey('raw', key));
    const keys = { page: await raw(page.publicKey), device: await raw(device.publicKey) };
    const member = crypto.getRandomValues(new Uint8Array(8));
    const cert = await makeCert(device.privateKey, { member, ...keys }, { room, who });
    return new Writer({ room, who }, cert, page.privateKey);
  };
  const write = async (text: string, ...epochs: Epoch[]) => {
    const sealed = await writer.seal(now, epochs, text);
    if (!sealed) throw new TypeError('not sealed');
    return sealed;
  };
  const read = (sealed: Bytes, by = who) =>
    reader.read(now, { n: 1, who: hex(by), name: 'Ada' }, by, sealed);

  beforeEach(async () => {
    now = 0;
    device = (await crypto.subtle.generateKey('Ed25519', true, [
      'sign',
      'verify',
    ])) as CryptoKeyPair;
    writer = await load();
    reader = new Reader(room);
  });

  test('is read with the device that they write on, once', async () => {
    await reader.agree(now, [epoch(1)]);
    const sealed = await write('Hello.', epoch(1));
    const key = new Uint8Array(await crypto.subtle.exportKey('raw', device.publicKey));
    expect(await read(sealed)).toEqual({
      ...{ n: 1, who: hex(who), name: 'Ada', text: 'Hello.', device: toText(key) },
    });
    expect(await read(sealed)).toBeUndefined();
    expect(await read(await write('Hello.', epoch(1)), new Uint8Array(16))).toBeUndefined();
    expect(counts(reader)).toEqual({ replay: 1, signature: 1 });
  });

  test('writes with the newest secret that all have by then, and numbers go on', async () => {
    const parsed = async (...epochs: Epoch[]) => parseSaid(await write('a', ...epochs));
    expect(await parsed(epoch(1, 300))).toMatchObject({ epoch: 1, number: 0n }); // the only one
    expect(await parsed(epoch(2, 300), epoch(1))).toMatchObject({ epoch: 1, number: 1n });
    now = 300;
    expect(await parsed(epoch(2, 300), epoch(1))).toMatchObject({ epoch: 2, number: 2n });
    expect(await writer.seal(now, [], 'a')).toBeUndefined();
    expect(await writer.seal(now, [epoch(1)], '')).toBeUndefined();
  });

  test('is read when the secret comes, if it comes soon', async () => {
    const texts = async (...epochs: Epoch[]) =>
      (await reader.agree(now, epochs)).map(({ text }) => text);
    expect(await read(await write('first', epoch(1)))).toBeUndefined();
    now = waitFor;
    expect(await texts(epoch(1))).toEqual(['first']);
    await read(await write('second', epoch(2)));
    now += waitFor + 1;
    expect(await texts(epoch(2), epoch(1))).toEqual([]);
    for (let n = 0; n < waitMax + 2; n++) await read(await write(`${n}`, epoch(3)));
    const waited = await texts(epoch(3), epoch(2));
    expect([waited.length, waited[0]]).toEqual([waitMax, '2']);
    expect(counts(reader)).toEqual({ late: 3 });
    // Of an epoch that is gone, nothing is read any more.
    expect(await read(await write('old', epoch(1)))).toBeUndefined();
    expect(counts(reader)).toEqual({ late: 4 });
  });

  test('is read from some pages in an epoch, and not from ever more', async () => {
    await reader.agree(now, [epoch(1)]);
    for (let n = 0; n < 9; n++) {
      writer = await load();
      expect((await read(await write(`${n}`, epoch(1))))?.text).toBe(n < 8 ? `${n}` : undefined);
    }
    expect(counts(reader)).toEqual({ full: 1 });
    await reader.agree(now, [epoch(3), epoch(2)]);
    expect((await read(await write('again', epoch(3))))?.text).toBe('again');
  });
});
