import { language } from '../models/settings.ts';

/** The words for finding each other. They are loaded with its screen. */

export const en = {
  title: 'Find people you know',
  what: 'You write down whom you know, by their handles or e-mail addresses. Your browser scrambles them before it asks, so this house does not read your list. You find each other when both have the other on their list, and not before.',
  more: 'What the house could still learn',
  learns: [
    'That you take part, how many people you list, and when.',
    'Who has found whom. And who of your list takes part as well, even before they list you: it keeps that shut away, and shows it to nobody.',
    'Whoever runs this house and changes its program could try guessed names against your list when it comes. Nothing that would make this possible later is kept.',
    'Of people who have no account, or do not take part, nothing is kept: no name, no address, no trace.',
  ],
  on: 'Take part',
  onWhy: (by: string) => `Whoever has ${by} on their list finds you, if you list them, too.`,
  offWhy: 'Off at first. When you turn it off, the house deletes all of it.',
  by: { handle: 'your handle', mail: 'your e-mail address' } as Record<string, string>,
  nameless: 'You have no handle yet: nobody can put you on their list.',
  takeHandle: 'Choose a handle',
  turnedOn: 'You can be found now.',
  turnedOff: 'You cannot be found any more. The house has deleted all of it.',

  list: 'Your list',
  listWhy:
    'Handles or e-mail addresses, one on a line or with commas. The list stays in this browser; each device has its own.',
  hint: '@ada, bo@example.org',
  look: 'Look',
  save: 'Save the list',
  stop: 'Stop',
  asking: (n: string, of: string) => `Asking for ${n} of ${of}`,
  listed: (n: number, text: string) =>
    n === 0
      ? 'Your list is empty.'
      : n === 1
        ? 'One is on your list.'
        : `${text} are on your list.`,
  waiting: (n: number, text: string) =>
    n === 1 ? 'One has not been asked for yet.' : `${text} have not been asked for yet.`,
  wrong: (some: string) => `Neither a handle nor an address: ${some}`,
  tooMany: (most: string) => `A list has up to ${most} people.`,
  left: (n: string) => `You may ask for ${n} more.`,
  leftFrom: (n: string, time: string) => `You may ask for ${n} more. 50 are added on ${time}.`,
  whyBudget: 'So that nobody finds out who is here by asking for everybody.',
  unproven: 'The house has answered with another key than it says. Nothing was sent.',
  otherKey: 'The house has a new key. Everything on your list is asked for anew.',
  done: (n: number) =>
    n === 0 ? 'Nobody yet.' : n === 1 ? 'One person found.' : `${n} people found.`,

  found: 'Found',
  nobody: 'Nobody yet',
  nobodyWhy:
    'When somebody on your list puts you on theirs, it stands here and in your activity. Until then neither of you is told.',
  follow: 'Follow',
  followWho: (name: string) => `Follow ${name}`,
  followed: (name: string) => `You follow ${name} now.`,
  following: 'You follow them',

  stored: 'What is kept',
  storedWhat:
    'That you take part, and a value by which you are found, which nobody can turn back into your name. Of your list: who takes part as well. It goes when you turn this off, or after 90 days without a visit.',
  seeStored: 'All that is kept of you',

  code: 'Your code',
  codeWhy:
    'Face to face it is simpler: let them scan this, or send the link. It opens your profile.',
  codeSays: (address: string) => `A QR code that leads to ${address}`,
  share: 'Share the link',
  shareText: 'This is me:',
  copied: 'The link is copied.',
};

type FindWords = typeof en;

