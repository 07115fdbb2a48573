// @vitest-environment node
import { readFileSync } from 'node:fs';
import { ristretto255_oprf } from '@noble/curves/ed25519.js';
import { beforeEach, expect, it } from 'vitest';
import {
  blind,
  evaluate,
  Finder,
  finalize,
  identifier,
  Unproven,
  value,
} from '../src/discovery.ts';
import type { House } from '../src/house.ts';

const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../test/vectors/${name}`, import.meta.url), 'utf8'));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const unhex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));
const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'base64url'));

const { voprf } = ristretto255_oprf;
const vectors = read('discovery.json');
const secretKey = voprf.deriveKeyPair(unhex(vectors.secret), Buffer.from('stoa discovery v1'));
const ofKey = base64url(secretKey.publicKey);

it('what is typed means what the house takes it for', () => {
  for (const [text, want] of vectors.identifiers) expect(identifier(text), text).toBe(want);
  for (const text of [...vectors.none, '\ud800@example.org', `${'a'.repeat(512)}@example.org`]) {
    expect(identifier(text), JSON.stringify(text)).toBeUndefined();
  }
});

it('computes the examples of RFC 9497, A.1.2', () => {
  const { vectors: examples, public_key } = read('voprf.json');
  for (const { input, blind: by, blinded, evaluated, proof, output } of examples) {
    const blinds = input.map((text: string, n: number) => {
      const scalar = unhex(by[n]);
      return { input: unhex(text), blind: scalar, blinded: unhex(blinded[n]) };
    });
    const done = evaluated.map(unhex);
    const outputs = finalize(blinds, done, unhex(proof), unhex(public_key));
    expect(outputs.map(hex)).toEqual(output);
    expect(() =>
      finalize(blinds, [...done].fill(unhex(blinded[0])), unhex(proof), unhex(public_key)),
    ).toThrow();
    expect(() => finalize(blinds, done.slice(1), unhex(proof), unhex(public_key))).toThrow();
    expect(() => finalize(blinds, done, unhex(proof), secretKey.publicKey)).toThrow();
  }
});

/** What the house does. */
function answer(body: { key: string; blinded: string[] }, key = secretKey) {
  const { evaluated, proof } = voprf.blindEvaluateBatch(
    key.secretKey,
    key.publicKey,
    body.blinded.map(bytesOf),
  );
  return { evaluated: evaluated.map(base64url), proof: base64url(proof) };
}

it('the value of somebody is the one that the house finds them by', async () => {
  const house = { ask: async (_: string, __: string, body: never) => answer(body) };
  const names = Object.keys(vectors.values);
  const got = await evaluate(house as unknown as House, ofKey, names);
  expect(got).toEqual(Object.values(vectors.values));
  expect(base64url(secretKey.publicKey)).toBe(vectors.public_key);
  // The same is blinded otherwise each time.
  const ada = new TextEncoder().encode('handle:ada');
  expect(hex(blind(ada).blinded)).not.toBe(hex(blind(ada).blinded));
  expect(await value(new Uint8Array(64))).toHaveLength(43);
});

it('an answer of another key is not taken', async () => {
  const other = voprf.generateKeyPair();
  const house = { ask: async (_: string, __: string, body: never) => answer(body, other) };
  await expect(evaluate(house as unknown as House, ofKey, ['handle:ada'])).rejects.toThrow(
    Unproven,
  );
});

// --- whom one lists ---

let node: {
  key: typeof secretKey;
  left: number;
  asked: string[];
  sent: string[][];
  calls: string[];
};
const house = {
  ask: async (method: string, path: string, body: never) => {
    node.calls.push(`${method} ${path}`);
    switch (`${method} ${path}`) {
      case 'GET discovery':
        return {
          key: base64url(node.key.publicKey),
          on: true,
          budget: { left: node.left, most: 1000 },
          listed: 0,
          mine: [],
        };
      case 'POST discovery/evaluate': {
        const { blinded } = body as { blinded: string[] };
        if (blinded.length > node.left) throw new Error('budget_spent');
        node.left -= blinded.length;
        node.asked.push(...blinded);
        return answer(body, node.key);
      }
      case 'PUT discovery/list':
        node.sent.push((body as { values: string[] }).values);
        return undefined;
    }
    throw new Error(path);
  },
} as unknown as House;
beforeEach(() => {
  node = { key: secretKey, left: 1000, asked: [], sent: [], calls: [] };
});

it('asks once for each, and sends all of them each time', async () => {
  const finder = new Finder(house, 'ada');
  expect((await finder.open()).entries).toEqual([]);
  expect(await finder.due()).toBe(false);
  await finder.set(['handle:ada', 'mail:ada@example.org', 'handle:ada']);
  const steps: number[] = [];
  const entries = await finder.send((n) => steps.push(n) > 0);
  expect(entries.map((entry) => entry.value)).toEqual(Object.values(vectors.values));
  expect(steps).toEqual([0, 2]);
  expect(await finder.due()).toBe(false);
  expect(await finder.due(Date.now() + 24 * 60 * 60_000)).toBe(true);
  await finder.set(['mail:ada@example.org', 'handle:boo']);
  await finder.send();
  expect(node.asked).toHaveLength(3);
  expect(node.sent.map((values) => values.length)).toEqual([2, 2]);
  await finder.forget();
  expect((await finder.open()).entries).toEqual([]);
});

it('goes as far as the budget, and then sends what there is', async () => {
  const finder = new Finder(house, 'bo');
  node.left = 3;
  await finder.set(['handle:aaa', 'handle:bbb', 'handle:ccc', 'handle:ddd']);
  const entries = await finder.send();
  expect(entries.filter((entry) => entry.value)).toHaveLength(3);
  expect(node.sent[0]).toHaveLength(3);
  await finder.send();
  expect(node.asked).toHaveLength(3);
  node.left = 50;
  expect((await finder.send()).every((entry) => entry.value)).toBe(true);
});

it('asks anew when the house has another key, and says so', async () => {
  const finder = new Finder(house, 'cy');
  await finder.open();
  await finder.set(['handle:ada']);
  const [before] = await finder.send();
  node.key = voprf.generateKeyPair() as typeof secretKey;
  const { otherKey, entries } = await finder.open();
  expect(otherKey).toBe(true);
  expect(entries).toEqual([{ identifier: 'handle:ada' }]);
  expect((await finder.open()).otherKey).toBe(false);
  const [after] = await finder.send();
  expect(after?.value).not.toBe(before?.value);
  expect(await finder.due()).toBe(false);
});
