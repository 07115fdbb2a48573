import type { Talk } from '@stoa/client/conversations';
import { expect, it } from 'vitest';
import { calls } from '../src/models/conversations.ts';

const talk = (of: Partial<Talk>): Talk => ({
  ...{ id: '0'.repeat(26), two: true, mine: 'in', people: [], devices: [], epoch: 1, seq: 1 },
  ...{ changed: '2026-11-30T12:00:00Z', silent: false, lines: [], unread: 0, ...of },
});

it('what is to be read calls one, unless it is silent', () => {
  expect(calls(talk({ unread: 1 }))).toBe(true);
  expect(calls(talk({}))).toBe(false);
  expect(calls(talk({ unread: 1, silent: true }))).toBe(false);
});
