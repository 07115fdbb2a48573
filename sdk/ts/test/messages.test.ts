// @vitest-environment node
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { join } from '../src/keys/bytes.ts';
import { openBox, openRewrap, openWelcome, rewrap, welcome } from '../src/keys/letters.ts';
import {
  type Cert,
  fromText,
  hashAnnounce,
  hashAudience,
  hashCert,
  hashPeople,
  hashRoster,
  type Kem,
  makeAnnounce,
  makeCert,
  makeKnock,
  parseAnnounce,
  parseCert,
  parseID,
  parseKnock,
  parseLetter,
  parseRoster,
  toText,
  verifyAnnounce,
  verifyCert,
  verifyKnock,
  writeAnnounce,
  writeCert,
  writeKnock,
  writeLetter,
  writeRoster,
} from '../src/keys/messages.ts';
import { roomCode } from '../src/keys/schedule.ts';

interface Bad {
  name: string;
  bytes: string;
}

type Kind = 'cert' | 'knock' | 'roster' | 'announce' | 'letter';

interface Vectors {
  room: string;
  people: {
    who: string;
    member: string;
    deviceSeed: string;
    deviceKey: string;
    pageSeed: string;
    pageKey: string;
    cert: string;
    hash: string;
  }[];
  knocks: { person: number; kem: Kem; private: string; public: string; knock: string }[];
  roster: { slots: number[]; people: number[]; roster: string; hash: string };
  audience: { people: number[]; hash: string };
  announces: {
    person: number;
    sequence: number;
    epoch: number;
    slot: number;
    flags: number;
    time: number;
    holders: number;
    before: string;
    commit: string;
    roster: string;
    audience: string;
    announce: string;
    hash: string;
  }[];
  welcomes: Sealed[];
  rewraps: Sealed[];
  codes: { secret: string; announce: number; code: string }[];
  json: { room: string; member: string; bytes: string; text: string };
  malformed: Record<Kind, Bad[]>;
  forged: Record<'cert' | 'knock' | 'announce', Bad[]>;
}

interface Sealed {
  person: number;
  knock: number;
  epoch: number;
  secret: string;
  kek: string;
  letter: string;
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../../test/vectors/group.json', import.meta.url), 'utf8'),
);

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (b: Uint8Array) => Buffer.from(b).toString('hex');
const room = bytes(vectors.room);

/** One of a list, which has it. */
function of<T>(list: readonly T[], i: number): T {
  const one = list[i];
  if (one === undefined) throw new RangeError(`no ${i}`);
  return one;
}

const person = (i: number) => of(vectors.people, i);
const about = (i: number) => ({ room, who: bytes(person(i).who) });

/** Fails where a message that should be readable is not. */
function read<T>(message: T | undefined): T {
  if (message === undefined) throw new TypeError('not read');
  return message;
}

const certOf = (i: number): Cert => read(parseCert(bytes(person(i).cert)));

/** The private key that comes of a seed (RFC 8410). */
const signer = (seed: string) =>
  crypto.subtle.importKey(
    'pkcs8',
    join(bytes('302e020100300506032b657004220420'), bytes(seed)),
    'Ed25519',
    false,
    ['sign'],
  );

