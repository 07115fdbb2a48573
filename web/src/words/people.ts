import { language } from '../models/settings.ts';

/** The words for people: their profiles, and what the house keeps of oneself. They are loaded with these screens. */

export const en = {
  person: {
    followers: (n: number, name: string) => (n === 1 ? `follows ${name}` : `follow ${name}`),
    following: (name: string) => `${name} follows`,
    speaks: (languages: string) => `Speaks ${languages}`,
    links: 'Links',
    opens: 'opens in a new tab',
    since: (time: string) => `Here since ${time}`,
    sinceBy: (time: string) => `Here since ${time}, invited by `,
    clubs: 'Clubs',
    roles: { founder: 'Founder', admin: 'Admin', member: 'Member' },
  },

  follow: {
    following: 'Following',
    level: (name: string) => `How much do you want to hear of ${name}?`,
    always: 'Always',
    sometimes: 'Sometimes',
    never: 'Never',
    says: (name: string, level: string) => `You follow ${name}. Told of them: ${level}`,
  },

  suggested: {
    title: 'Perhaps you know',
    why: 'From clubs you share, and from the room you are in. Nothing else is looked at.',
    clubs: (names: string) => `Also in ${names}`,
    room: (title: string) => `With you in “${title}”`,
    roomUntitled: 'With you in this room',
    follow: 'Follow',
    followWho: (name: string) => `Follow ${name}`,
    hideWho: (name: string) => `Do not suggest ${name} again`,
    followed: (name: string) => `You follow ${name} now.`,
    hidden: (name: string) => `${name} is not suggested to you any more.`,
  },

  me: {
    following: 'People you follow',
    followers: 'People who follow you',
    find: 'Find people you know',
    findWhy: 'Without showing your contacts to anyone. And a code for when you meet.',
    noFollowing: 'You follow nobody yet.',
    noFollowers: 'Nobody follows you yet.',
    blank: 'Others see your name so far, and nothing else. You may say more.',
  },

  edit: {
    what: 'Everyone in this house can see this.',
    preview: 'How others see you',
    name: 'Name',
    handle: 'Handle',
    handleWhy: '3 to 24 letters a–z, digits and _. You may do without.',
    pronouns: 'Pronouns',
    bio: 'About you',
    links: 'Links',
    linksWhy: 'Up to four pages of yours.',
    url: (n: number) => `Address of link ${n}`,
    text: (n: number) => `Words for link ${n}`,
    urlHint: 'Address',
    textHint: 'Words for it, or none',
    addLink: 'Add a link',
    dropLink: (n: number) => `Remove link ${n}`,
    languages: 'Languages you speak',
    languagesWhy: 'Up to six.',
    addLanguage: 'Add a language',
    dropLanguage: (name: string) => `Remove ${name}`,
    inviter: 'Show who invited me',
    inviterWhy: (name: string) => `Your profile then says that ${name} invited you.`,
    findable: 'Found by everyone here',
    findableWhy:
      'By your name. Whoever you follow, follows you, or knows your whole handle finds you anyway.',
    inviterNobody: 'You came with an invite of the house: there is nobody to show.',
    kept: 'Your changes are not saved yet. They wait for you in your profile.',
    meanwhile:
      'Your profile was changed somewhere else meanwhile. What you typed is still here: look at it, then save again.',
  },

  picture: {
    title: 'Your picture',
    choose: 'Choose a picture',
    another: 'Choose another',
    square: 'Its middle square is shown.',
    drop: 'You can also drop it here.',
    dropNow: 'Drop it here',
    remove: 'Take it away',
    removed: 'Your picture is gone.',
    uploading: 'Your picture is on its way',
    cancel: 'Stop',
    done: 'Your picture is there.',
    not_a_picture: 'That is no picture we can show. JPEG, PNG and WebP work.',
    too_large: 'That picture is too large. It may have up to 8 megabytes.',
  },

  stored: {
    what: 'This is all that this house knows of you: not a summary, all of it. Open a line to see it as it is stored.',
    total: 'in all',
    rows: (n: number, text: string) => (n === 1 ? 'one entry' : `${text} entries`),
    none: 'Nothing',
    oldest: (time: string) => `The oldest is from ${time}.`,
    until: (time: string) => `Gone by ${time} at the latest.`,
    keeps: {
      account: 'Until you erase your account',
      room: 'Until the room ends',
      days: (n: number) => (n === 1 ? 'For a day' : `For ${n} days`),
      seen: (n: number) =>
        n === 1 ? 'Until a day after your last visit' : `Until ${n} days after your last visit`,
      ended: (n: number) =>
        n === 1 ? 'Until a day after its end' : `Until ${n} days after its end`,
    },
    entry: (n: number) => `Entry ${n}`,
    nothing: 'Nothing of this kind is stored.',
    first: (n: number, all: string) =>
      `The first ${n} of ${all} are shown here. The archive has them all.`,
    yes: 'yes',
    no: 'no',
    empty: 'empty',
    classes: {
      account: ['Your account', 'Your name, your id, and since when you are here.'],
      profile: ['Your profile', 'What you say of yourself. Everyone here can see it.'],
      picture: ['Your picture', 'In two sizes. Everyone here can see it.'],
      passkeys: ['Your passkeys', 'Only the public half. Nobody can sign in with it.'],
      key_backups: ['The backup of your key', 'Sealed by your passkey. This house cannot open it.'],
      recovery: ['Your recovery code', 'Only a trace, by which it is known when you use it.'],
      sessions: ['Where you are signed in', 'One entry for each browser. Only you see them.'],
      invites: ['Invites', 'Those you have given, and the one you came with.'],
      follows: ['Whom you follow', 'They can see it.'],
      followers: ['Who follows you', 'They have chosen that. You can see it.'],
      hidden: ['Whom you do not want suggested', 'Nobody else is told.'],
      blocks: ['Whom you have muted or blocked', 'Nobody else is told, them least of all.'],
      discovery: [
        'Finding people you know',
        'That you take part, by what you are found, and whom you have found. Whom of your list the house knows else is kept shut away, also from you: it would tell you that they take part.',
      ],
      clubs: ['Your clubs', 'In which you are, or want to be. Their members see that you are in.'],
      club_follows: ['Clubs you follow', 'Nobody is told who follows one, only how many.'],
      reports_made: ['Voices you have reported', 'Sealed to the moderators of this house.'],
      reports_written: ['What you have reported', 'Only the wardens of this house can read it.'],
      reports_about: [
        'What was reported of you',
        'Once it is decided: why, and when. Never by whom.',
      ],
      decisions: ['Decisions about you', 'What wardens of this house have decided, and why.'],
      warden: ['That you are a warden', 'Since when you judge what is reported.'],
      rooms: [
        'Rooms you are or were in',
        'Your place, and each thing you did there, by its kind. Nothing that is said, and nothing once they are over.',
      ],
      plans: [
        'Rooms you plan, or are asked into',
        'What you write in them is sealed with your key.',
      ],
      going: ['Where you are going', 'And when you want to be reminded.'],
      calendar: [
        'The address of your calendar',
        'Only its hash: nobody can read your calendar with it.',
      ],
      news: ['What you are told', 'By ids alone. The names are looked up when you read it.'],
      talk_devices: [
        'Devices others can write to',
        'Their public keys, and packages by which a conversation adds them.',
      ],
      conversations: [
        'Conversations',
        'Who is in them with you, since when, and which are silent for you.',
      ],
      messages: [
        'Messages you wrote',
        'Sealed. This house cannot open them, and forgets them when all have them.',
      ],
      news_settings: [
        'How you want to be told',
        'And how often you were, on the last day, so that it is not more than you want.',
      ],
      devices: [
        'Browsers that are told while the app is closed',
        'Where they are reached is sealed with your key.',
      ],
      address: [
        'Your e-mail address',
        'Sealed with your key. Nobody finds you by it, and it opens no account.',
      ],
      index: [
        'What you are found by',
        'Not in any backup. Strangers find you by it if you want that.',
      ],
      key: ['The key of your data', 'When you erase your account it is destroyed, in every copy.'],
    } as Record<string, readonly [string, string]>,
    take: 'Take it with you',
    takeTitle: 'An archive of it',
    takeWhy: 'One file with all of it: readable by people and by programs, and your picture.',
    download: 'Download the archive',
  },

  erase: {
    title: 'Erase your account',
    why: 'You leave this house, and it forgets you.',
    open: 'Erase my account',
    sure: 'Erase your account?',
    goes: [
      'Your profile and your picture.',
      'Whom you follow, and who follows you.',
      'You leave your clubs. One that you lead passes to its longest-standing admin, or else member.',
      'Your passkeys, your recovery code, your invites.',
      'You leave the room you are in, and are signed out everywhere.',
      'The key of your data is destroyed: no copy of it can be read any more.',
    ],
    final: 'It happens at once. Nobody can undo it, this house neither.',
    before: 'Download the archive first',
    prove: 'Show that it is you.',
    passkey: 'Erase with my passkey',
    code: 'Recovery code',
    codeHint: 'The one you have put away.',
    codeMissing: 'Please enter your recovery code.',
    withCode: 'Erase with the code',
    or: 'or',
    notYours: 'That does not belong to this account. Nothing was erased.',
    cancelled: 'No passkey was used. Nothing was erased.',
    unsupported: 'This browser has no passkeys. Use your recovery code.',
    unprovable:
      'You have neither a passkey here nor a recovery code. Make one in the settings first.',
    settings: 'To the settings',
  },

  goodbye: {
    heading: 'Goodbye.',
    gone: 'Your account is erased, and everything this house kept of you with it. Your key is destroyed, here too.',
    back: 'Should you miss the voices one day: somebody in the house can invite you again.',
    front: 'To the front door',
  },
};

