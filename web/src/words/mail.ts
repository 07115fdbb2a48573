import { language } from '../models/settings.ts';

/** The words for mail. They are loaded with its part of the settings. */

export const en = {
  title: 'E-mail',
  why: 'Nobody needs to give one. With it this house writes to you when something is done to your account, and news, if you want them. It opens no account, and nobody finds you by it.',
  label: 'Your e-mail address',
  send: 'Send me a code',
  sent: (to: string) => `A code is on its way to ${to}.`,
  code: 'The code from the mail',
  codeWhy: (time: string) =>
    `Eight digits, good until ${time}. If nothing comes, look whether the address is right, and among spam. To one address at most three codes are sent a day.`,
  confirm: 'Confirm',
  again: 'Send another code',
  other: 'Another address',
  stop: 'Never mind',
  wrong: 'That is not the code. Look at it once more.',
  over: 'This code is good no more. Have a new one sent.',
  often: (time: string) => `Enough codes for now. The next one can be sent from ${time}.`,
  proven: 'This is your address now.',
  since: (day: string) => `Confirmed on ${day}.`,
  news: 'News by mail',
  choices: { off: 'None', digest: 'Without names', named: 'With names' },
  newsWhy:
    'At most one a day, of what you have not seen: how much it is, or what it is and of whom; of messages that somebody has written, never what. It comes when the rest comes together, never in quiet hours; if you want that never, neither does mail. Whoever carries mail can read it.',
  how: 'How you are told',
  saved: 'Saved.',
  change: 'Change',
  remove: 'Remove',
  removeTitle: 'Remove your address?',
  removeWhy: 'Then nothing is written to you any more, about your account neither.',
  removed: 'Your address is removed.',
};

export type MailWords = typeof en;

export const de: MailWords = {
  title: 'E-Mail',
  why: 'Niemand muss eine angeben. Mit ihr schreibt dir dieses Haus, wenn an deinem Konto etwas geschieht, und Neuigkeiten, wenn du sie willst. Sie öffnet kein Konto, und niemand findet dich damit.',
  label: 'Deine E-Mail-Adresse',
  send: 'Code schicken',
  sent: (to) => `Ein Code ist unterwegs an ${to}.`,
  code: 'Der Code aus der Mail',
  codeWhy: (time) =>
    `Acht Ziffern, gültig bis ${time}. Kommt nichts, sieh nach, ob die Adresse stimmt, und im Spam. An eine Adresse gehen höchstens drei Codes am Tag.`,
  confirm: 'Bestätigen',
  again: 'Neuen Code schicken',
  other: 'Andere Adresse',
  stop: 'Doch nicht',
  wrong: 'Das ist nicht der Code. Sieh noch einmal nach.',
  over: 'Dieser Code gilt nicht mehr. Lass dir einen neuen schicken.',
  often: (time) => `Das waren genug Codes. Der nächste geht ab ${time}.`,
  proven: 'Das ist jetzt deine Adresse.',
  since: (day) => `Bestätigt am ${day}.`,
  news: 'Neuigkeiten per Mail',
  choices: { off: 'Keine', digest: 'Ohne Namen', named: 'Mit Namen' },
  newsWhy:
    'Höchstens eine am Tag, über das, was du nicht gesehen hast: wie viel es ist, oder was und von wem; bei Nachrichten, dass jemand geschrieben hat, nie was. Sie kommt, wenn auch der Rest zusammen kommt, nie in der Ruhezeit; willst du den gar nicht, kommt auch keine Mail. Wer Mails befördert, kann sie lesen.',
  how: 'Wie du Bescheid bekommst',
  saved: 'Gespeichert.',
  change: 'Ändern',
  remove: 'Entfernen',
  removeTitle: 'Adresse entfernen?',
  removeWhy: 'Dann wird dir nichts mehr geschrieben, auch nicht zu deinem Konto.',
  removed: 'Deine Adresse ist entfernt.',
};

const catalogues: Record<string, MailWords> = { en, de };

/** The catalogue of the chosen language. */
export function m(): MailWords {
  return catalogues[language.value] ?? en;
}
