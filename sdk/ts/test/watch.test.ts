import { expect, test } from 'vitest';
import type { NodeAt } from '../src/http.ts';
import { alternates, Bearing, following, hesitate, nameOf, received, Watch } from '../src/watch.ts';

test('silence is what was looked at in time', () => {
  const watch = new Watch();
  watch.look(0, 5, 100);
  for (const now of [100, 200, 300]) watch.look(now, 5, 100);
  expect(watch.silence).toBe(300);
  watch.look(400, 6, 100);
  expect(watch.silence).toBe(0);
});

test('where nobody has spoken for long, nothing is missed', () => {
  const watch = new Watch();
  watch.look(0, 5, 500);
  watch.look(500, 6, 500); // a beat
  expect(watch.isLively(500)).toBe(false);
  watch.look(1000, 30, 500);
  expect(watch.isLively(20_999)).toBe(true);
  expect(watch.isLively(21_000)).toBe(false);
});

test('a look that comes late proves little', () => {
  const watch = new Watch();
  watch.look(0, 5, 100);
  watch.look(60_000, 5, 100); // the machine has slept
  expect(watch.silence).toBe(200);
  watch.look(60_100, 6, 100);
  expect(watch.silence).toBe(0);
});

test('in a hidden page, where looks come once a second, packets are still seen', () => {
  const watch = new Watch();
  for (let s = 0; s < 20; s++) watch.look(1000 * s, 10 * s, 100);
  expect(watch.silence).toBe(0);
  watch.look(20_000, 190, 100);
  watch.look(21_000, 190, 100);
  expect(watch.silence).toBe(400); // and that the node is gone is, after two
});

test('a clock that is set back proves nothing', () => {
  const watch = new Watch();
  watch.look(1000, 1, 100);
  watch.look(10, 1, 100);
  expect(watch.silence).toBe(0);
});

test('one bears more after switches that did not help', () => {
  const bearing = new Bearing();
  expect(bearing.of(0, true)).toBe(350);
  expect(bearing.of(0, false)).toBe(1500);
  bearing.switched(1000);
  expect(bearing.of(1000, true)).toBe(350);
  for (let i = 1; i <= 10; i++) bearing.switched(1000 + i * 1000);
  expect(bearing.of(11_000, true)).toBe(8 * 350);
  expect(bearing.of(42_000, true)).toBe(350);
});

test('listeners hesitate, speakers do not', () => {
  expect(hesitate(true, 0.99)).toBe(0);
  expect(hesitate(false, 0.5)).toBe(150);
});

const node = (id: string, region: string, here = false): NodeAt => ({
  ...{ id, region, operator: 'one' },
  ...(here ? { here } : {}),
});
const nodes = [node('d', 'us'), node('b', 'eu'), node('a', 'eu', true), node('c', 'us')];

test('those of the same region come first, as they were ranked', () => {
  expect(alternates(nodes, 'a')).toEqual(['b', 'd', 'c']);
  expect(alternates(nodes, '')).toEqual(['b', 'd', 'c']);
  expect(alternates(nodes, 'c')).toEqual(['d', 'b', 'a']);
  expect(alternates([], '')).toEqual([]);
  expect(alternates([node('a', 'eu', true)], '')).toEqual([]);
  expect(nameOf(nodes, '')).toBe('a');
});

test('they are tried in turn', () => {
  const ranked = ['b', 'd', 'c'];
  expect(following(ranked, undefined)).toBe('b');
  expect(following(ranked, 'b')).toBe('d');
  expect(following(ranked, 'c')).toBe('b');
  expect(following(ranked, 'gone')).toBe('b');
  expect(following([], 'b')).toBeUndefined();
});

test('what has come is counted over all pairs of addresses', () => {
  expect(received([])).toBeUndefined();
  expect(received([{ type: 'transport', packetsReceived: 7 }])).toBeUndefined();
  const pairs = [{ packetsReceived: 3 }, { bytesReceived: 40 }, {}];
  expect(received(pairs.map((pair) => ({ type: 'candidate-pair', ...pair })))).toBe(43);
});
