// @vitest-environment node
import { beforeEach, expect, test } from 'vitest';
import { parseHeader } from '../src/keys/sframe.ts';
import { type Agreed, type Epoch, Stage } from '../src/keys/stage.ts';
import { batchMax, proofWait } from '../src/keys/voice.ts';

type Bytes = Uint8Array<ArrayBuffer>;

interface One {
  who: string;
  cert: Bytes;
  sign: CryptoKey;
  page: CryptoKey;
  stage: Stage;
}

async function come(who: string, n: number): Promise<One> {
  const pair = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
  const { privateKey: sign, publicKey: page } = pair as CryptoKeyPair;
  const cert = new Uint8Array(32).fill(n);
  return { who, cert, sign, page, stage: new Stage(sign, cert, batchMax) };
}

const epoch = (number: number, from = 0): Epoch => ({
  number,
  secret: new Uint8Array(32).fill(number),
  from,
});
const agreed = (epochs: Epoch[], ...people: [slot: number, one: One][]): Agreed => ({
  epochs,
  roster: people.map(([slot, { who, page, cert }]) => ({
    ...{ slot, who, page, cert },
    certificate: cert,
  })),
});
const sound = () => crypto.getRandomValues(new Uint8Array(80));

let now = 0;
let ada: One;
let bo: One;
let cy: One;
const agree = (what: Agreed, ...people: One[]) =>
  Promise.all(people.map(({ stage }) => stage.agree(what)));

/** What `one` says next, as others may hear it. */
async function say(one: One, payload = sound()): Promise<Bytes> {
  now += 20;
  const sealed = await one.stage.seal(now, payload);
  if (!sealed) throw new TypeError('not sealed');
  return sealed;
}

beforeEach(async () => {
  now = 0;
  [ada, bo, cy] = [await come('ada', 1), await come('bo', 2), await come('cy', 3)];
});

test('everybody on the stage is heard by everybody, as who they are', async () => {
  await agree(agreed([epoch(1)], [0, ada], [1, bo]), ada, bo, cy);
  for (let i = 0; i < 60; i++) {
    for (const [speaker, others] of [
      [ada, [bo, cy]],
      [bo, [ada, cy]],
    ] as const) {
      const payload = sound();
      const sealed = await say(speaker, payload);
      for (const { stage } of others) {
        const heard = await stage.open(now, sealed);
        expect(heard).toMatchObject({ who: speaker.who, payload, redundant: false });
        expect(await stage.open(now, sealed)).toBeUndefined(); // twice
      }
      expect(await speaker.stage.open(now, sealed)).toBeUndefined(); // one's own
    }
  }
  expect(cy.stage.trust(now)).toEqual(new Map([ada, bo].map(({ who }) => [who, 'proven'])));
});

test('nothing is sealed without a key, a place, or before its time', async () => {
  expect(await ada.stage.seal(now, sound())).toBeUndefined();
  await agree(agreed([epoch(1, 300)], [0, ada]), ada, bo);
  expect(await bo.stage.seal(now + 300, sound())).toBeUndefined();
  expect(await ada.stage.seal(now + 299, sound())).toBeUndefined();
  expect(await ada.stage.seal(now + 300, sound())).toBeDefined();
});

test('an epoch follows another without a gap, and the old one ends', async () => {
  const first = agreed([epoch(1)], [0, ada]);
  await agree(first, ada, bo);
  const before = await say(ada);
  const both = agreed([epoch(2, now + 300), epoch(1)], [0, ada]);
  await agree(both, bo); // the listener has it first
  const late = await say(ada);
  await agree(both, ada);
  for (let i = 0; i < 30; i++) {
    const sealed = await say(ada); // of the old one for 300 ms, then of the new one
    expect(await bo.stage.open(now, sealed)).toBeDefined();
  }
  expect(await bo.stage.open(now, before)).toBeDefined();
  await agree(agreed([epoch(2)], [0, ada]), ada, bo);
  expect(await bo.stage.open(now, late)).toBeUndefined();
  expect(await bo.stage.open(now, await say(ada))).toBeDefined();
});

test('a slot that passes to another is theirs', async () => {
  await agree(agreed([epoch(1)], [0, ada]), ada, bo, cy);
  const old = await say(ada);
  await agree(agreed([epoch(2), epoch(1)], [0, bo]), ada, bo, cy);
  expect(await cy.stage.open(now, old)).toBeUndefined();
  expect((await cy.stage.open(now, await say(bo)))?.who).toBe('bo');
  expect(await ada.stage.seal(now, sound())).toBeUndefined();
});

