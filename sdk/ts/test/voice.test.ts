// @vitest-environment node
import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { join } from '../src/keys/bytes.ts';
import { senderKey, windowFrames } from '../src/keys/schedule.ts';
import { parseHeader } from '../src/keys/sframe.ts';
import { batchMax, Hearer, parse, proofWait, repeatsMax, Speaker } from '../src/keys/voice.ts';

interface Vectors {
  seed: string;
  cert: string;
  slot: number;
  batch: number;
  epochs: {
    epoch: number;
    secret: string;
    frames: { frame: string; redundant?: boolean; repeats: number; sealed: string }[];
  }[];
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../../test/vectors/voice.json', import.meta.url), 'utf8'),
);

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (b?: Uint8Array) => b && Buffer.from(b).toString('hex');
const frameTime = 20; // ms
const slot = 3;
const cert = new Uint8Array(32).fill(4);
const secret = (n: number) => new Uint8Array(32).fill(n);
const sound = () => crypto.getRandomValues(new Uint8Array(80));

/** The signing keys that come of a seed (RFC 8410). */
async function signer(seed: Uint8Array<ArrayBuffer>) {
  const pkcs8 = join(bytes('302e020100300506032b657004220420'), seed);
  const { subtle } = crypto;
  const sign = await subtle.importKey('pkcs8', pkcs8, 'Ed25519', true, ['sign']);
  const { x = '' } = await subtle.exportKey('jwk', sign);
  const jwk = { kty: 'OKP', crv: 'Ed25519', x };
  return { sign, verify: await subtle.importKey('jwk', jwk, 'Ed25519', true, ['verify']) };
}

test('a voice is sealed as in Go', { timeout: 20_000 }, async () => {
  const { sign, verify } = await signer(bytes(vectors.seed));
  const speaker = new Speaker(sign, vectors.slot, vectors.batch);
  const hearer = new Hearer(verify, vectors.slot);
  let now = 0;
  for (const { epoch, secret, frames } of vectors.epochs) {
    const sender = await senderKey(bytes(secret), vectors.slot, bytes(vectors.cert));
    await speaker.rekey(epoch, sender);
    hearer.rekey(epoch, sender);
    for (const { frame, redundant = false, repeats, sealed } of frames) {
      expect(hex(await speaker.seal(bytes(frame), redundant, repeats))).toBe(sealed);
      now += frameTime;
      expect(await hearer.open(now, bytes(sealed))).toMatchObject({
        payload: bytes(frame),
        redundant,
      });
      expect(hearer.trust(now)).toMatch(/proven/);
    }
  }
  expect(hearer.trust(now)).toBe('proven');
});

