import { expect, test } from 'vitest';
import type { NodeAt } from '../src/http.ts';
import { nearest } from '../src/nearest.ts';

const node = (id: string, here = false): NodeAt => ({
  id,
  region: 'eu',
  operator: 'one',
  url: `https://${id}.example`,
  ...(here ? { here } : {}),
});

/** Nodes that are so many ms away; those without a number do not answer. */
const world = (ms: Record<string, number>) => {
  const asked: string[] = [];
  const ask = async (url: URL, signal: AbortSignal) => {
    const name = url.hostname.split('.')[0] ?? '';
    asked.push(name);
    const away = ms[name];
    await new Promise((resolve, reject) => {
      if (away !== undefined) setTimeout(resolve, away);
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  };
  return { ask, asked };
};

test('the nearest is taken', async () => {
  const { ask, asked } = world({ a: 60, b: 5, c: 40 });
  expect(await nearest([node('a', true), node('b'), node('c')], ask)).toBe('b');
  expect(new Set(asked)).toEqual(new Set(['a', 'b', 'c']));
});

test('the one that has let us in, when that is as near', async () => {
  expect(await nearest([node('a', true), node('b')], world({ a: 4, b: 3 }).ask)).toBe('');
});

test('one that answers is better than one that does not', async () => {
  expect(await nearest([node('a'), node('b')], world({ b: 20 }).ask)).toBe('b');
});

test('a single one is not asked, unless it is another one', async () => {
  const { ask, asked } = world({ a: 1, b: 1 });
  expect(await nearest([], ask)).toBe('');
  expect(await nearest([node('a', true)], ask)).toBe('');
  expect(asked).toEqual([]);
  expect(await nearest([node('b')], ask)).toBe('b');
});