describe('as in Go', () => {
  test('certs', async () => {
    for (const [i, { member, pageKey, deviceKey, deviceSeed, cert, hash }] of [
      ...vectors.people.entries(),
    ]) {
      const keys = { member: bytes(member), page: bytes(pageKey), device: bytes(deviceKey) };
      const made = await makeCert(await signer(deviceSeed), keys, about(i));
      expect(hex(writeCert(made))).toBe(cert);
      expect(certOf(i)).toEqual(made);
      expect(hex(await hashCert(made))).toBe(hash);
      expect(await verifyCert(made, about(i))).toBe(true);
      expect(await verifyCert(made, about((i + 1) % vectors.people.length))).toBe(false);
    }
  });

  test('knocks', async () => {
    for (const { person: i, kem, public: key, knock } of vectors.knocks) {
      const made = await makeKnock(
        await signer(person(i).pageSeed),
        { cert: certOf(i), kem, key: bytes(key) },
        about(i),
      );
      expect(hex(writeKnock(made))).toBe(knock);
      expect(parseKnock(bytes(knock))).toEqual(made);
      expect(await verifyKnock(made, about(i))).toBe(true);
      expect(await verifyKnock(made, { ...about(i), room: bytes(person(i).who) })).toBe(false);
    }
  });

  test('rosters and audiences', async () => {
    const { slots, people, roster, hash } = vectors.roster;
    const made = slots.map((slot, i) => ({ slot, cert: certOf(of(people, i)) }));
    expect(hex(writeRoster(made))).toBe(roster);
    expect(parseRoster(bytes(roster))).toEqual(made);
    expect(hex(await hashRoster(made))).toBe(hash);
    const audience = vectors.audience.people.map(certOf);
    expect(hex(await hashAudience(audience))).toBe(vectors.audience.hash);
    expect(hex(await hashAudience(audience.reverse()))).toBe(vectors.audience.hash);
  });

  test('announces', async () => {
    for (const a of vectors.announces) {
      const made = await makeAnnounce(
        await signer(person(a.person).pageSeed),
        {
          sequence: a.sequence,
          epoch: a.epoch,
          slot: a.slot,
          proven: a.flags === 1,
          time: a.time,
          holders: a.holders,
          before: bytes(a.before),
          commit: bytes(a.commit),
          roster: bytes(a.roster),
          audience: bytes(a.audience),
        },
        room,
      );
      expect(hex(writeAnnounce(made))).toBe(a.announce);
      expect(parseAnnounce(bytes(a.announce))).toEqual(made);
      expect(hex(await hashAnnounce(made))).toBe(a.hash);
      expect(await verifyAnnounce(made, bytes(person(a.person).pageKey), room)).toBe(true);
      expect(await verifyAnnounce(made, bytes(person(a.person).deviceKey), room)).toBe(false);
    }
  });

  test('codes', async () => {
    for (const { secret, announce, code } of vectors.codes) {
      const said = read(parseAnnounce(bytes(of(vectors.announces, announce).announce)));
      expect(await roomCode(bytes(secret), await hashPeople(said))).toBe(code);
    }
  });

  test('what Go has sealed opens', async () => {
    const keks = new Map<string, CryptoKey>();
    for (const w of vectors.welcomes) {
      const { kem, private: key, public: known } = of(vectors.knocks, w.knock);
      const box = await openBox(kem, bytes(key), bytes(known));
      const letter = read(parseLetter(bytes(w.letter)));
      expect(hex(writeLetter(letter))).toBe(w.letter);
      expect(letter.epoch).toBe(w.epoch);
      const to = { room, member: bytes(person(w.person).member) };
      const opened = read(await openWelcome(box, to, letter));
      expect(hex(opened.secret)).toBe(w.secret);
      keks.set(w.kek, opened.kek);
      const other = { room, member: bytes('0102030405060708') };
      expect(await openWelcome(box, other, letter)).toBeUndefined();
      expect(await openWelcome(box, to, { ...letter, epoch: w.epoch + 1 })).toBeUndefined();
    }
    for (const r of vectors.rewraps) {
      const letter = read(parseLetter(bytes(r.letter)));
      const kek = read(keks.get(r.kek)); // which proves that it is the same
      expect(hex(read(await openRewrap(kek, letter)))).toBe(r.secret);
      expect(await rewrap(kek, r.epoch, bytes(r.secret))).toEqual(letter);
      expect(hex(writeLetter(letter))).toBe(r.letter);
      expect(await openRewrap(kek, { ...letter, epoch: r.epoch + 1 })).toBeUndefined();
    }
  });

  test('ids and bytes are written', () => {
    const { json } = vectors;
    expect(hex(read(parseID(json.room)))).toBe(vectors.room);
    expect(hex(read(fromText(json.member)))).toBe(person(0).member);
    expect(toText(bytes(json.bytes))).toBe(json.text);
    expect(hex(read(fromText(json.text)))).toBe(json.bytes);
    for (const text of [
      '',
      json.room.slice(1),
      `${json.room.slice(1)}w`,
      `${json.room.slice(1)}9`,
    ]) {
      expect(parseID(text)).toBeUndefined();
    }
    for (const text of ['A', 'YQ==', 'YR', 'a+b/', 'YQ\n']) expect(fromText(text)).toBeUndefined();
  });
});

test('what is sealed here opens here', async () => {
  for (const { kem, private: key, public: known, person: i } of vectors.knocks) {
    const box = await openBox(kem, bytes(key), bytes(known));
    const to = { room, member: bytes(person(i).member), epoch: 7 };
    const secret = crypto.getRandomValues(new Uint8Array(32));
    const { letter, kek } = await welcome(box, to, secret);
    const opened = read(await openWelcome(box, to, letter));
    expect(opened.secret).toEqual(secret);
    expect(await openRewrap(opened.kek, await rewrap(kek, 8, secret))).toEqual(secret);
  }
});

const parsers: Record<Kind, (b: Uint8Array<ArrayBuffer>) => unknown> = {
  cert: parseCert,
  knock: parseKnock,
  roster: parseRoster,
  announce: parseAnnounce,
  letter: parseLetter,
};

describe.each(Object.entries(parsers))('%s', (kind, parse) => {
  test.each(vectors.malformed[kind as Kind])('malformed: $name', ({ bytes: b }) => {
    expect(parse(bytes(b))).toBeUndefined();
  });

  test('anything is read within its bounds or not at all', () => {
    for (let i = 0; i < 500; i++) {
      const b = crypto.getRandomValues(new Uint8Array(i * 3));
      if (b.length) b[0] = (b[0] ?? 0) % 4;
      expect(() => parse(b)).not.toThrow();
    }
  });
});

describe('forged', () => {
  test.each(vectors.forged.cert)('cert: $name', async ({ bytes: b }) => {
    const cert = parseCert(bytes(b));
    expect(cert && (await verifyCert(cert, about(0)))).toBeFalsy();
  });

  test.each(vectors.forged.knock)('knock: $name', async ({ bytes: b }) => {
    const knock = parseKnock(bytes(b));
    expect(knock && (await verifyKnock(knock, about(0)))).toBeFalsy();
  });

  test.each(vectors.forged.announce)('announce: $name', async ({ bytes: b }) => {
    const announce = parseAnnounce(bytes(b));
    const page = bytes(person(0).pageKey);
    expect(announce && (await verifyAnnounce(announce, page, room))).toBeFalsy();
  });
});
