import { language } from '../models/settings.ts';

/** The words for searching. They are loaded with its screen. */

export const en = {
  title: 'Search',
  label: 'What are you looking for?',
  hint: 'Rooms, people, clubs',
  what: 'A room by its title or by who is on its stage. What is planned, and clubs, by their names.',
  whom: 'People you follow, who follow you, or who want to be found. Anyone else by the whole handle: @name.',
  rooms: 'Open now',
  plans: 'Planned',
  people: 'People',
  clubs: 'Clubs',
  followed: 'You follow them',
  followsYou: 'Follows you',
  members: (n: number, text: string) => (n === 1 ? 'one member' : `${text} members`),
  nothing: (text: string) => `Nothing found for “${text}”.`,
  nothingWhy:
    'Only the last word may be begun, the others have to be whole. Whoever does not want to be found is not.',
  find: 'Find people you know',
  found: (n: number) => (n === 1 ? 'One thing found.' : `${n} things found.`),
  clear: 'Clear',
};

type SearchWords = typeof en;

export const de: SearchWords = {
  title: 'Suchen',
  label: 'Was suchst du?',
  hint: 'Räume, Leute, Clubs',
  what: 'Einen Raum am Titel oder daran, wer auf der Bühne ist. Geplantes und Clubs am Namen.',
  whom: 'Leute, denen du folgst, die dir folgen oder die gefunden werden wollen. Alle anderen am ganzen Handle: @name.',
  rooms: 'Gerade offen',
  plans: 'Geplant',
  people: 'Leute',
  clubs: 'Clubs',
  followed: 'Du folgst',
  followsYou: 'Folgt dir',
  members: (n, text) => (n === 1 ? 'ein Mitglied' : `${text} Mitglieder`),
  nothing: (text) => `Nichts gefunden zu „${text}“.`,
  nothingWhy:
    'Nur das letzte Wort darf angefangen sein, die anderen müssen ganz dastehen. Wer nicht gefunden werden will, wird es nicht.',
  find: 'Finden, wen du kennst',
  found: (n) => (n === 1 ? 'Eins gefunden.' : `${n} gefunden.`),
  clear: 'Leeren',
};

const catalogues: Record<string, SearchWords> = { en, de };

/** The catalogue of the chosen language. */
export function s(): SearchWords {
  return catalogues[language.value] ?? en;
}
