import type { Emoji } from '@stoa/client';
import { language } from '../models/settings.ts';

/** The words for what happens in a room beside the voices. They are loaded with a room. */

const sum = (n: number, what: string) => `${n === 1 ? '' : `${n} × `}${what}`;

export const en = {
  describe: {
    about: 'It is about:',
    change: 'Say what it is about',
    title: 'What is it about?',
    name: 'Title',
    save: 'Save',
  },
  chat: {
    title: 'Chat',
    open: 'Open the chat',
    unread: (n: number) => (n === 1 ? 'one new message' : `${n} new messages`),
    messages: 'Messages',
    empty: 'Nothing has been written yet.',
    sealed:
      'Sealed like the voices: only who is in the room can read it. Nothing is kept, and who comes later reads nothing of it.',
    write: 'Write to everyone here',
    send: 'Send',
    left: (n: number) => (n < 0 ? `${-n} too many` : `${n} left`),
    takeBack: (text: string) => `Take back: ${text}`,
    takenBack: 'taken back',
    takenBackBy: (name: string) => `taken back by ${name}`,
    newDevice: 'from a device you have not met',
    gap: 'You were away. What was written meanwhile is not here.',
    whoMay: (who: string) => `Who may write: ${who}`,
    policy: { everyone: 'Everyone', stage: 'The stage', off: 'Nobody' },
    closed: { stage: 'Only those on the stage may write.', off: 'Nobody may write right now.' },
    newest: 'To the newest',
    said: (name: string, text: string) => `${name} writes: ${text}`,
    many: (n: number) => `${n} new messages in the chat.`,
    some: 'There is something new in the chat.',
    set: {
      everyone: 'Everyone may write now.',
      stage: 'Only those on the stage may write now.',
      off: 'Nobody may write now.',
    },
    slow: (seconds: number) =>
      seconds === 1
        ? 'A little slower: once more in a second.'
        : `A little slower: again in ${seconds} seconds.`,
  },

  reactions: {
    open: 'React',
    title: 'React with',
    names: {
      '👏': 'applause',
      '❤️': 'a heart',
      '😂': 'laughter',
      '😮': 'amazement',
      '🎉': 'celebration',
      '🙏': 'thanks',
      '🤔': 'a question',
      '👍': 'a thumbs up',
    } satisfies Record<Emoji, string> as Record<string, string>,
    sum,
    told: (list: string) => `Reactions: ${list}.`,
  },

  pins: {
    title: 'Links',
    add: 'Pin a link',
    url: 'Address',
    urlHint: 'It begins with https.',
    bad: 'This is no address that begins with https.',
    text: 'What it is',
    textHint: 'You may leave this empty.',
    pin: 'Pin it',
    unpin: (what: string) => `Take down: ${what}`,
    opens: 'opens in a new tab',
    why: 'Everyone sees where it leads. Nothing of it is fetched before somebody presses it.',
    full: 'Five links are up. Take one down first.',
    pinned: (name: string, what: string) => `${name} has pinned a link: ${what}.`,
  },

  poll: {
    title: 'Poll',
    add: 'Ask everyone',
    question: 'Your question',
    option: (n: number) => `Answer ${n}`,
    more: 'One more answer',
    ask: 'Ask now',
    missing: 'A question takes at least two different answers.',
    secret:
      'Everyone sees how many chose what, and nobody who. When it closes, that is forgotten here too.',
    by: (name: string) => `${name} asks`,
    voters: (n: number) =>
      n === 0 ? 'Nobody has answered yet' : n === 1 ? 'One has answered' : `${n} have answered`,
    result: (n: number) => (n === 1 ? 'Closed. One has answered' : `Closed. ${n} have answered`),
    chose: (n: number) => (n === 1 ? 'one' : `${n}`),
    yours: 'your answer',
    change: 'You can change your answer until it is closed.',
    close: 'Close the poll',
    hide: 'Hide the result',
    asked: (name: string, question: string) => `${name} asks everyone: ${question}`,
    over: (question: string, best: string) =>
      `The poll is closed: ${question} Most have chosen: ${best}.`,
    overTie: (question: string) => `The poll is closed: ${question}`,
  },

  clock: {
    show: 'Show speaking time',
    hide: 'Hide speaking time',
    none: 'There is no speaking time in a closed room: without pauses, nobody can tell who is heard.',
    spoken: (minutes: number, seconds: number) =>
      minutes > 0 ? `has spoken for ${minutes} min ${seconds} s` : `has spoken for ${seconds} s`,
  },

  queue: {
    fair: 'Who has been heard the least is first, then whose hand went up first.',
    byHands: 'In the order of the hands.',
    first: (name: string) => `${name} is next`,
    you: 'You',
  },
};

type Words = typeof en;

