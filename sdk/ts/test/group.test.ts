// @vitest-environment node
import { describe, expect, test } from 'vitest';
import type { Announced } from '../src/keys/asking.ts';
import { Group } from '../src/keys/group.ts';
import { rewrap, welcome } from '../src/keys/letters.ts';
import {
  type Announce,
  fromText,
  hashAnnounce,
  hashAudience,
  hashRoster,
  type Letter,
  makeAnnounce,
  makeCert,
  parseID,
  parseKnock,
  toText,
  writeAnnounce,
  writeLetter,
  writeRoster,
} from '../src/keys/messages.ts';
import { commitTo } from '../src/keys/schedule.ts';
import { World } from './world.ts';

type Bytes = Uint8Array<ArrayBuffer>;

describe('whatever happens in a room, those who are in it agree', () => {
  const seeds = Array.from({ length: 24 }, (_, seed) => seed);
  test.each(seeds)('%i', { timeout: 60_000 }, async (seed) => {
    const world = await World.make(seed);
    const [first] = world.people;
    if (!first) return;
    await world.enter(first);
    world.up(first);
    for (let i = 0; i < 40; i++) {
      await world.chance();
      await world.run(world.now + world.span(10, 1500));
    }
    await world.rest();
    await world.calm(3000);
    await world.run(world.now + 40_000);
    await world.calm(1000);
    expect(await world.strangers()).toEqual([]);
    // A steward that freezes, when somebody comes.
    const newcomer = world.pick(({ seated }) => !seated);
    if (newcomer && world.tender && world.stage.length > 1) {
      world.tender.frozen = true;
      await world.enter(newcomer);
      await world.calm(5000);
    }
    expect(world.faults).toEqual([]);
  });
});

// --- announces and letters that are ignored ---

const room = id(1);

/** The id that bytes of one value stand for. */
function id(n: number): string {
  const bits = n.toString(2).padStart(8, '0').repeat(16);
  const text = '0123456789abcdefghijklmnopqrstuv';
  return Array.from(
    { length: 26 },
    (_, i) => text[Number.parseInt(bits.slice(5 * i, 5 * i + 5).padEnd(5, '0'), 2)],
  ).join('');
}

async function signing(): Promise<{ key: CryptoKey; publicKey: Bytes }> {
  const pair = (await crypto.subtle.generateKey('Ed25519', false, ['sign'])) as CryptoKeyPair;
  const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  return { key: pair.privateKey, publicKey };
}

/** Ada is on the stage and announces by hand; Ben listens to her. */
async function desk() {
  const [ada, ben, other] = [id(2), id(3), await signing()];
  const [device, page] = [await signing(), await signing()];
  const about = { room: parseID(room) as Bytes, who: parseID(ada) as Bytes };
  const member = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  const cert = await makeCert(
    device.key,
    { member, page: page.publicKey, device: device.publicKey },
    about,
  );
  const roster = [{ slot: 3, cert }];
  const secret = new Uint8Array(32).fill(7);
  const group = await Group.make({ room, who: ben, device: other, closed: false });
  await group.entered(1e12);
  await group.see(1e12, { stage: [{ who: ada, away: false }], closed: false, proven: false });
  const [asked] = group.take();
  if (!asked || !('knock' in asked)) throw new TypeError('no knock');
  const knock = parseKnock(fromText(asked.knock.knock) as Bytes);
  if (!knock) throw new TypeError('a malformed knock');
  let last: Announce | undefined;

  const first: Omit<Announce, 'signature'> = {
    ...{ sequence: 1, epoch: 1, slot: 3, proven: false, time: 1e12, holders: 2 },
    ...{ before: new Uint8Array(32), commit: await commitTo(secret) },
    ...{ roster: await hashRoster(roster), audience: await hashAudience([]) },
  };
  const announce = async (
    change: Partial<Omit<Announce, 'signature'>> = {},
    notice: Partial<Announced> = {},
    key = page.key,
  ) => {
    const before = last ? await hashAnnounce(last) : first.before;
    const sequence = (last?.sequence ?? 0) + 1;
    const made = await makeAnnounce(key, { ...first, before, sequence, ...change }, about.room);
    await group.hear(1e12, {
      announce: {
        ...{ room, sequence: made.sequence, epoch: made.epoch },
        ...{ announce: toText(writeAnnounce(made)) },
        ...{ roster: toText(writeRoster(roster)), stage: [ada], ...notice },
      },
    });
    return made;
  };
  const give = (letter: Letter) =>
    group.hear(1e12, { letter: { room, letter: toText(writeLetter(letter)) } });
  last = await announce();
  const to = { room: about.room, member: knock.cert.member };
  const { letter, kek } = await welcome(knock, { ...to, epoch: 1 }, secret);
  await give(letter);
  return { group, ada, announce, give, kek, knock, to, secret, roster, other };
}

