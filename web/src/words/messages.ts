import { language } from '../models/settings.ts';

/** The words for messages: they are loaded with that part of the app. */

export const en = {
  title: 'Messages',
  new: 'New message',
  sealed:
    'Only the devices of those in it can read a conversation. The house passes on what it cannot open, and forgets it when all have it, after 30 days at the latest.',
  none: 'Nobody has written yet.',
  noneWhy: 'You find “Message” on everybody’s profile, or begin here.',
  nothing: 'Nothing is written yet.',
  you: 'You',
  youSaid: (text: string) => `You: ${text}`,
  said: (name: string, text: string) => `${name}: ${text}`,
  unread: (n: number) => (n === 1 ? 'one new message' : `${n} new messages`),
  requests: (n: number) => (n === 1 ? 'One request' : `${n} requests`),
  requestsWhy: 'From people you do not follow. They are not told whether you have read it.',
  asks: (name: string) => `${name} would like to write with you.`,
  asksWhy:
    'Whoever answers is in it. If you decline, nobody is told, and nothing more comes from there.',
  accept: 'Accept',
  decline: 'Decline',
  declined: 'Declined. Nobody is told.',
  with: (names: string) => `With ${names}`,
  members: 'In this conversation',
  state: { asked: 'asked', left: 'has left' },
  write: 'Write a message',
  send: 'Send',
  left: (n: number) => `${n} characters left`,
  lines: 'Messages of this conversation',
  newest: 'Newest message',
  gap: 'Something stands here that this device cannot read: it was not there yet, or something was lost.',
  takeBack: 'Take back',
  takeBackThis: (text: string) => `Take back: ${text}`,
  takeBackWhy: 'It is deleted for all, and never comes to who has not read it yet.',
  late: 'A message can be taken back for 24 hours.',
  taken: (name: string) => `${name} took a message back.`,
  tookBack: 'You took a message back.',
  newDevice: (name: string) => `${name} reads on a new device from here on.`,
  ownDevice: 'You read on a new device from here on.',
  waits: 'You have written three messages. You can go on when somebody has answered.',
  alone: 'The others have left. Nobody reads what you write here.',
  unanswered: 'You can go on when somebody has answered.',
  unreachable:
    'There is no device yet on which this person could read messages. They need to have opened Stoa once.',
  silence: 'Silence this conversation',
  silenceWhy: 'You are not told when somebody writes here. Nobody else learns of it.',
  silent: 'silent',
  leave: 'Leave the conversation',
  leaveSure: 'Leave this conversation?',
  leaveWhy:
    'What was written is deleted on this device. The others keep what they have, and see that you have left.',
  leaveYes: 'Leave',
  whom: 'Whom do you want to write to?',
  whomWhy:
    'You choose among those you follow. One person makes a conversation of two, several a group of up to twelve.',
  followsNobody: 'You follow nobody yet. On everybody’s profile there is “Message”, too.',
  chosen: (n: number) => (n === 1 ? 'One chosen' : `${n} chosen`),
  tooMany: 'Up to twelve people are in a conversation.',
  begin: 'Write',
  add: 'Add people',
  addWhy:
    'They read what is written from now on, and nothing from before. Who does not follow you is asked first.',
  addThem: (n: number) => (n < 2 ? 'Add' : `Add ${n} people`),
  added: (n: number) => (n === 1 ? 'One more person is in it.' : `${n} more people are in it.`),
  allThere: 'All those you follow are in it already.',
  staysTwo: 'A conversation of two stays one of two. For more people, begin a new one.',
  gone: 'Here is no conversation.',
  goneWhy: 'You have left it, or the address has a mistake.',
  opening: 'The conversation opens.',
  here: 'Messages stay in this browser. On another one you see what is written from then on.',
};

type MessageWords = typeof en;

