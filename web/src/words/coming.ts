import { language } from '../models/settings.ts';

/** The words for coming into the house: they are loaded for who is not signed in. */

export const en = {
  welcome: {
    heading: 'A house of open rooms.',
    what: 'You hear people talk, and when you like, you join in.',
    byInvite: 'You need an invitation from somebody who is here already.',
    join: 'Join',
    signIn: 'Sign in',
    haveInvite: 'You have an invitation? Open its link on this device.',
  },

  noNumber: 'No phone number, no e-mail address, no address book.',

  invitation: {
    from: (name: string) => `${name} saved you a place.`,
    fromHouse: 'A place is free for you.',
    what: 'Stoa is a house of open rooms. You hear people talk, and when you like, you join in.',
    name: 'What should we call you?',
    nameHint: 'Everyone in a room sees this name. You can change it.',
    nameMissing: 'Please give a name.',
    withPasskey: 'Come in with a passkey',
    withRecovery: 'Come in with a recovery code',
    noPasskey:
      'This browser has no passkeys. You get a recovery code instead: write it down, it is your key.',
    passkeyFailed:
      'That did not work with a passkey. Try once more, or take a recovery code instead.',
    passkeyCancelled: 'No passkey was made. Try once more, or take a recovery code instead.',
    known: 'Already know the place?',
    signIn: 'Sign in',
    gone: 'This invitation does not work any more.',
    goneWhy:
      'It was used, taken back, or its time is over. Ask the person who gave it to you for a new one.',
    signedIn: (name: string) =>
      `You are in already, as ${name}. Leave this invitation to somebody else.`,
  },

  recovery: {
    heading: 'Your recovery code',
    why: 'It opens your account once, if you have no passkey at hand. We show it only now. Keep it where you keep important things.',
    kept: 'I have kept it',
    copied: 'Code copied.',
  },

  signin: {
    heading: 'Good to see you again.',
    withPasskey: 'Sign in with a passkey',
    or: 'or',
    code: 'Recovery code',
    codeHint: 'It works once. You get a new one afterwards.',
    withCode: 'Sign in with the code',
    codeMissing: 'Please enter your recovery code.',
    unsupported: 'This browser has no passkeys. Use your recovery code.',
    cancelled: 'No passkey was used. You can try again.',
  },

  join: {
    heading: 'Come in, whoever you are.',
    what: 'This house is open: no invitation needed. Instead, your device computes for a few seconds, so that nobody comes with a thousand accounts.',
    working: 'Your device is computing. That takes a few seconds, on an old one a minute.',
    done: 'Computed. All that is missing is you.',
    stuck: 'Computing did not work here. Please load the page anew.',
    shut: 'This house lets people in by invitation.',
    shutWhy: 'Somebody who is here already can give you one: a link that works once.',
  },
};

type ComingWords = typeof en;

export const de: ComingWords = {
  welcome: {
    heading: 'Ein Haus voller offener Räume.',
    what: 'Du hörst Menschen beim Reden zu und redest mit, wenn du magst.',
    byInvite: 'Du brauchst eine Einladung von jemandem, der schon hier ist.',
    join: 'Mitmachen',
    signIn: 'Anmelden',
    haveInvite: 'Du hast eine Einladung? Öffne ihren Link auf diesem Gerät.',
  },

  noNumber: 'Keine Telefonnummer, keine E-Mail-Adresse, kein Adressbuch.',

  invitation: {
    from: (name) => `${name} hat dir einen Platz freigehalten.`,
    fromHouse: 'Ein Platz ist frei für dich.',
    what: 'Stoa ist ein Haus voller offener Räume. Du hörst Menschen beim Reden zu und redest mit, wenn du magst.',
    name: 'Wie dürfen wir dich nennen?',
    nameHint: 'Alle in einem Raum sehen diesen Namen. Du kannst ihn ändern.',
    nameMissing: 'Bitte sag, wie du heißen willst.',
    withPasskey: 'Mit Passkey reinkommen',
    withRecovery: 'Mit Notfallcode reinkommen',
    noPasskey:
      'Dieser Browser kann keine Passkeys. Du bekommst stattdessen einen Notfallcode: Schreib ihn auf, er ist dein Schlüssel.',
    passkeyFailed:
      'Mit dem Passkey hat es nicht geklappt. Versuch es noch einmal, oder nimm einen Notfallcode.',
    passkeyCancelled:
      'Es ist kein Passkey entstanden. Versuch es noch einmal, oder nimm einen Notfallcode.',
    known: 'Schon mal hier gewesen?',
    signIn: 'Anmelden',
    gone: 'Diese Einladung gilt nicht mehr.',
    goneWhy:
      'Sie ist benutzt, zurückgenommen oder abgelaufen. Bitte den Menschen, von dem du sie hast, um eine neue.',
    signedIn: (name) => `Du bist schon drin, als ${name}. Lass diese Einladung jemand anderem.`,
  },

  recovery: {
    heading: 'Dein Notfallcode',
    why: 'Er öffnet dein Konto ein einziges Mal, wenn du keinen Passkey zur Hand hast. Wir zeigen ihn nur jetzt. Heb ihn da auf, wo du Wichtiges aufhebst.',
    kept: 'Ich hab ihn aufgehoben',
    copied: 'Code kopiert.',
  },

  signin: {
    heading: 'Schön, dass du wieder da bist.',
    withPasskey: 'Mit Passkey anmelden',
    or: 'oder',
    code: 'Notfallcode',
    codeHint: 'Er gilt ein Mal. Danach bekommst du einen neuen.',
    withCode: 'Mit dem Code anmelden',
    codeMissing: 'Bitte gib deinen Notfallcode ein.',
    unsupported: 'Dieser Browser kann keine Passkeys. Nimm deinen Notfallcode.',
    cancelled: 'Es wurde kein Passkey benutzt. Du kannst es noch einmal versuchen.',
  },

  join: {
    heading: 'Komm rein, wer du auch bist.',
    what: 'Dieses Haus ist offen: Du brauchst keine Einladung. Dafür rechnet dein Gerät ein paar Sekunden, damit niemand mit tausend Konten kommt.',
    working:
      'Dein Gerät rechnet. Das dauert ein paar Sekunden, auf einem alten auch mal eine Minute.',
    done: 'Fertig gerechnet. Jetzt fehlst nur noch du.',
    stuck: 'Das Rechnen hat hier nicht geklappt. Bitte lade die Seite neu.',
    shut: 'In dieses Haus kommt man mit Einladung.',
    shutWhy: 'Wer schon hier ist, kann dir eine geben: einen Link, der ein Mal gilt.',
  },
};

const catalogues: Record<string, ComingWords> = { en, de };

/** The catalogue of the chosen language. */
export function c(): ComingWords {
  return catalogues[language.value] ?? en;
}