const nothing = new Uint8Array(32).fill(1);

test('who is let in has the secret, and a code', async () => {
  const { group, secret, ada } = await desk();
  const { epochs, roster, code, holders, steward, ignored } = await group.state();
  expect(epochs).toMatchObject([{ number: 1, secret, from: 1e12 + 300 }]);
  expect(roster).toMatchObject([{ slot: 3, who: ada }]);
  expect(code).toMatch(/^(\d{5} ){5}\d{5}$/);
  expect({ holders, steward }).toEqual({ holders: 2, steward: ada });
  expect(ignored.size).toBe(0);
});

describe('an announce', () => {
  type Desk = Awaited<ReturnType<typeof desk>>;
  const told: Record<string, [why: string | undefined, (d: Desk) => Promise<unknown>]> = {
    follows: [undefined, (d) => d.announce()],
    'of a greater epoch': [undefined, (d) => d.announce({ epoch: 9, commit: nothing })],
    'after one that is lost': [undefined, (d) => d.announce({ sequence: 9, before: nothing })],
    cut: ['malformed', (d) => d.announce({}, { announce: 'AQ' })],
    'of another room': ['malformed', (d) => d.announce({}, { room: id(9) })],
    'of the same number': ['stale', (d) => d.announce({ sequence: 1, time: 1 })],
    'after another': ['chain', (d) => d.announce({ before: nothing })],
    'of another secret': ['commit', (d) => d.announce({ commit: nothing })],
    'of a slot that nobody has': ['roster', (d) => d.announce({ slot: 4 })],
    'of a roster that is not there': ['roster', (d) => d.announce({ roster: nothing })],
    'by another page': ['signature', (d) => d.announce({}, {}, d.other.key)],
    "whose roster is somebody else's": [
      'signature',
      async (d) => {
        const roster = d.roster.map(({ cert }) => ({ slot: 5, cert }));
        const said = { roster: toText(writeRoster(roster)), stage: [id(4)] };
        // As long as it is another roster: of the same one nothing is read again.
        await d.announce({ slot: 5, roster: await hashRoster(roster) }, said);
      },
    ],
  };
  test.each(Object.entries(told))('%s', async (_, [why, say]) => {
    const d = await desk();
    const before = (await d.group.state()).since;
    await say(d);
    const { ignored, since } = await d.group.state();
    expect([...ignored]).toEqual(why ? [[why, 1]] : []);
    expect(since).toBe(before);
  });

  test('by one who is not on the stage waits until they are', async () => {
    const d = await desk();
    await d.group.see(1e12, { stage: [], closed: false, proven: false });
    await d.announce({ epoch: 2, commit: nothing });
    expect((await d.group.state()).epoch).toBe(1);
    await d.group.see(1e12, { stage: [{ who: d.ada, away: false }], closed: false, proven: false });
    expect((await d.group.state()).epoch).toBe(0); // its secret has not come
  });
});

describe('a letter', () => {
  type Desk = Awaited<ReturnType<typeof desk>>;
  const told: Record<string, [why: string, (d: Desk) => Promise<unknown>]> = {
    'to another': [
      'sealed',
      async (d) => {
        const about = { ...d.to, epoch: 2 };
        const { letter } = await welcome(d.knock, { ...about, member: nothing }, d.secret);
        await d.give(letter);
      },
    ],
    'that was changed': [
      'sealed',
      async (d) => {
        const letter = await rewrap(d.kek, 2, d.secret);
        letter.sealed[0] = (letter.sealed[0] ?? 0) ^ 1;
        await d.give(letter);
      },
    ],
    'of a secret that was not announced': [
      'commit',
      async (d) => d.give(await rewrap(d.kek, 1, nothing)),
    ],
    'of an epoch that has gone': [
      'late',
      async (d) => {
        await d.announce({ epoch: 5, commit: nothing });
        await d.give(await rewrap(d.kek, 4, d.secret));
      },
    ],
  };
  test.each(Object.entries(told))('%s', async (_, [why, say]) => {
    const d = await desk();
    await say(d);
    const { ignored, epochs } = await d.group.state();
    expect([...ignored]).toEqual([[why, 1]]);
    expect(epochs.map(({ number }) => number)).toEqual([1]);
  });

  test('may come before its announce', async () => {
    const d = await desk();
    await d.give(await rewrap(d.kek, 2, nothing));
    expect((await d.group.state()).epochs).toHaveLength(1);
    await d.announce({ epoch: 2, commit: await commitTo(nothing) });
    const { epochs } = await d.group.state();
    expect(epochs).toMatchObject([{ number: 2, secret: nothing }, { number: 1 }]);
    await d.group.tick(1e12 + 9_999);
    expect((await d.group.state()).epochs).toHaveLength(2);
    await d.group.tick(1e12 + 10_000);
    expect((await d.group.state()).epochs).toHaveLength(1);
  });
});
