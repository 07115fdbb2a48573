import type { Card, Choice } from '@stoa/client';
import { beforeEach, expect, it } from 'vitest';
import { choice, choose } from '../src/models/hallway.ts';
import { because, chips } from '../src/models/order.ts';
import { language } from '../src/models/settings.ts';
import { go } from '../src/router.ts';
import { de, en } from '../src/words/topics.ts';

beforeEach(() => {
  language.value = 'en';
  go('/');
});

const card = (what: Partial<Card>): Card => ({
  id: 'r',
  title: 'T',
  visibility: 'open',
  opened: '2026-11-29T12:00:00Z',
  stage: [],
  on_stage: 0,
  listeners: 0,
  why: [],
  ...what,
});
const ada = { id: 'ada', name: 'Ada', moderator: true, followed: true };
const tea = { id: 'tea', name: 'Tea' };
const names = (cards: Card[], chosen: Choice = {}) => chips(cards, chosen).map(({ name }) => name);

it('says every reason in words, and nothing for one that it does not know', () => {
  const said = (why: Card['why'][number]) => because(why);
  expect(said({ kind: 'followed', people: ['Ada', 'Bo'] })).toBe('You follow Ada and Bo');
  expect(said({ kind: 'club', club: tea })).toBe('Of your club Tea');
  expect(said({ kind: 'club' })).toBe('');
  expect(said({ kind: 'topic', topic: 'music' })).toBe('About Music, which you like');
  expect(said({ kind: 'topic', topic: 'yodelling' })).toContain('yodelling');
  expect(said({ kind: 'language', language: 'de-AT' })).toMatch(/^In .*German.*, which you speak$/);
  expect(said({ kind: 'later' } as never)).toBe('');
  language.value = 'de';
  expect(said({ kind: 'followed', people: ['Ada', 'Bo'] })).toBe('Du folgst Ada und Bo');
  for (const kind of Object.keys(en.because) as (keyof typeof en.because)[]) {
    expect(de.because[kind]('x')).not.toBe(en.because[kind]('x'));
    expect(said({ kind, people: ['Ada'], club: tea, topic: 'art', language: 'fr' })).not.toBe('');
  }
  expect(Object.keys(de.topics)).toStrictEqual(Object.keys(en.topics));
});

it('offers what tells rooms apart, the most frequent first', () => {
  const rooms = [
    card({ topics: ['art', 'music'], language: 'de-AT', stage: [ada] }),
    card({ topics: ['music'], language: 'de', club: tea }),
    card({ topics: ['books'], language: 'en' }),
    card({}),
  ];
  expect(names(rooms)).toStrictEqual([
    ...['People I follow', 'Music', 'Art', 'Books'],
    ...['German', 'English', 'Tea'],
  ]);
  expect(names([card({ topics: ['art'] }), card({ topics: ['art'] })])).toStrictEqual([]);
  expect(names([])).toStrictEqual([]);
});

it('keeps what is chosen though no room is like it, and lets it go', () => {
  const [music] = chips([card({ topics: ['art'] })], { topic: 'music', followed: true }).filter(
    ({ name }) => name === 'Music',
  );
  expect(music).toStrictEqual({ name: 'Music', on: true, choice: { followed: true } });
  const rooms = [card({ topics: ['art'] }), card({ topics: ['music'] })];
  const art = chips(rooms, { topic: 'music', language: 'de' }).find(({ name }) => name === 'Art');
  expect(art).toStrictEqual({ name: 'Art', on: false, choice: { topic: 'art', language: 'de' } });
});

it('has what is chosen in the address', () => {
  expect(choice.value).toStrictEqual({});
  choose({ topic: 'music', followed: true });
  expect(location.pathname + location.search).toBe('/?topic=music&followed=true');
  expect(choice.value).toStrictEqual({ topic: 'music', followed: true });
  choose({});
  expect(location.search).toBe('');
  go('/?topic=art&nonsense=1');
  expect(choice.value).toStrictEqual({ topic: 'art' });
});