export type PeopleWords = typeof en;

export const de: PeopleWords = {
  person: {
    followers: (n, name) => (n === 1 ? `folgt ${name}` : `folgen ${name}`),
    following: (name) => `${name} folgt`,
    speaks: (languages) => `Spricht ${languages}`,
    links: 'Links',
    opens: 'öffnet einen neuen Tab',
    since: (time) => `Seit ${time} hier`,
    sinceBy: (time) => `Seit ${time} hier, eingeladen von `,
    clubs: 'Clubs',
    roles: { founder: 'Führt den Club', admin: 'Leitet mit', member: 'Mitglied' },
  },

  follow: {
    following: 'Du folgst',
    level: (name) => `Wie viel willst du von ${name} hören?`,
    always: 'Immer',
    sometimes: 'Manchmal',
    never: 'Nie',
    says: (name, level) => `Du folgst ${name}. Du erfährst davon: ${level}`,
  },

  suggested: {
    title: 'Vielleicht kennst du',
    why: 'Aus Clubs, in denen ihr beide seid, und aus dem Raum, in dem du bist. Sonst wird nichts angesehen.',
    clubs: (names) => `Auch in: ${names}`,
    room: (title) => `Mit dir in „${title}“`,
    roomUntitled: 'Mit dir in diesem Raum',
    follow: 'Folgen',
    followWho: (name) => `${name} folgen`,
    hideWho: (name) => `${name} nicht mehr vorschlagen`,
    followed: (name) => `Du folgst jetzt ${name}.`,
    hidden: (name) => `${name} wird dir nicht mehr vorgeschlagen.`,
  },

  me: {
    following: 'Wem du folgst',
    followers: 'Wer dir folgt',
    find: 'Finden, wen du kennst',
    findWhy: 'Ohne deine Kontakte jemandem zu zeigen. Und ein Code, wenn ihr euch trefft.',
    noFollowing: 'Du folgst noch niemandem.',
    noFollowers: 'Noch folgt dir niemand.',
    blank: 'Andere sehen von dir bisher nur den Namen. Du kannst mehr erzählen.',
  },

  edit: {
    what: 'Das können alle in diesem Haus sehen.',
    preview: 'So sehen dich andere',
    name: 'Name',
    handle: 'Kürzel',
    handleWhy: '3 bis 24 Buchstaben a–z, Ziffern und _. Es geht auch ohne.',
    pronouns: 'Pronomen',
    bio: 'Über dich',
    links: 'Links',
    linksWhy: 'Bis zu vier Seiten von dir.',
    url: (n) => `Adresse von Link ${n}`,
    text: (n) => `Worte für Link ${n}`,
    urlHint: 'Adresse',
    textHint: 'Worte dafür, oder keine',
    addLink: 'Link hinzufügen',
    dropLink: (n) => `Link ${n} entfernen`,
    languages: 'Sprachen, die du sprichst',
    languagesWhy: 'Bis zu sechs.',
    addLanguage: 'Sprache hinzufügen',
    dropLanguage: (name) => `${name} entfernen`,
    inviter: 'Zeigen, wer mich eingeladen hat',
    inviterWhy: (name) => `In deinem Profil steht dann, dass ${name} dich eingeladen hat.`,
    findable: 'Von allen hier zu finden',
    findableWhy:
      'Am Namen. Wem du folgst, wer dir folgt oder deinen ganzen Handle kennt, findet dich ohnehin.',
    inviterNobody: 'Du bist mit einer Einladung des Hauses gekommen: Da ist niemand zu zeigen.',
    kept: 'Deine Änderungen sind noch nicht gespeichert. Sie warten in deinem Profil auf dich.',
    meanwhile:
      'Dein Profil wurde inzwischen anderswo geändert. Was du geschrieben hast, steht noch hier: Sieh es dir an und speichere noch einmal.',
  },

  picture: {
    title: 'Dein Bild',
    choose: 'Bild wählen',
    another: 'Anderes wählen',
    square: 'Zu sehen ist das Quadrat in der Mitte.',
    drop: 'Du kannst es auch hierher ziehen.',
    dropNow: 'Hier loslassen',
    remove: 'Wegnehmen',
    removed: 'Dein Bild ist weg.',
    uploading: 'Dein Bild ist unterwegs',
    cancel: 'Anhalten',
    done: 'Dein Bild ist da.',
    not_a_picture: 'Das ist kein Bild, das wir zeigen können. JPEG, PNG und WebP gehen.',
    too_large: 'Das Bild ist zu groß. Es darf bis zu 8 Megabyte haben.',
  },

  stored: {
    what: 'Das ist alles, was dieses Haus von dir weiß: keine Zusammenfassung, sondern alles. Klapp eine Zeile auf und sieh es so, wie es gespeichert ist.',
    total: 'insgesamt',
    rows: (n, text) => (n === 1 ? 'ein Eintrag' : `${text} Einträge`),
    none: 'Nichts',
    oldest: (time) => `Das Älteste ist vom ${time}.`,
    until: (time) => `Spätestens weg am ${time}.`,
    keeps: {
      account: 'Bis du dein Konto löschst',
      room: 'Bis der Raum endet',
      days: (n) => (n === 1 ? 'Einen Tag lang' : `${n} Tage lang`),
      seen: (n) =>
        n === 1
          ? 'Bis einen Tag nach deinem letzten Besuch'
          : `Bis ${n} Tage nach deinem letzten Besuch`,
      ended: (n) => (n === 1 ? 'Bis einen Tag nach dem Ende' : `Bis ${n} Tage nach dem Ende`),
    },
    entry: (n) => `Eintrag ${n}`,
    nothing: 'Davon ist nichts gespeichert.',
    first: (n, all) => `Hier stehen die ersten ${n} von ${all}. Im Archiv sind alle.`,
    yes: 'ja',
    no: 'nein',
    empty: 'leer',
    classes: {
      account: ['Dein Konto', 'Dein Name, deine Kennung, und seit wann du hier bist.'],
      profile: ['Dein Profil', 'Was du über dich sagst. Alle hier können es sehen.'],
      picture: ['Dein Bild', 'In zwei Größen. Alle hier können es sehen.'],
      passkeys: ['Deine Passkeys', 'Nur die öffentliche Hälfte. Anmelden kann sich damit niemand.'],
      key_backups: [
        'Die Sicherung deines Schlüssels',
        'Versiegelt mit deinem Passkey. Dieses Haus kann sie nicht öffnen.',
      ],
      recovery: ['Dein Notfallcode', 'Nur eine Spur, an der er erkannt wird, wenn du ihn benutzt.'],
      sessions: ['Wo du angemeldet bist', 'Ein Eintrag je Browser. Nur du siehst sie.'],
      invites: ['Einladungen', 'Die du verschenkt hast, und die, mit der du gekommen bist.'],
      follows: ['Wem du folgst', 'Wem du folgst, kann das sehen.'],
      followers: ['Wer dir folgt', 'Das haben andere so gewählt. Du kannst es sehen.'],
      hidden: ['Wen du nicht vorgeschlagen haben willst', 'Sonst erfährt es niemand.'],
      blocks: [
        'Wen du stumm geschaltet oder blockiert hast',
        'Sonst erfährt es niemand, am wenigsten die Person selbst.',
      ],
      discovery: [
        'Finden, wen du kennst',
        'Dass du mitmachst, woran du gefunden wirst, und wen du gefunden hast. Wen das Haus von deiner Liste sonst kennt, bleibt verschlossen, auch vor dir: Es würde dir verraten, dass die Person mitmacht.',
      ],
      clubs: [
        'Deine Clubs',
        'In denen du bist oder sein willst. Wer dort Mitglied ist, sieht, dass du dabei bist.',
      ],
      club_follows: ['Clubs, denen du folgst', 'Niemand erfährt, wer einem folgt, nur wie viele.'],
      reports_made: [
        'Stimmen, die du gemeldet hast',
        'Versiegelt für die Moderation dieses Hauses.',
      ],
      reports_written: ['Was du gemeldet hast', 'Nur die Aufsicht dieses Hauses kann es lesen.'],
      reports_about: [
        'Was über dich gemeldet wurde',
        'Sobald es entschieden ist: warum und wann. Nie von wem.',
      ],
      decisions: [
        'Entscheidungen über dich',
        'Was die Aufsicht dieses Hauses entschieden hat und warum.',
      ],
      warden: ['Dass du Aufsicht führst', 'Seit wann du entscheidest, was gemeldet wird.'],
      rooms: [
        'Räume, in denen du bist oder warst',
        'Dein Platz und was du dort getan hast, nur der Art nach. Nichts von dem, was gesagt wird, und nichts nach dem Ende.',
      ],
      plans: [
        'Räume, die du planst oder zu denen du gebeten bist',
        'Was du dazu schreibst, ist mit deinem Schlüssel versiegelt.',
      ],
      going: ['Wohin du gehst', 'Und wann du erinnert werden willst.'],
      calendar: [
        'Die Adresse deines Kalenders',
        'Nur ihr Hash: Damit kann niemand deinen Kalender lesen.',
      ],
      news: [
        'Worüber du Bescheid bekommst',
        'Nur Kennungen. Die Namen werden beim Lesen nachgesehen.',
      ],
      talk_devices: [
        'Geräte, denen andere schreiben können',
        'Ihre öffentlichen Schlüssel, und Päckchen, mit denen eine Unterhaltung sie aufnimmt.',
      ],
      conversations: [
        'Unterhaltungen',
        'Wer mit dir darin ist, seit wann, und welche für dich stumm sind.',
      ],
      messages: [
        'Nachrichten von dir',
        'Versiegelt. Dieses Haus kann sie nicht öffnen, und vergisst sie, wenn alle sie haben.',
      ],
      news_settings: [
        'Wie du Bescheid willst',
        'Und wie oft es am letzten Tag war, damit es nicht mehr wird, als du willst.',
      ],
      devices: [
        'Browser, die Bescheid bekommen, wenn die App zu ist',
        'Wo sie zu erreichen sind, ist mit deinem Schlüssel versiegelt.',
      ],
      address: [
        'Deine E-Mail-Adresse',
        'Mit deinem Schlüssel versiegelt. Niemand findet dich damit, und sie öffnet kein Konto.',
      ],
      index: [
        'Woran man dich findet',
        'In keiner Sicherung. Fremde finden dich damit, wenn du das willst.',
      ],
      key: [
        'Der Schlüssel deiner Daten',
        'Löschst du dein Konto, wird er vernichtet, in jeder Kopie.',
      ],
    },
    take: 'Nimm es mit',
    takeTitle: 'Ein Archiv davon',
    takeWhy: 'Eine Datei mit allem: lesbar für Menschen und für Programme, dazu dein Bild.',
    download: 'Archiv herunterladen',
  },

  erase: {
    title: 'Dein Konto löschen',
    why: 'Du verlässt dieses Haus, und es vergisst dich.',
    open: 'Mein Konto löschen',
    sure: 'Dein Konto löschen?',
    goes: [
      'Dein Profil und dein Bild.',
      'Wem du folgst, und wer dir folgt.',
      'Du trittst aus deinen Clubs aus. Führst du einen, geht er an die Person, die ihn am längsten mitleitet, sonst an das Mitglied, das am längsten dabei ist.',
      'Deine Passkeys, dein Notfallcode, deine Einladungen.',
      'Du gehst aus dem Raum, in dem du bist, und bist überall abgemeldet.',
      'Der Schlüssel deiner Daten wird vernichtet: Keine Kopie davon ist noch zu lesen.',
    ],
    final: 'Es geschieht sofort. Niemand kann es rückgängig machen, auch dieses Haus nicht.',
    before: 'Vorher das Archiv herunterladen',
    prove: 'Zeig, dass du es bist.',
    passkey: 'Mit meinem Passkey löschen',
    code: 'Notfallcode',
    codeHint: 'Der, den du aufgehoben hast.',
    codeMissing: 'Bitte gib deinen Notfallcode ein.',
    withCode: 'Mit dem Code löschen',
    or: 'oder',
    notYours: 'Das gehört nicht zu diesem Konto. Es wurde nichts gelöscht.',
    cancelled: 'Es wurde kein Passkey benutzt. Es wurde nichts gelöscht.',
    unsupported: 'Dieser Browser kann keine Passkeys. Nimm deinen Notfallcode.',
    unprovable:
      'Du hast hier weder einen Passkey noch einen Notfallcode. Leg zuerst in den Einstellungen einen an.',
    settings: 'Zu den Einstellungen',
  },

  goodbye: {
    heading: 'Leb wohl.',
    gone: 'Dein Konto ist gelöscht, und mit ihm alles, was dieses Haus von dir aufbewahrt hat. Dein Schlüssel ist vernichtet, auch hier.',
    back: 'Falls dir die Stimmen einmal fehlen: Jemand aus dem Haus kann dich wieder einladen.',
    front: 'Zur Haustür',
  },
};

const catalogues: Record<string, PeopleWords> = { en, de };

/** The catalogue of the chosen language. */
export function p(): PeopleWords {
  return catalogues[language.value] ?? en;
}

/** "1.2 kB" */
export function size(bytes: number): string {
  const [n, unit] =
    bytes < 1000
      ? [bytes, 'byte']
      : bytes < 1_000_000
        ? [bytes / 1000, 'kilobyte']
        : [bytes / 1_000_000, 'megabyte'];
  return new Intl.NumberFormat(language.value, {
    style: 'unit',
    unit,
    maximumFractionDigits: n < 10 && unit !== 'byte' ? 1 : 0,
  }).format(n);
}

/** How long something is kept. */
export function keepsWords(keeps: string): string {
  const words = p().stored.keeps;
  const [kind, count] = keeps.split(':');
  switch (kind) {
    case 'account':
    case 'room':
      return words[kind];
    case 'days':
    case 'seen':
    case 'ended':
      return words[kind](Number(count));
  }
  return keeps;
}
