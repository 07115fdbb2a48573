import { language } from '../models/settings.ts';

/** The words for opening a room. They are loaded with the sheet. */

export const en = {
  about: 'What is it about?',
  empty: 'You may leave this empty',
  club: 'Whose room is it?',
  noClub: 'Mine, of no club',
  adminsOnly: 'Only the admins open rooms of this club.',
  who: 'Who may come in?',
  kinds: {
    open: ['Open', 'everyone here'],
    social: ['Social', 'people you follow'],
    members: ['Members', 'of the club'],
    closed: ['Closed', 'only the invited'],
  },
  explain: {
    open: 'Everyone in this house may come in and listen.',
    social: 'Those whom a moderator follows may come in, and those you let in.',
    members: 'Members of the club may come in, and those you let in.',
    closed: 'Only those you let in see this room at all.',
  },
  letIn: 'Let in from the start',
  nobody: 'You follow nobody yet, and nobody follows you. You can let people in later.',
  submit: 'Open now',
  widenLater: 'You can open it wider later, never narrower.',
  where: 'Where voices may go',
  anywhere: 'Anywhere',
  whereWhy: 'Nothing of this room leaves it, not even to look for a faster way.',
};

export type OpenRoomWords = typeof en;

export const de: OpenRoomWords = {
  about: 'Worum geht es?',
  empty: 'Darf auch leer bleiben',
  club: 'Wessen Raum ist es?',
  noClub: 'Meiner, ohne Club',
  adminsOnly: 'Räume dieses Clubs öffnet nur die Leitung.',
  who: 'Wer darf rein?',
  kinds: {
    open: ['Offen', 'alle hier'],
    social: ['Sozial', 'wem du folgst'],
    members: ['Mitglieder', 'des Clubs'],
    closed: ['Privat', 'nur Geladene'],
  },
  explain: {
    open: 'Alle in diesem Haus dürfen reinkommen und zuhören.',
    social: 'Reinkommen darf, wem jemand aus der Moderation folgt, und wen du reinlässt.',
    members: 'Reinkommen darf, wer im Club ist, und wen du reinlässt.',
    closed: 'Nur wen du reinlässt, sieht diesen Raum überhaupt.',
  },
  letIn: 'Von Anfang an reinlassen',
  nobody: 'Du folgst noch niemandem, und niemand folgt dir. Reinlassen kannst du auch später.',
  submit: 'Jetzt öffnen',
  widenLater: 'Weiter öffnen kannst du später, enger machen nicht.',
  where: 'Wohin Stimmen dürfen',
  anywhere: 'Überallhin',
  whereWhy: 'Nichts aus diesem Raum verlässt es, auch nicht, um einen schnelleren Weg zu suchen.',
};

const catalogues: Record<string, OpenRoomWords> = { en, de };

/** The catalogue of the chosen language. */
export function o(): OpenRoomWords {
  return catalogues[language.value] ?? en;
}
