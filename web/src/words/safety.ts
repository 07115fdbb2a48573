import { language } from '../models/settings.ts';

/** The words for being spared of somebody, and for shields. They are loaded where they are first wanted. */

export const en = {
  mute: 'Mute for me',
  block: 'Block',
  unmute: 'Hear again',
  unblock: 'Unblock',
  muteSure: (name: string) => `Mute ${name} for you?`,
  muteWhy: (name: string) =>
    `You neither hear ${name} nor see what they write or their reactions, in any room. Everyone else does. ${name} is not told.`,
  muteYes: 'Mute for me',
  blockSure: (name: string) => `Block ${name}?`,
  blockWhy: (name: string) =>
    `You neither hear nor see ${name}. Rooms and plans you host do not exist for them, they do not find you, and what they send your way does not reach you. You stop following them. ${name} is not told.`,
  blockStays: (name: string) =>
    `${name} stays in this room. You moderate it, so you can remove them as ever.`,
  blockYes: 'Block',
  muted: (name: string) => `${name} is muted for you.`,
  blocked: (name: string) => `${name} is blocked.`,
  freed: (name: string) => `You hear and see ${name} again.`,
  isMuted: (name: string) => `You have muted ${name} for you.`,
  isBlocked: (name: string) => `You have blocked ${name}.`,

  decisions: 'Decisions about you',
  reports: 'What you have reported',

  title: 'Muted and blocked',
  why: 'Only you see this list. Nobody is told that they are on it.',
  none: 'Nobody. In a person’s profile, and in a room on their face, you can mute or block them.',
  level: { mute: 'Muted for you', block: 'Blocked' },
  since: (level: string, day: string) => `${level} since ${day}`,
  unmuteWho: (name: string) => `Hear ${name} again`,
  unblockWho: (name: string) => `Unblock ${name}`,

  hidden: (n: number) => (n === 1 ? '1 person hidden' : `${n} people hidden`),
  hiddenWhy: 'You have muted or blocked them. They are in the room and hear what is said.',

  conflict: (a: string, b: string) =>
    `Between ${a} and ${b} there is a block. The audience is not told.`,
  conflictDone: 'All right',
  fresh: (n: number) => `More than ${n - 1} new accounts have come in within a minute.`,
  freshNot: 'Not now',

  shieldUp: 'Put the shield up',
  shieldDown: 'Take the shield down',
  shieldWhy:
    'While it is up, new accounts do not come in, and those inside raise no hand, write nothing and do not react. Whoever you let in, or somebody on the stage follows, is not concerned.',
  shield: 'The shield is up: new accounts are kept out for now.',
  shieldQuiet:
    'The shield is up. Your account is new, so you can listen, but not raise a hand, write or react for now.',
  isDown: 'The shield is down. New accounts come in again.',
};

export type SafetyWords = typeof en;

export const de: SafetyWords = {
  mute: 'Für mich stumm',
  block: 'Blockieren',
  unmute: 'Wieder hören',
  unblock: 'Nicht mehr blockieren',
  muteSure: (name) => `${name} für dich stumm schalten?`,
  muteWhy: (name) =>
    `Du hörst ${name} nicht mehr und siehst weder Geschriebenes noch Reaktionen, in keinem Raum. Alle anderen schon. ${name} erfährt nichts davon.`,
  muteYes: 'Für mich stumm',
  blockSure: (name) => `${name} blockieren?`,
  blockWhy: (name) =>
    `Du hörst und siehst ${name} nicht mehr. Räume und Pläne, zu denen du einlädst, gibt es für diese Person nicht, sie findet dich nicht, und was sie dir schickt, erreicht dich nicht. Du folgst ihr nicht mehr. ${name} erfährt nichts davon.`,
  blockStays: (name) =>
    `${name} bleibt in diesem Raum. Du moderierst ihn und kannst jemanden wie immer entfernen.`,
  blockYes: 'Blockieren',
  muted: (name) => `${name} ist für dich stumm.`,
  blocked: (name) => `${name} ist blockiert.`,
  freed: (name) => `Du hörst und siehst ${name} wieder.`,
  isMuted: (name) => `Du hast ${name} für dich stumm geschaltet.`,
  isBlocked: (name) => `Du hast ${name} blockiert.`,

  decisions: 'Entscheidungen über dich',
  reports: 'Was du gemeldet hast',

  title: 'Stumm und blockiert',
  why: 'Diese Liste siehst nur du. Niemand erfährt, dass er oder sie darauf steht.',
  none: 'Niemand. In einem Profil, und in einem Raum auf einem Gesicht, kannst du jemanden stumm schalten oder blockieren.',
  level: { mute: 'Für dich stumm', block: 'Blockiert' },
  since: (level, day) => `${level} seit ${day}`,
  unmuteWho: (name) => `${name} wieder hören`,
  unblockWho: (name) => `${name} nicht mehr blockieren`,

  hidden: (n) => (n === 1 ? '1 Person ausgeblendet' : `${n} Personen ausgeblendet`),
  hiddenWhy: 'Du hast sie stumm geschaltet oder blockiert. Sie sind im Raum und hören mit.',

  conflict: (a, b) =>
    `Zwischen ${a} und ${b} besteht eine Blockierung. Das Publikum erfährt es nicht.`,
  conflictDone: 'In Ordnung',
  fresh: (n) => `In einer Minute sind mehr als ${n - 1} neue Konten hereingekommen.`,
  freshNot: 'Jetzt nicht',

  shieldUp: 'Schild aufstellen',
  shieldDown: 'Schild wegnehmen',
  shieldWhy:
    'Solange er steht, kommen keine neuen Konten herein, und die im Raum melden sich nicht, schreiben nichts und reagieren nicht. Wen du einlässt oder wem jemand auf der Bühne folgt, den betrifft es nicht.',
  shield: 'Der Schild steht: Neue Konten bleiben gerade draußen.',
  shieldQuiet:
    'Der Schild steht. Dein Konto ist neu: Du kannst zuhören, aber dich gerade nicht melden, nichts schreiben und nicht reagieren.',
  isDown: 'Der Schild ist weg. Neue Konten kommen wieder herein.',
};

const catalogues: Record<string, SafetyWords> = { en, de };

/** The catalogue of the chosen language. */
export function w(): SafetyWords {
  return catalogues[language.value] ?? en;
}
