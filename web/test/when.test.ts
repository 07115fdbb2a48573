// The zone of these tests has nights in which clocks are put forward and back.
process.env.TZ = 'Europe/Berlin';

import { describe, expect, it } from 'vitest';
import {
  byDay,
  dayOf,
  isSkipped,
  isTwice,
  localOf,
  momentOf,
  movedTo,
  weeksOf,
} from '../src/models/when.ts';

describe('a day and a time, as they are written', () => {
  it('are a moment, and that is written so again', () => {
    for (const [local, iso] of [
      ['2027-01-15T19:30', '2027-01-15T18:30:00.000Z'],
      ['2027-07-15T19:30', '2027-07-15T17:30:00.000Z'],
    ] as const) {
      expect(momentOf(local)).toBe(iso);
      expect(localOf(iso)).toBe(local);
    }
    expect(momentOf('')).toBe('');
    expect(momentOf('tomorrow')).toBe('');
    expect(localOf('')).toBe('');
  });

  it('are another hour where clocks are put forward over them', () => {
    expect(isSkipped('2027-03-28T02:30')).toBe(true);
    expect(localOf(momentOf('2027-03-28T02:30'))).toBe('2027-03-28T03:30');
    expect(isSkipped('2027-03-28T03:30')).toBe(false);
    expect(isSkipped('')).toBe(false);
  });

  it('are two moments where clocks are put back, and stay the one that was meant', () => {
    const [first, second] = ['2027-10-31T00:30:00.000Z', '2027-10-31T01:30:00.000Z'];
    expect(localOf(first)).toBe('2027-10-31T02:30');
    expect(localOf(second)).toBe('2027-10-31T02:30');
    expect(isTwice(first)).toBe(true);
    expect(isTwice(second)).toBe(true);
    expect(isTwice('2027-10-31T02:30:00.000Z')).toBe(false);
    // Who only looks at a form moves nothing.
    expect(movedTo('2027-10-31T02:30', second)).toBe(second);
    expect(movedTo('2027-10-31T02:30', first)).toBe(first);
    expect(movedTo('2027-10-31T02:45', second)).toBe('2027-10-31T00:45:00.000Z');
  });
});

describe('a month', () => {
  it('is whole weeks that begin on Monday', () => {
    for (const [month, weeks, from, until] of [
      [new Date(2026, 10, 29), 6, '2026-10-26', '2026-12-06'],
      [new Date(2027, 1, 1), 4, '2027-02-01', '2027-02-28'],
      [new Date(2027, 2, 1), 5, '2027-03-01', '2027-04-04'],
    ] as const) {
      const grid = weeksOf(month);
      expect(grid).toHaveLength(weeks);
      const days = grid.flat().map(dayOf);
      expect(new Set(days).size).toBe(7 * weeks);
      expect([days[0], days.at(-1)]).toEqual([from, until]);
    }
  });

  it('has each plan on its day where one is', () => {
    const late = { starts: '2026-11-27T23:30:00Z' };
    const early = { starts: '2026-11-27T06:15:00Z' };
    expect(byDay([early, late])).toEqual([
      ['2026-11-27', [early]],
      ['2026-11-28', [late]],
    ]);
  });
});