describe('one speaks and one hears', () => {
  let ada: Speaker;
  let bo: Hearer;
  let now = 0;
  let keys: Awaited<ReturnType<typeof signer>>;

  const rekey = async (epoch: number) => {
    const sender = await senderKey(secret(epoch), slot, cert);
    await ada.rekey(epoch, sender);
    bo.rekey(epoch, sender);
  };
  const hear = (sealed: Uint8Array<ArrayBuffer>) => {
    now += frameTime;
    return bo.open(now, sealed);
  };
  const say = async (n: number) => {
    for (let i = 0; i < n; i++) {
      const frame = sound();
      expect((await hear(await ada.seal(frame)))?.payload).toEqual(frame);
      expect(bo.trust(now)).toMatch(/proven/);
    }
  };
  /** Somebody inside, who has all but ada's signing key. */
  const forger = async (batch = batchMax) => {
    const other = await signer(secret(66));
    const forger = new Speaker(other.sign, slot, batch);
    await forger.rekey(1, await senderKey(secret(1), slot, cert));
    return forger;
  };

  beforeEach(async () => {
    keys = await signer(secret(9));
    ada = new Speaker(keys.sign, slot, batchMax);
    bo = new Hearer(keys.verify, slot);
    now = 0;
    await rekey(1);
  });

  test('what is said is proven, over windows and epochs', async () => {
    expect(bo.trust(now)).toBe('unproven');
    await say(windowFrames + 30);
    await rekey(2);
    await say(30);
    expect(bo.trust(now)).toBe('proven');
  });

  test('frames that are asked for at once are sealed in turn', async () => {
    const frames = Array.from({ length: 60 }, sound);
    const rekeyed = frames.map((frame, i) =>
      i === 30 ? rekey(2).then(() => ada.seal(frame)) : ada.seal(frame),
    );
    const sealed = await Promise.all(rekeyed);
    const seen = sealed.map((b) => parseHeader(b)).map((h) => `${h?.kid}/${h?.ctr}`);
    expect(new Set(seen).size).toBe(60);
  });

  test('a pause stays what it is, and nothing is said in it', async () => {
    expect(await ada.seal(new Uint8Array(0))).toHaveLength(0);
    expect(await hear(new Uint8Array(0))).toBeUndefined();
  });

  test('nothing is heard twice', async () => {
    const sealed = await ada.seal(sound());
    expect(await hear(sealed)).toBeDefined();
    expect(await hear(sealed)).toBeUndefined();
    await say(30);
    expect(bo.trust(now)).toBe('proven');
  });

  test('an epoch does not come again', async () => {
    await expect(ada.rekey(1, secret(5))).rejects.toThrow(RangeError);
    expect(() => bo.rekey(1, secret(5))).toThrow(RangeError);
    await expect(new Speaker(keys.sign, slot, 1).seal(sound())).rejects.toThrow(RangeError);
  });

  test('an epoch that is over is forgotten', async () => {
    const [late, later] = [await ada.seal(sound()), await ada.seal(sound())];
    await rekey(2);
    expect(await hear(late)).toBeDefined();
    bo.forget(2);
    expect(await hear(later)).toBeUndefined();
  });

  test('who signs for somebody else is found out', async () => {
    const other = await forger();
    for (let i = 0; i <= batchMax; i++) await hear(await other.seal(sound()));
    await hear(new Uint8Array(0)); // the signature is checked by then
    expect(bo.trust(now)).toBe('forged');
    now += 6000;
    expect(bo.trust(now)).not.toBe('forged');
  });

  test('who puts a frame in place of another is found out', async () => {
    const other = await forger();
    for (let i = 0; i < 30; i++) {
      const [hers, theirs] = [await ada.seal(sound()), await other.seal(sound())];
      await hear(i === 10 ? theirs : hers);
    }
    expect(bo.trust(now)).toBe('forged');
  });

  test('who proves nothing is silent after a second, until something is proven', async () => {
    await say(30);
    const unproven: Uint8Array<ArrayBuffer>[] = [];
    for (let i = 0; i < 25; i++) unproven.push(await ada.seal(sound()));
    for (const sealed of unproven.slice(0, 20)) await hear(sealed); // that with the proof too
    now += proofWait;
    expect(bo.trust(now + 1)).toBe('overdue');
    for (let i = 0; i < batchMax + 1; i++) await hear(await ada.seal(sound()));
    expect(bo.trust(now)).toBe('proven');
  });

  test('one lost proof is passed over, and not another soon after', async () => {
    await say(30);
    const overdue = async () => {
      let frames = 0;
      for (let i = 0; i < 8 * batchMax; i++) {
        const sealed = await ada.seal(sound());
        if (i === 20) continue; // with the proof of the batch before
        await hear(sealed);
        if (bo.trust(now) === 'overdue') frames++;
      }
      return frames;
    };
    expect(await overdue()).toBe(0);
    const again = await overdue();
    expect(again).toBeGreaterThan(0);
    expect(again).toBeLessThanOrEqual(batchMax + 1);
    await say(10_000 / frameTime);
    expect(await overdue()).toBe(0);
  });

  test('where packets are lost, proofs come through', { timeout: 20_000 }, async () => {
    let overdue = 0;
    let heard = 0;
    for (let i = 0; i < 2000; i++) {
      const sealed = await ada.seal(sound(), false, repeatsMax);
      now += frameTime;
      if ((i * 7919) % 10 < 3) continue;
      expect(await bo.open(now, sealed)).toBeDefined();
      heard++;
      if (bo.trust(now) === 'overdue') overdue++;
    }
    expect(bo.trust(now)).not.toBe('forged');
    expect(overdue / heard).toBeLessThan(0.02);
  });

  test('what is not of this voice is ignored', async () => {
    await say(30);
    const wrong = new Speaker(keys.sign, slot, batchMax);
    await wrong.rekey(1, await senderKey(secret(77), slot, cert));
    const other = new Speaker(keys.sign, slot + 1, batchMax);
    await other.rekey(1, await senderKey(secret(1), slot + 1, cert));
    for (const sealed of [await wrong.seal(sound()), await other.seal(sound()), sound()]) {
      expect(await hear(sealed)).toBeUndefined();
    }
    expect(bo.trust(now)).toBe('proven');
  });
});

test.each([
  '',
  '04',
  'ff00',
  '01',
  `01${'00'.repeat(81)}`,
  `01${'00'.repeat(16)}1a${'00'.repeat(400)}`,
])('%s is no frame', (b) => {
  expect(parse(bytes(b))).toBeUndefined();
});
