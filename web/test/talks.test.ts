import type { Talk } from '@stoa/client/conversations';
import { expect, it } from 'vitest';
import { calls, mayTakeBack, waits } from '../src/models/conversations.ts';

const talk = (of: Partial<Talk>): Talk => ({
  ...{ id: '0'.repeat(26), two: true, mine: 'in', people: [], devices: [], epoch: 1, seq: 1 },
  ...{ changed: '2026-11-30T12:00:00Z', silent: false, lines: [], unread: 0, ...of },
});

it('what is to be read calls one, unless it is silent', () => {
  expect(calls(talk({ unread: 1 }))).toBe(true);
  expect(calls(talk({}))).toBe(false);
  expect(calls(talk({ unread: 1, silent: true }))).toBe(false);
});

it('what one has written oneself can be taken back for a day', () => {
  const at = '2026-11-30T12:00:00Z';
  const day = 24 * 60 * 60_000;
  const line = { kind: 'text', seq: 2, at, from: '', mine: true, text: 'Hello' } as const; // nobody is in
  const from = Date.parse(at);
  expect(mayTakeBack(line, from)).toBe(true);
  expect(mayTakeBack({ ...line, mine: false }, from)).toBe(true); // from another device
  expect(mayTakeBack(line, from + day - 1)).toBe(true);
  expect(mayTakeBack(line, from + day)).toBe(false);
  expect(mayTakeBack({ ...line, from: '1'.repeat(26) }, from)).toBe(false);
  expect(mayTakeBack({ kind: 'taken', seq: 2, at, from: '' }, from)).toBe(false);
  // Before an answer, what was taken back is one of three all the same.
  const wrote = [line, line, { kind: 'taken', seq: 2, at, from: '' } as const];
  expect(waits(talk({ lines: wrote.slice(1) }))).toBe(false);
  expect(waits(talk({ lines: wrote }))).toBe(true);
});
