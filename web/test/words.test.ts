import { expect, it } from 'vitest';
import { language } from '../src/models/settings.ts';
import * as activity from '../src/words/activity.ts';
import * as beside from '../src/words/beside.ts';
import * as clubs from '../src/words/clubs.ts';
import * as coming from '../src/words/coming.ts';
import { de } from '../src/words/de.ts';
import { en } from '../src/words/en.ts';
import * as form from '../src/words/form.ts';
import { counted } from '../src/words/index.ts';
import * as messages from '../src/words/messages.ts';
import * as openRoom from '../src/words/open-room.ts';
import * as people from '../src/words/people.ts';
import * as schedule from '../src/words/schedule.ts';

/** Every sentence of a catalogue, those with numbers or names in several forms. */
function sentences(words: unknown, path: string): [string, string][] {
  if (typeof words === 'string') return [[path, words]];
  if (typeof words === 'function') {
    return [0, 1, 2, 9, 10, 1234].map((n) => {
      const given = Array.from({ length: words.length }, () => n);
      return [`${path}(${n})`, words(...given)];
    });
  }
  return Object.entries(words as object).flatMap(([key, value]) =>
    sentences(value, `${path}.${key}`),
  );
}

it.each([
  ['English', en],
  ['Deutsch', de],
  ['English, beside', beside.en],
  ['Deutsch, daneben', beside.de],
  ['English, people', people.en],
  ['Deutsch, Leute', people.de],
  ['English, clubs', clubs.en],
  ['Deutsch, Clubs', clubs.de],
  ['English, coming in', coming.en],
  ['Deutsch, reinkommen', coming.de],
  ['English, forms', form.en],
  ['Deutsch, Formulare', form.de],
  ['English, activity', activity.en],
  ['Deutsch, Neues', activity.de],
  ['English, messages', messages.en],
  ['Deutsch, Nachrichten', messages.de],
  ['English, schedule', schedule.en],
  ['Deutsch, Kalender', schedule.de],
  ['English, opening a room', openRoom.en],
  ['Deutsch, Raum öffnen', openRoom.de],
])('every sentence is whole: %s', (_, catalogue) => {
  for (const [path, sentence] of sentences(catalogue, '')) {
    expect(sentence, path).not.toMatch(/undefined|NaN|\[object|!/);
    // There the node's own words follow.
    if (!path.startsWith('.over.refused')) expect(sentence.trim(), path).not.toBe('');
  }
});

it('numbers are words as far as people count', () => {
  expect(en.hallway.count(1, 0)).toBe('One room is open.');
  expect(en.hallway.count(6, 2)).toBe(
    'Six rooms are open. In two of them somebody you follow is on the stage.',
  );
  expect(de.hallway.count(12, 1)).toBe(
    '12 Räume sind offen. In einem ist jemand auf der Bühne, dem du folgst.',
  );
});

it('a place in the queue is said in words', () => {
  expect([1, 3, 8, 9, 12].map(en.room.place)).toEqual([
    ...['You are next.', 'You are third.', 'You are eighth.'],
    ...['You are number nine.', 'You are number 12.'],
  ]);
  expect([1, 3, 12].map(de.room.place)).toEqual([
    ...['Du bist als Nächstes dran.', 'Du bist an dritter Stelle.', 'Du bist Nummer 12.'],
  ]);
});

it('what is kept is said in sizes and times that people know', () => {
  expect([92, 1200, 23_400, 3_200_000].map(people.size)).toEqual([
    ...['92 byte', '1.2 kB', '23 kB', '3.2 MB'],
  ]);
  expect(
    ['account', 'room', 'days:1', 'days:30', 'seen:90', 'ended:7', 'of its own'].map(
      people.keepsWords,
    ),
  ).toEqual([
    'Until you erase your account',
    'Until the room ends',
    'For a day',
    'For 30 days',
    'Until 90 days after your last visit',
    'Until 7 days after its end',
    'of its own',
  ]);
});

it.each([
  ['en', '9,999', '10,000+'],
  ['de', '9.999', '10.000+'],
] as const)('says in %s that more follow than were counted', (tongue, some, many) => {
  language.value = tongue;
  expect(counted(9999)).toBe(some);
  expect(counted(9999, false)).toBe(some);
  expect(counted(10000, true)).toBe(many);
});
