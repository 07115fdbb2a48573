import { expect, it } from 'vitest';
import { work, zeros } from '../src/work.ts';

const hex = '000000006a1d6d4003000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
const bytes = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

// The node's half computes the same (internal/hashcash TestZeros).
it('computes what the node does', () => {
  expect([0, 1, 2, 3, 4, 5, 6, 7].map((n) => zeros(bytes, n))).toEqual([0, 1, 7, 2, 1, 2, 2, 0]);
});

it('finds the first answer', () => {
  const challenge = btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
  expect(work({ challenge, bits: 1 })).toEqual({ challenge, counter: 1 });
  expect(work({ challenge, bits: 3 })).toEqual({ challenge, counter: 2 });
});