export const de: Words = {
  describe: {
    about: 'Hier geht es um:',
    change: 'Sagen, worum es geht',
    title: 'Worum geht es?',
    name: 'Titel',
    save: 'Speichern',
  },
  chat: {
    title: 'Gespräch',
    open: 'Gespräch öffnen',
    unread: (n) => (n === 1 ? 'eine neue Nachricht' : `${n} neue Nachrichten`),
    messages: 'Nachrichten',
    empty: 'Noch hat niemand etwas geschrieben.',
    sealed:
      'Versiegelt wie die Stimmen: Lesen kann es nur, wer im Raum ist. Nichts bleibt, und wer später kommt, liest nichts davon.',
    write: 'An alle hier schreiben',
    send: 'Senden',
    left: (n) => (n < 0 ? `${-n} zu viel` : `noch ${n}`),
    takeBack: (text) => `Zurücknehmen: ${text}`,
    takenBack: 'zurückgenommen',
    takenBackBy: (name) => `zurückgenommen von ${name}`,
    newDevice: 'von einem Gerät, das du nicht kennst',
    gap: 'Du warst weg. Was inzwischen geschrieben wurde, ist nicht hier.',
    whoMay: (who) => `Schreiben darf: ${who}`,
    policy: { everyone: 'Alle', stage: 'Die Bühne', off: 'Niemand' },
    closed: {
      stage: 'Schreiben darf nur, wer auf der Bühne ist.',
      off: 'Gerade darf niemand schreiben.',
    },
    newest: 'Zum Neuesten',
    said: (name, text) => `${name} schreibt: ${text}`,
    many: (n) => `${n} neue Nachrichten im Gespräch.`,
    some: 'Im Gespräch gibt es Neues.',
    set: {
      everyone: 'Jetzt dürfen alle schreiben.',
      stage: 'Jetzt darf nur schreiben, wer auf der Bühne ist.',
      off: 'Jetzt darf niemand schreiben.',
    },
    slow: (seconds) =>
      seconds === 1
        ? 'Etwas langsamer: in einer Sekunde wieder.'
        : `Etwas langsamer: in ${seconds} Sekunden wieder.`,
  },

  reactions: {
    open: 'Reagieren',
    title: 'Reagieren mit',
    names: {
      '👏': 'Applaus',
      '❤️': 'ein Herz',
      '😂': 'Lachen',
      '😮': 'Staunen',
      '🎉': 'Jubel',
      '🙏': 'Danke',
      '🤔': 'eine Frage',
      '👍': 'Daumen hoch',
    },
    sum,
    told: (list) => `Reaktionen: ${list}.`,
  },

  pins: {
    title: 'Links',
    add: 'Link anheften',
    url: 'Adresse',
    urlHint: 'Sie beginnt mit https.',
    bad: 'Das ist keine Adresse, die mit https beginnt.',
    text: 'Was es ist',
    textHint: 'Das darf leer bleiben.',
    pin: 'Anheften',
    unpin: (what) => `Abnehmen: ${what}`,
    opens: 'öffnet einen neuen Tab',
    why: 'Alle sehen, wohin er führt. Nichts davon wird geladen, bevor jemand draufdrückt.',
    full: 'Fünf Links hängen schon. Nimm erst einen ab.',
    pinned: (name, what) => `${name} hat einen Link angeheftet: ${what}.`,
  },

  poll: {
    title: 'Umfrage',
    add: 'Alle fragen',
    question: 'Deine Frage',
    option: (n) => `Antwort ${n}`,
    more: 'Noch eine Antwort',
    ask: 'Jetzt fragen',
    missing: 'Zu einer Frage gehören mindestens zwei verschiedene Antworten.',
    secret:
      'Alle sehen, wie oft etwas gewählt wurde, und niemand, von wem. Wenn sie endet, ist das auch hier vergessen.',
    by: (name) => `${name} fragt`,
    voters: (n) => (n === 0 ? 'Noch keine Antwort' : n === 1 ? 'Eine Antwort' : `${n} Antworten`),
    result: (n) => (n === 1 ? 'Beendet. Eine Antwort' : `Beendet. ${n} Antworten`),
    chose: (n) => (n === 1 ? 'eine' : `${n}`),
    yours: 'deine Antwort',
    change: 'Bis zum Ende kannst du deine Antwort ändern.',
    close: 'Umfrage beenden',
    hide: 'Ergebnis ausblenden',
    asked: (name, question) => `${name} fragt alle: ${question}`,
    over: (question, best) => `Die Umfrage ist zu Ende: ${question} Am meisten gewählt: ${best}.`,
    overTie: (question) => `Die Umfrage ist zu Ende: ${question}`,
  },

  clock: {
    show: 'Redezeit zeigen',
    hide: 'Redezeit ausblenden',
    none: 'In einem geschlossenen Raum gibt es keine Redezeit: Ohne Pausen weiß niemand, wer zu hören ist.',
    spoken: (minutes, seconds) =>
      minutes > 0 ? `hat ${minutes} min ${seconds} s gesprochen` : `hat ${seconds} s gesprochen`,
  },

  queue: {
    fair: 'Wer am wenigsten zu hören war, kommt zuerst; dann zählt, wer sich früher gemeldet hat.',
    byHands: 'In der Reihenfolge der Hände.',
    first: (name) => `${name} kommt als Nächstes`,
    you: 'Du',
  },
};

/** The catalogue of the chosen language. */
export const b = (): Words => (language.value === 'de' ? de : en);
