import type { NewsKind, NewsPiece, ToldNow } from '@stoa/client';
import { describe, expect, test } from 'vitest';
import { byDay } from '../src/models/activity.ts';
import { language } from '../src/models/settings.ts';
import { kinds, minuteOf, pushState, pushTo, timeOf } from '../src/models/telling.ts';
import { parse } from '../src/router.ts';
import { leads, saying } from '../src/screens/activity/saying.ts';
import { type Pushed, shown } from '../src/words/pushed.ts';

const ada = {
  ...{ id: 'a1', name: 'Ada', since: '2026-01-01T00:00:00Z' },
  ...{ followed: false, follows_me: true },
};
const piece = (kind: NewsKind, what: Partial<NewsPiece> = {}): NewsPiece => ({
  ...{ id: kind, kind, at: '2026-11-29T12:00:00Z', seen: false, open: false },
  ...what,
});
const all = {
  ...{ who: ada, room: { id: 'r1', title: 'Tea' }, club: { id: 'c1', name: 'Readers' } },
  plan: { id: 'p1', title: 'Supper', starts: '2026-11-29T18:00:00Z' },
};

describe('what a piece says', () => {
  test.each(['en', 'de'] as const)('something of each kind, in %s', (chosen) => {
    language.value = chosen;
    const said = kinds.map((kind) => saying(piece(kind, all)));
    for (const text of said) expect(text).not.toMatch(/undefined|object/);
    expect(new Set(said).size).toBe(kinds.length);
    // The same that a notification has words for.
    for (const kind of [...kinds, 'digest']) {
      const of: Pushed = {
        ...{ lang: chosen, kind, who: 'Ada', room: 'Tea', club: 'Readers', plan: 'Supper' },
        ...{ starts: '2026-11-29T18:00:00Z', names: ['Ada', 'Bo'], count: 2, path: '/', tag: 't' },
      };
      const [title, body] = shown(of);
      expect(title).toBeTruthy();
      expect(title + body).not.toMatch(/undefined|object/);
      expect([title, body]).not.toEqual(shown({ ...of, kind: 'other' }));
    }
  });

  test('in the language of who is told', () => {
    const of = { kind: 'ping', who: 'Ada', room: 'Tea', path: '/r/r1', tag: 'room r1' };
    expect(shown({ ...of, lang: 'de' })).toEqual(['Ada holt dich dazu', 'Tea']);
    expect(shown({ ...of, lang: 'en' })).toEqual(['Ada asks you to come', 'Tea']);
  });

  test('of a kind that is not known yet, or is none of ours, that there is something', () => {
    for (const kind of ['weather', 'toString', 'constructor']) {
      expect(shown({ kind, path: '/', tag: '' })).toEqual(['Something is new', '']);
    }
  });

  test('it leads to what it is about', () => {
    const { who, room, club, plan } = all;
    expect(leads(piece('ping', { who, room }))).toBe('/r/r1');
    expect(leads(piece('club_invited', { who, club }))).toBe('/c/c1');
    expect(leads(piece('plan_soon', { plan }))).toBe('/plan/p1');
    expect(leads(piece('follow', { who }))).toBe('/p/a1');
    expect(leads(piece('decision'))).toBe('/me/decisions');
  });
});

test('pieces stand by days', () => {
  const at = (text: string) => piece('follow', { at: new Date(text).toISOString() });
  const days = byDay([
    at('2026-11-29T23:59:00'),
    at('2026-11-29T00:00:00'),
    at('2026-11-28T23:59:00'),
  ]);
  expect(days.map((d) => d.pieces.length)).toEqual([2, 1]);
  expect(byDay([])).toEqual([]);
});

test('times of the day are written as fields have them', () => {
  for (const minute of [0, 59, 60, 1320, 1439]) expect(minuteOf(timeOf(minute))).toBe(minute);
  expect(timeOf(485)).toBe('08:05');
});

describe('notifications', () => {
  const told = (push?: ToldNow['push']): ToldNow => ({
    kinds: {} as ToldNow['kinds'],
    ...{ quiet: { from: 0, to: 0, zone: 'UTC' }, budget: 5 },
    ...(push ? { push } : {}),
  });

  test('a house without them says so, and so does a browser', () => {
    expect(pushState(told())).toBe('none');
    expect(pushState(told({ key: 'k', here: false, devices: 0 }))).toBe('unsupported');
  });

  test('a subscription is written as the node reads it', () => {
    const keys = { p256dh: new Uint8Array([4, 251, 255]), auth: new Uint8Array([0, 1]) };
    const subscription = {
      endpoint: 'https://push.example/x',
      getKey: (name: 'p256dh' | 'auth') => keys[name].buffer,
    } as unknown as PushSubscription;
    expect(pushTo(subscription)).toEqual({
      ...{ endpoint: 'https://push.example/x', key: 'BPv_', secret: 'AAE' },
    });
  });
});

test('the addresses of news', () => {
  expect(parse('/activity')).toEqual({ screen: 'activity' });
  expect(parse('/activity/settings')).toEqual({ screen: 'telling' });
  expect(parse('/activity/else')).toEqual({ screen: 'nowhere' });
});
