import { StoaError } from '@stoa/client';
import { expect, test } from 'vitest';
import { account, seen } from '../src/models/account.ts';
import { whereIs } from '../src/models/ward.ts';
import { parse, to } from '../src/router.ts';
import { de, en } from '../src/words/ward.ts';

test('each address of the queue is a screen', () => {
  expect(parse(to.report('person', 'p1'))).toEqual({ screen: 'report', kind: 'person', id: 'p1' });
  expect(parse(to.queue)).toEqual({ screen: 'queue' });
  expect(parse(to.entry('e1'))).toEqual({ screen: 'entry', entry: 'e1' });
  expect(parse(to.decisions)).toEqual({ screen: 'decisions' });
  expect(parse(to.reports)).toEqual({ screen: 'reports' });
  expect(parse('/report/person')).toEqual({ screen: 'nowhere' });
  expect(parse('/report/person/p1/x')).toEqual({ screen: 'nowhere' });
  expect(whereIs({ kind: 'plan', id: 'x' })).toBe(to.plan('x'));
});

test('who is kept out is told why, wherever it is noticed', () => {
  const problem = {
    ...{ code: 'suspended', title: 'Out', status: 403 },
    ...{ until: '2027-01-01T00:00:00Z', reason: 'Why', recovery_code: 'AAAA' },
  };
  account.value = { kind: 'out' };
  expect(seen(new StoaError(problem)).code).toBe('suspended');
  expect(account.value).toEqual({ kind: 'suspended', problem });
  // A later refusal does not take the recovery code away, which is shown once.
  seen(new StoaError({ code: 'suspended', title: 'Out', status: 403 }));
  expect(account.value).toEqual({ kind: 'suspended', problem });
});

test('all that can be decided, and why, has words in both languages', () => {
  for (const words of [en, de]) {
    const whats = Object.keys(words.whats);
    expect(Object.keys(words.decide.do)).toEqual(whats);
    expect(Object.keys(words.decide.means)).toEqual(whats);
    expect(Object.values(words.reasons).every(Boolean)).toBe(true);
  }
  expect(Object.keys(de.reasons)).toEqual(Object.keys(en.reasons));
});