export const de: MessageWords = {
  title: 'Nachrichten',
  new: 'Neue Nachricht',
  sealed:
    'Nur die Geräte derer, die dabei sind, können eine Unterhaltung lesen. Das Haus reicht weiter, was es nicht öffnen kann, und vergisst es, wenn alle es haben, spätestens nach 30 Tagen.',
  none: 'Noch hat niemand geschrieben.',
  noneWhy: 'Auf jedem Profil findest du „Nachricht“, oder du fängst hier an.',
  nothing: 'Noch steht hier nichts.',
  you: 'Du',
  youSaid: (text) => `Du: ${text}`,
  said: (name, text) => `${name}: ${text}`,
  unread: (n) => (n === 1 ? 'eine neue Nachricht' : `${n} neue Nachrichten`),
  requests: (n) => (n === 1 ? 'Eine Anfrage' : `${n} Anfragen`),
  requestsWhy: 'Von Menschen, denen du nicht folgst. Sie erfahren nicht, ob du sie gelesen hast.',
  asks: (name) => `${name} möchte dir schreiben.`,
  asksWhy:
    'Wer antwortet, ist dabei. Lehnst du ab, erfährt es niemand, und es kommt von dort nichts mehr.',
  accept: 'Annehmen',
  decline: 'Ablehnen',
  declined: 'Abgelehnt. Niemand erfährt es.',
  with: (names) => `Mit ${names}`,
  members: 'In dieser Unterhaltung',
  state: { asked: 'gefragt', left: 'ist gegangen' },
  write: 'Nachricht schreiben',
  send: 'Senden',
  left: (n) => `Noch ${n} Zeichen`,
  lines: 'Nachrichten dieser Unterhaltung',
  newest: 'Neueste Nachricht',
  gap: 'Hier steht etwas, das dieses Gerät nicht lesen kann: Es war noch nicht dabei, oder etwas ging verloren.',
  takeBack: 'Zurücknehmen',
  takeBackThis: (text) => `Zurücknehmen: ${text}`,
  takeBackWhy: 'Sie wird bei allen gelöscht; wer sie noch nicht gelesen hat, bekommt sie nie.',
  late: 'Eine Nachricht lässt sich 24 Stunden lang zurücknehmen.',
  taken: (name) => `${name} hat eine Nachricht zurückgenommen.`,
  tookBack: 'Du hast eine Nachricht zurückgenommen.',
  newDevice: (name) => `${name} liest ab hier auf einem neuen Gerät.`,
  ownDevice: 'Du liest ab hier auf einem neuen Gerät.',
  waits: 'Du hast drei Nachrichten geschrieben. Es geht weiter, wenn jemand geantwortet hat.',
  alone: 'Die anderen sind gegangen. Was du hier schreibst, liest niemand.',
  unanswered: 'Es geht weiter, wenn jemand geantwortet hat.',
  unreachable:
    'Noch gibt es kein Gerät, auf dem dieser Mensch Nachrichten lesen könnte. Dafür muss Stoa dort einmal offen gewesen sein.',
  silence: 'Unterhaltung stummschalten',
  silenceWhy: 'Du erfährst nicht, wenn hier jemand schreibt. Sonst merkt es niemand.',
  silent: 'stumm',
  leave: 'Unterhaltung verlassen',
  leaveSure: 'Diese Unterhaltung verlassen?',
  leaveWhy:
    'Was geschrieben wurde, wird auf diesem Gerät gelöscht. Die anderen behalten, was sie haben, und sehen, dass du gegangen bist.',
  leaveYes: 'Verlassen',
  whom: 'Wem willst du schreiben?',
  whomWhy:
    'Zur Wahl stehen alle, denen du folgst. Mit einem Menschen wird es eine Unterhaltung zu zweit, mit mehreren eine Gruppe bis zwölf.',
  followsNobody: 'Du folgst noch niemandem. „Nachricht“ gibt es auch auf jedem Profil.',
  chosen: (n) => (n === 1 ? 'Ein Mensch ausgewählt' : `${n} ausgewählt`),
  tooMany: 'In einer Unterhaltung sind höchstens zwölf.',
  begin: 'Schreiben',
  add: 'Jemanden dazunehmen',
  addWhy:
    'Sie lesen, was ab jetzt geschrieben wird, und nichts von vorher. Wer dir nicht folgt, wird erst gefragt.',
  addThem: (n) => (n < 2 ? 'Dazunehmen' : `${n} Leute dazunehmen`),
  added: (n) => (n === 1 ? 'Jetzt ist jemand mehr dabei.' : `Jetzt sind ${n} mehr dabei.`),
  allThere: 'Alle, denen du folgst, sind schon dabei.',
  staysTwo: 'Eine Unterhaltung zu zweit bleibt zu zweit. Für mehr Leute fang eine neue an.',
  gone: 'Hier ist keine Unterhaltung.',
  goneWhy: 'Du hast sie verlassen, oder die Adresse hat einen Fehler.',
  opening: 'Die Unterhaltung geht auf.',
  here: 'Nachrichten bleiben in diesem Browser. In einem anderen siehst du, was von da an geschrieben wird.',
};

const catalogues: Record<string, MessageWords> = { en, de };

/** The catalogue of the chosen language. */
export function c(): MessageWords {
  return catalogues[language.value] ?? en;
}