export const de: FindWords = {
  title: 'Finden, wen du kennst',
  what: 'Du schreibst auf, wen du kennst: Handles oder Mailadressen. Dein Browser macht sie unkenntlich, bevor er fragt; deine Liste liest dieses Haus also nicht. Ihr findet euch, wenn ihr einander auf der Liste habt, und nicht vorher.',
  more: 'Was das Haus trotzdem erfahren könnte',
  learns: [
    'Dass du mitmachst, wie viele auf deiner Liste stehen, und wann.',
    'Wer wen gefunden hat. Und wer von deiner Liste auch mitmacht, schon bevor du auf deren Liste stehst: Das hält es verschlossen und zeigt es niemandem.',
    'Wer dieses Haus betreibt und sein Programm ändert, könnte geratene Namen mit deiner Liste vergleichen, wenn sie ankommt. Nichts, womit das später ginge, wird aufgehoben.',
    'Von Leuten ohne Konto, oder die nicht mitmachen, bleibt nichts: kein Name, keine Adresse, keine Spur.',
  ],
  on: 'Mitmachen',
  onWhy: (by) =>
    `Wer ${by} auf der Liste hat, findet dich, wenn auch du diese Person auf deiner hast.`,
  offWhy: 'Zuerst ist es aus. Wenn du es ausschaltest, löscht das Haus alles davon.',
  by: { handle: 'deinen Handle', mail: 'deine Mailadresse' },
  nameless: 'Du hast noch keinen Handle: Niemand kann dich auf die Liste setzen.',
  takeHandle: 'Handle wählen',
  turnedOn: 'Du bist jetzt zu finden.',
  turnedOff: 'Du bist nicht mehr zu finden. Das Haus hat alles davon gelöscht.',

  list: 'Deine Liste',
  listWhy:
    'Handles oder Mailadressen, eine pro Zeile oder mit Komma. Die Liste bleibt in diesem Browser; jedes Gerät hat seine eigene.',
  hint: '@ada, bo@example.org',
  look: 'Nachsehen',
  save: 'Liste speichern',
  stop: 'Anhalten',
  asking: (n, of) => `Gefragt: ${n} von ${of}`,
  listed: (n, text) =>
    n === 0
      ? 'Deine Liste ist leer.'
      : n === 1
        ? 'Auf deiner Liste steht eine Person.'
        : `Auf deiner Liste stehen ${text}.`,
  waiting: (n, text) =>
    n === 1 ? 'Nach einer ist noch nicht gefragt.' : `Nach ${text} ist noch nicht gefragt.`,
  wrong: (some) => `Weder Handle noch Adresse: ${some}`,
  tooMany: (most) => `Auf eine Liste passen ${most}.`,
  left: (n) => `Du kannst noch nach ${n} fragen.`,
  leftFrom: (n, time) => `Du kannst noch nach ${n} fragen. Am ${time} kommen 50 dazu.`,
  whyBudget: 'Damit niemand herausfindet, wer hier ist, indem er nach allen fragt.',
  unproven:
    'Das Haus hat mit einem anderen Schlüssel geantwortet, als es sagt. Es wurde nichts abgeschickt.',
  otherKey: 'Das Haus hat einen neuen Schlüssel. Nach allen auf deiner Liste wird neu gefragt.',
  done: (n) =>
    n === 0 ? 'Noch niemand.' : n === 1 ? 'Eine Person gefunden.' : `${n} Leute gefunden.`,

  found: 'Gefunden',
  nobody: 'Noch niemand',
  nobodyWhy:
    'Wenn jemand von deiner Liste dich auf die eigene setzt, steht es hier und unter Neues. Bis dahin erfahrt ihr beide nichts.',
  follow: 'Folgen',
  followWho: (name) => `${name} folgen`,
  followed: (name) => `Du folgst jetzt ${name}.`,
  following: 'Du folgst',

  stored: 'Was gespeichert ist',
  storedWhat:
    'Dass du mitmachst, und ein Wert, an dem du gefunden wirst und aus dem niemand deinen Namen zurückrechnet. Von deiner Liste: wer auch mitmacht. Das geht, wenn du es ausschaltest, oder nach 90 Tagen ohne Besuch.',
  seeStored: 'Alles, was von dir gespeichert ist',

  code: 'Dein Code',
  codeWhy:
    'Wenn ihr euch gegenübersteht, geht es einfacher: Lass ihn scannen oder schick den Link. Er öffnet dein Profil.',
  codeSays: (address) => `Ein QR-Code, der zu ${address} führt`,
  share: 'Link teilen',
  shareText: 'Das bin ich:',
  copied: 'Der Link ist kopiert.',
};

const catalogues: Record<string, FindWords> = { en, de };

/** The catalogue of the chosen language. */
export function w(): FindWords {
  return catalogues[language.value] ?? en;
}