test('who leaves the stage and comes back seals nothing twice', async () => {
  const numbers = new Set<string>();
  const number = (sealed: Bytes) => Buffer.from(sealed.subarray(0, 3)).toString('hex');
  for (let round = 1; round <= 3; round++) {
    await agree(agreed([epoch(round)], [0, ada]), ada, bo);
    for (let i = 0; i < 5; i++) numbers.add(number(await say(ada)));
    await agree(agreed([epoch(round)]), ada, bo);
    expect(await ada.stage.seal(now, sound())).toBeUndefined();
    await agree(agreed([epoch(round)], [0, ada]), ada, bo); // in the same epoch
    for (let i = 0; i < 5; i++) numbers.add(number(await say(ada)));
  }
  expect(numbers.size).toBe(30);
});

test('who leaves the stage and comes back in one epoch is not played twice', async () => {
  await agree(agreed([epoch(1)], [0, ada]), ada, bo);
  const said = await say(ada);
  expect(await bo.stage.open(now, said)).toBeDefined();
  await agree(agreed([epoch(1)]), ada, bo);
  expect(await bo.stage.open(now, said)).toBeUndefined();
  await agree(agreed([epoch(1)], [0, ada]), ada, bo);
  expect(await bo.stage.open(now, said)).toBeUndefined();
  expect(await bo.stage.open(now, await say(ada))).toBeDefined();
});

test('one inside who speaks as another is not played for long', async () => {
  await agree(agreed([epoch(1)], [0, ada]), ada, bo);
  const forger = new Stage(bo.sign, ada.cert, batchMax); // with the secret and her cert
  await forger.agree(agreed([epoch(1)], [0, ada]));
  let played = 0;
  for (let i = 0; i < 100; i++) {
    now += 20;
    const sealed = await forger.seal(now, sound());
    if (sealed && (await bo.stage.open(now, sealed))) played++;
  }
  expect(played * 20).toBeLessThanOrEqual(proofWait);
  expect(bo.stage.trust(now).get('ada')).toBe('forged');
});

test('what nobody on the stage has sealed is nothing', async () => {
  await agree(agreed([epoch(1)], [0, ada]), ada, bo);
  await agree(agreed([epoch(2)], [0, ada]), cy);
  const other = await say(ada);
  expect(await cy.stage.open(now, other)).toBeUndefined(); // of another epoch
  for (const b of [new Uint8Array(0), sound(), other.slice(0, 5), Uint8Array.of(255)]) {
    expect(await bo.stage.open(now, b)).toBeUndefined();
  }
  const spoilt = await say(ada);
  spoilt[20] = (spoilt[20] ?? 0) ^ 1;
  expect(await bo.stage.open(now, spoilt)).toBeUndefined();
  expect(bo.stage.trust(now).get('ada')).toBeUndefined(); // nobody outside makes a voice suspect
});

test('a voice that comes by two connections is played once, and nothing is missing', async () => {
  await agree(agreed([epoch(1)], [0, ada], [1, bo]), ada, bo);
  const frames = await Promise.all(Array.from({ length: 12 }, () => sound()));
  const said: Bytes[] = [];
  for (const frame of frames) said.push(await say(ada, frame));
  const played: number[] = [];
  const comes = async (n: number, by: number) => {
    const heard = await bo.stage.open(now, said[n] as Bytes, by);
    if (heard) played.push(n);
  };
  for (const n of [0, 1, 2, 3]) await comes(n, 1);
  await comes(6, 2); // the newer one is ahead
  await comes(4, 1); // what is missing at the end of the older
  await comes(7, 1); // is the newer one's to play
  await comes(5, 1);
  await comes(6, 1);
  await comes(7, 2);
  for (const n of [8, 9, 10, 11]) {
    await comes(n, 1);
    await comes(n, 2);
  }
  expect(played).toEqual([0, 1, 2, 3, 6, 4, 5, 7, 8, 9, 10, 11]);
});

test('whichever way frames go, no number is used twice', async () => {
  await agree(agreed([epoch(1)], [0, ada], [1, bo]), ada, bo);
  await say(ada); // the epoch has begun
  const all = await Promise.all(
    Array.from({ length: 600 }, (_, i) => {
      if (i % 50 === 0) ada.stage.repeat();
      return ada.stage.seal(now, sound());
    }),
  );
  const numbers = all.map((sealed) => {
    const header = parseHeader(sealed as Bytes);
    return `${header?.kid} ${header?.ctr}`;
  });
  expect(new Set(numbers).size).toBe(600);
});
