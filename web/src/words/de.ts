/** German. It says du, and rephrases where a word would have a gender. */
import type { Words } from './en.ts';

const small = ['kein', 'ein', 'zwei', 'drei', 'vier', 'fünf', 'sechs', 'sieben', 'acht', 'neun'];
const inWords = (n: number) => small[n] ?? new Intl.NumberFormat('de').format(n);
const ordinals = [
  '',
  '',
  'zweiter',
  'dritter',
  'vierter',
  'fünfter',
  'sechster',
  'siebter',
  'achter',
];
const capital = (words: string) => words.charAt(0).toUpperCase() + words.slice(1);

export const de: Words = {
  main: 'Hauptnavigation',
  close: 'Schließen',
  cancel: 'Abbrechen',
  again: 'Noch einmal',
  copy: 'Kopieren',
  share: 'Teilen',
  loading: 'Lädt',
  you: 'du',
  none: 'Niemand',

  nav: {
    hallway: 'Flur',
    schedule: 'Kalender',
    clubs: 'Clubs',
    messages: 'Nachrichten',
    activity: 'Neues',
    search: 'Suchen',
    invites: 'Einladungen',
    settings: 'Einstellungen',
    queue: 'Aufsicht',
    me: 'Dein Profil',
    you: 'Du',
    skip: 'Zum Inhalt springen',
  },

  unseen: 'neu',
  message: 'Nachricht',
  toWardens: 'Der Aufsicht melden',

  welcome: { title: 'Komm rein' },

  facts: {
    notRecorded: 'Dieser Knoten nimmt nichts auf, was gesagt wird.',
  },

  invitation: { title: 'Du bist eingeladen' },
  join: { title: 'Mitmachen' },
  signin: { title: 'Anmelden' },
  hallway: {
    title: 'Flur',
    greeting: (hour, name) =>
      `${hour < 5 || hour >= 18 ? 'Guten Abend' : hour < 12 ? 'Guten Morgen' : 'Guten Tag'}, ${name}.`,
    count: (rooms, followed) => {
      const open =
        rooms === 1 ? 'Ein Raum ist offen.' : `${capital(inWords(rooms))} Räume sind offen.`;
      if (followed === 0) return open;
      if (rooms === 1) return `${open} Auf der Bühne ist jemand, dem du folgst.`;
      const where =
        followed === rooms
          ? 'In jedem'
          : followed === 1
            ? 'In einem'
            : `In ${inWords(followed)} davon`;
      return `${open} ${where} ist jemand auf der Bühne, dem du folgst.`;
    },
    rooms: 'Räume, in die du jetzt darfst',
    quiet: 'Ganz still hier.',
    quietWhy:
      'Gerade ist kein Raum für dich offen. Jemand muss das erste Wort sagen. Es darf ein kleines sein.',
    following: 'Wem du folgst',
    followsNobody:
      'Du folgst noch niemandem. Tipp in einem Raum auf ein Gesicht, um jemandem zu folgen: Dann siehst du zuerst, wo gesprochen wird.',
    onStageIn: (title) => `auf der Bühne in „${title}“`,
    all: 'Alle',
    invitesLeft: (n) =>
      n === 1
        ? 'Du kannst noch eine Einladung verschenken.'
        : `Du kannst noch ${inWords(n)} Einladungen verschenken.`,
  },

  card: {
    visibility: {
      open: 'Offener Raum',
      social: 'Sozialer Raum',
      members: 'Raum für Mitglieder',
      closed: 'Privater Raum',
    },
    since: (time) => `seit ${time}`,
    more: (n) => (n === 1 ? 'eine weitere Person' : `${inWords(n)} weitere`),
    onStage: (n) => (n === 1 ? 'eine Person auf der Bühne' : `${inWords(n)} auf der Bühne`),
    listening: (n) =>
      n === 1 ? 'eine Person hört zu' : `${n === 0 ? 'niemand hört' : `${inWords(n)} hören`} zu`,
    nobody: 'Niemand auf der Bühne',
  },

  openRoom: { open: 'Raum öffnen' },

  room: {
    untitled: 'Ein Raum ohne Titel',
    with: (names) => `Mit ${names}`,
    coming: 'Du kommst rein',
    stage: 'Bühne',
    followed: 'Wem die Bühne folgt',
    others: 'Außerdem im Raum',
    audienceEmpty: 'Noch hört niemand zu.',
    more: (n) => (n === 1 ? 'und eine weitere Person' : `und ${inWords(n)} weitere`),
    findAmong: (n) => `und ${inWords(n)} weitere: jemanden finden`,
    moderator: 'moderiert',
    speaking: 'spricht',
    muted: 'stumm',
    away: 'Verbindung weg',
    handUp: 'Hand gehoben',
    leave: 'Leise gehen',
    onAir: 'Du bist zu hören',
    mutedState: 'Stumm',
    muteAct: 'stumm schalten',
    unmuteAct: 'Mikrofon öffnen',
    raiseHand: 'Hand heben',
    lowerHand: 'Hand senken',
    handsClosed: 'Gerade kann niemand die Hand heben',
    handsFollowedOnly: 'Die Hand heben kann nur, wem jemand auf der Bühne folgt',
    place: (n) =>
      n === 1
        ? 'Du bist als Nächstes dran.'
        : ordinals[n]
          ? `Du bist an ${ordinals[n]} Stelle.`
          : `Du bist Nummer ${inWords(n)}.`,
    about: 'Dieser Raum',
    beside: 'Hände und Gespräch',
    listeningYou: 'Du hörst zu',
    onStageYou: 'Du bist auf der Bühne, stumm',
    facts: {
      open: 'Alle in diesem Haus dürfen reinkommen.',
      social: 'Reinkommen darf, wem jemand aus der Moderation folgt, und wer reingelassen wurde.',
      members: 'Reinkommen darf, wer im Club ist, und wer reingelassen wurde.',
      closed: 'Reinkommen darf nur, wer reingelassen wurde.',
    },
    handFacts: {
      everyone: 'Alle dürfen die Hand heben.',
      followed: 'Die Hand heben darf, wem jemand auf der Bühne folgt.',
      off: 'Gerade darf niemand die Hand heben.',
    },
  },

  asked: {
    by: (name) => `${name} bittet dich auf die Bühne.`,
    bySomebody: 'Die Moderation bittet dich auf die Bühne.',
    why: 'Du startest stumm. Man hört dich erst, wenn du es willst.',
    left: (seconds) => (seconds === 1 ? 'Noch eine Sekunde' : `Noch ${seconds} Sekunden`),
    stay: 'Hier bleiben',
    go: 'Auf die Bühne',
  },

  lock: {
    tag: {
      waiting: 'Wartet auf den Schlüssel',
      sealed: 'Versiegelt',
      changed: 'Versiegelt, neues Gerät',
    },
    about: 'wie dieser Raum versiegelt ist',
    title: 'Wie dieser Raum versiegelt ist',
    waiting:
      'Den Schlüssel hast du noch nicht. Bis dich jemand auf der Bühne einlässt, hörst du nichts, und von dir geht nichts hinaus.',
    sealed:
      'Was gesagt wird, wird auf dem Gerät versiegelt, an dem jemand spricht, und auf deinem geöffnet. Der Knoten dazwischen hat keinen Schlüssel dafür.',
    holders: (n) =>
      n === 1
        ? 'Den Schlüssel hast jetzt nur du.'
        : `${capital(inWords(n))} Leute haben jetzt den Schlüssel, du auch.`,
    since: (time) => `Er gilt seit ${time}.`,
    steward: (name) => `Das Gerät von ${name} gibt ihn denen, die reinkommen.`,
    tending: 'Dein Gerät gibt ihn denen, die reinkommen.',
    proven: 'Nichts wird abgespielt, bevor bewiesen ist, von wem es kommt.',
    compare: 'Code vergleichen',
    compareWhy:
      'Lest ihn einander vor. Ist er bei allen gleich, dann sind es auch der Schlüssel und die Geräte hier unten. Er ändert sich, wenn Leute kommen und gehen.',
    copied: 'Code kopiert.',
    compared: 'Wir haben ihn verglichen',
    noted: 'Gemerkt für alle Stimmen, die hier sind.',
    allCompared: 'Mit allen Stimmen hier verglichen',
    voices: 'Stimmen',
    gone: 'Jemand, der gegangen ist',
    mine: 'Dieser Browser',
    state: {
      new: 'Neu für dich. Ab jetzt gemerkt.',
      known: (time) => `Das Gerät, das du seit dem ${time} kennst`,
      verified: (time) => `Das Gerät, das du am ${time} verglichen hast`,
      changed: 'Ein Gerät, das du nicht kennst',
    },
    trust: {
      unheard: 'Noch nicht gehört',
      unproven: 'Gehört, noch nicht bewiesen',
      proven: 'Bewiesen: kommt von diesem Gerät',
      overdue: 'Hier stumm: nicht unterschrieben',
      forged: 'Hier stumm: jemand im Raum fälscht diese Stimme',
    },
    changed: (name) => `${name} spricht mit einem Gerät, das du nicht kennst.`,
    changedMany: (names) => `${names} sprechen mit Geräten, die du nicht kennst.`,
    changedWhy:
      'Vielleicht ist es ein neues Telefon oder ein anderer Browser. Vielleicht ist es jemand anderes. Frag auf einem anderen Weg nach, oder vergleicht den Code.',
    changedMine: 'Ein anderes Gerät als dieses spricht unter deinem Namen.',
    changedMineWhy:
      'Bist du nicht gerade mit einem anderen Gerät reingekommen, dann sag es den anderen.',
    look: 'Ansehen',
    itIs: (name) => `Das passt: ${name}`,
    itIsThem: 'Das passt',
    itIsMe: 'Das bin ich',
    limits: {
      title: 'Was das nicht kann',
      open: 'Alle in diesem Haus dürfen reinkommen, auch wer den Knoten betreibt. Sie zählen zu denen, die den Schlüssel haben.',
      closed:
        'Wer den Knoten betreibt, könnte jemanden einlassen. Auch der zählte zu denen, die den Schlüssel haben.',
      page: 'Diese Seite kommt von dem, der den Knoten betreibt. Eine veränderte könnte den Schlüssel weitergeben.',
      timing: 'Der Knoten sieht, wer wann spricht und wie lange.',
      inside: 'Wer den Schlüssel hat, kann weitergeben, was gesagt wird.',
    },
  },

  noSealing: {
    heading: 'Mit diesem Browser kommst du in keinen Raum.',
    why: 'Was hier gesagt wird, wird auf einem Gerät versiegelt und auf dem anderen geöffnet, immer. Dieser Browser kann das nicht.',
    insecure:
      'Was hier gesagt wird, wird auf einem Gerät versiegelt und auf dem anderen geöffnet, immer. Browser tun das nur auf Seiten, die über https kommen, und diese kam nicht so.',
    which: 'Browser, die es können',
    browsers: [
      'Chrome und Edge ab 141',
      'Firefox ab 130',
      'Safari ab 17',
      'auf iPhone und iPad alle, ab iOS 17',
    ],
  },

  hands: {
    raised: (n) =>
      n === 1
        ? 'Eine erhobene Hand'
        : n === 0
          ? 'Keine erhobene Hand'
          : `${capital(inWords(n))} erhobene Hände`,
    who: 'Wer darf die Hand heben?',
    policy: { everyone: 'Alle', followed: 'Wem wir folgen', off: 'Niemand' },
    none: 'Keine Hand ist oben.',
    askUp: 'Hochbitten',
    asked: 'Gebeten',
    lower: (name) => `Hand von ${name} senken`,
    askUpWho: (name) => `${name} auf die Bühne bitten`,
    consent: 'Sie entscheiden selbst, ob sie kommen, und starten stumm.',
  },

  person: {
    follow: 'Folgen',
    unfollow: 'Nicht mehr folgen',
    followsYou: 'Folgt dir',
    since: (time) => `Seit ${time} hier`,
    profile: 'Profil',
    onStageNow: 'Gerade auf einer Bühne',
    askUp: 'Auf die Bühne bitten',
    askedUp: 'Auf die Bühne gebeten',
    mute: 'Stumm schalten',
    moveDown: 'Von der Bühne bitten',
    makeModerator: 'Moderation geben',
    remove: 'Aus dem Raum entfernen',
    removeSure: (name) => `${name} entfernen?`,
    removeWhy: 'Der Besuch endet sofort. Zurück kommt nur, wen die Moderation wieder reinlässt.',
    removeYes: (name) => `Ja, ${name} entfernen`,
    stepDown: 'Von der Bühne gehen',
    lowerHand: 'Hand senken',
    self: 'Das bist du',
  },

  people: {
    title: 'Alle hier',
    look: 'Nach Namen suchen',
    found: (n, more) =>
      n === 0 ? 'Hier heißt niemand so.' : more ? `Die ersten ${n}` : `${n} gefunden`,
    more: 'Mehr zeigen',
    roles: { listener: 'hört zu', speaker: 'auf der Bühne', moderator: 'moderiert' },
  },

  itinerary: {
    title: 'Der Weg der Stimmen',
    to: (names) => `Von ${names}`,
    mine: 'Deine Stimme, zu anderen',
    you: 'Du',
    others: 'Andere hier',
    here: 'Der Knoten dieses Hauses',
    after: (ms) => `${ms} nach dem davor`,
    signed: 'Jeder Knoten hat es unterschrieben.',
    unsigned: 'Niemand hat es unterschrieben: Es gibt kein Netz.',
    refused: 'Die Unterschriften belegen das nicht.',
    unknown: 'Gerade nicht bekannt.',
    nobody: 'Sonst ist niemand auf der Bühne.',
    limits: {
      title: 'Was das zeigt',
      signed:
        'Jeder Knoten unterschreibt, von welchem er die Stimmen hat. Wo er steht und wer ihn betreibt, sagt sein Zertifikat. Dein Browser hat beides geprüft, mit der Wurzel, die dieses Haus nennt.',
      others:
        'Es zeigt nicht, dass sonst niemand sie gesehen hat. Zu hören ist darin nichts: Sie sind versiegelt.',
      who: 'Wer im Raum ist, sieht, bei welchem Knoten eine Stimme hereinkommt.',
    },
  },

  menu: {
    prove: 'Nur Bewiesenes abspielen',
    proveWhy:
      'Für Erklärungen: Wer zuhört, hört alles eine Sekunde später, und nichts, was nicht nachweislich von der Person stammt.',
    proveNot: 'Wieder sofort abspielen',
    title: 'Raum-Menü',
    shareLink: 'Link teilen',
    bringIn: 'Jemanden dazuholen',
    letIn: 'Jemanden reinlassen',
    fence: 'Wohin Stimmen dürfen',
    fenceWhy:
      'Was hier gesagt wird, bleibt darin, und alles, was es trägt, auch. Wer außerhalb verbunden ist, zieht sofort um; alle sehen die Änderung.',
    fenceSet: 'Darin halten',
    widenSocial: 'Öffnen für alle, denen die Moderation folgt',
    widenMembers: 'Öffnen für die Mitglieder des Clubs',
    widenOpen: 'Öffnen für alle hier',
    end: 'Raum beenden',
    endSure: 'Den Raum für alle beenden?',
    endWhy: 'Das Gespräch ist für alle sofort vorbei, die hier sind.',
    endYes: 'Ja, Raum beenden',
    stepDown: 'Von der Bühne gehen',
    letInTitle: 'Wen lässt du rein?',
    letInDo: (name) => `${name} reinlassen`,
    letInWord: 'Reinlassen',
    letInDone: 'Darf rein',
    letInNobody: 'Alle, denen du folgst oder die dir folgen, sind schon hier.',
    leaveSure: 'Den Raum verlassen?',
    leaveEnds: 'Außer dir ist niemand auf der Bühne: Wenn du gehst, endet der Raum.',
    leaveYes: 'Ja, gehen',
  },

  trouble: {
    reconnecting:
      'Die Verbindung ist weg. Wir holen dich zurück, dein Platz bleibt eine halbe Minute frei.',
    blocked: 'Dein Browser spielt Ton erst nach einem Tipp ab.',
    tapToHear: 'Tippen und hören',
    noSound: 'Gerade kein Ton. Wir versuchen es weiter.',
    noSoundEver:
      'Der Ton dieses Browsers passt nicht zu diesem Knoten. Du siehst den Raum, hörst ihn aber nicht.',
    micRefused:
      'Der Browser lässt diese Seite nicht ans Mikrofon. Erlaub es neben der Adresse und versuch es noch einmal.',
    micMissing: 'Es ist kein Mikrofon da. Schließ eines an und versuch es noch einmal.',
    offline: 'Keine Verbindung. Wir versuchen es alle paar Sekunden.',
    offlineTitle: 'Einen Moment.',
    offlineWhy: 'Das Haus ist gerade nicht zu erreichen. Sobald es geht, bist du wieder drin.',
    now: 'Jetzt',
  },

  over: {
    title: 'Der Raum ist für dich vorbei',
    ended: ['Das Gespräch ist vorbei.', 'Was hier gesagt wurde, ist nicht aufgenommen.'],
    gone: [
      'Dieser Raum ist zu.',
      'Das Gespräch ist vorbei, der Link hat einen Tippfehler, oder der Raum ist für andere.',
    ],
    removed: [
      'Die Moderation hat deinen Besuch in diesem Raum beendet.',
      'Im Flur sind noch andere Räume.',
    ],
    lost: [
      'Du warst zu lange weg.',
      'Dein Platz ist vergeben. Wenn der Raum noch offen ist, kannst du wieder reinkommen.',
    ],
    taken_over: [
      'Du bist auf einem anderen Gerät in diesem Raum.',
      'Es hat deinen Platz übernommen. Nur ein Gerät hat ihn.',
    ],
    signed_out: ['Du bist abgemeldet.', 'Diese Anmeldung wurde beendet.'],
    refused: ['Du kannst gerade nicht rein.', ''],
    hallway: 'Zurück in den Flur',
    comeBack: 'Wieder reinkommen',
    comeBackHere: 'Hier weitermachen',
  },

  invites: {
    title: 'Einladungen',
    heading: (n) =>
      n === 0 ? 'Keine Karte mehr.' : n === 1 ? 'Eine Karte.' : `${capital(inWords(n))} Karten.`,
    what: 'Gib sie Menschen, denen du auch zu Hause die Tür aufmachst. Eine ungenutzte kannst du jederzeit zurücknehmen.',
    nothing: 'Gerade hast du keine. Nimmst du eine zurück, kannst du sie neu vergeben.',
    next: (time) => `Am ${time} kommt eine dazu.`,
    admit: 'Einlass für eine Person',
    forListener: 'Für einen Menschen, der gut zuhört',
    forLaughter: 'Für jemanden, der dich zum Lachen bringt',
    fromMe: (name) => `von ${name}`,
    until: (time) => `bis ${time}`,
    give: 'Eine verschenken',
    copied: 'Link kopiert. Er gilt ein Mal.',
    shareText: 'Im Haus ist ein Platz frei für dich.',
    takeBack: 'Zurücknehmen',
    given: 'Schon verschenkt',
    usedBy: 'ist damit reingekommen',
    state: {
      open: 'noch offen',
      used: 'benutzt',
      revoked: 'zurückgenommen',
      expired: 'abgelaufen',
    },
  },

  me: { title: 'Du' },
  edit: { title: 'Profil bearbeiten' },
  stored: { title: 'Was dieses Haus über dich aufbewahrt' },
  goodbye: { title: 'Auf Wiedersehen' },

  settings: {
    title: 'Einstellungen',
    name: 'Dein Name',
    save: 'Speichern',
    mine: 'Dein Profil und deine Daten',
    telling: 'Wie du Bescheid bekommst',
    saved: 'Gespeichert.',
    language: 'Sprache',
    theme: 'Licht',
    themes: { auto: 'Wie das Gerät', light: 'Tag', dark: 'Nacht' },
    shortcuts: 'Tastenkürzel in Räumen',
    shortcutsWhy: 'M, Leertaste, H, L, S, C, R und ?',
    microphone: 'Mikrofon',
    microphoneDefault: 'Der Browser wählt',
    microphoneUnnamed: (n) => `Mikrofon ${n}`,
    microphoneWhy: 'Die Namen erscheinen, sobald du in einem Raum das Mikrofon geöffnet hast.',
    keys: 'Deine Schlüssel',
    passkeys: (n) =>
      n === 0 ? 'Noch kein Passkey' : n === 1 ? 'Ein Passkey' : `${capital(inWords(n))} Passkeys`,
    addPasskey: 'Passkey hinzufügen',
    passkeyAdded: 'Passkey hinzugefügt.',
    passkeyAlready: 'Auf diesem Gerät ist schon ein Passkey für dein Konto.',
    passkeyCancelled: 'Es ist kein Passkey entstanden.',
    passkeyUnsupported: 'Dieser Browser kann keine Passkeys.',
    recoveryThere: 'Ein Notfallcode ist da',
    recoveryNone: 'Kein Notfallcode',
    recoveryNew: 'Neuer Notfallcode',
    recoveryWhy: 'Der alte gilt dann nicht mehr.',
    device: {
      none: 'Noch kein Schlüssel in diesem Browser',
      page: 'Ein Schlüssel nur für diese Seite',
      here: 'Ein Schlüssel nur in diesem Browser',
      backed_up: 'Ein Schlüssel, gesichert mit deinem Passkey',
    },
    deviceWhy: {
      none: 'An ihm erkennt man deine Stimme. Er entsteht, wenn du das erste Mal in einen Raum kommst.',
      page: 'Dieser Browser behält nichts. Für andere kommst du jedes Mal mit einem neuen Gerät.',
      here: 'An ihm erkennt man deine Stimme. Er ist nicht gesichert: Auf einem anderen Gerät hast du einen anderen, und wer dich kennt, wird darauf hingewiesen.',
      backed_up:
        'An ihm erkennt man deine Stimme. Ein Browser mit demselben Passkey hat ihn auch. Der Knoten bewahrt ihn versiegelt auf und kann ihn nicht öffnen.',
    },
    backupDelete: 'Sicherung löschen',
    backupDeleted: 'Sicherung gelöscht. Der Schlüssel bleibt in diesem Browser.',
    forgetHere: 'Abmelden und mich hier vergessen',
    forgetHereWhy:
      'Für einen Computer, der nicht deiner ist: Damit verschwinden auch der Schlüssel dieses Browsers, die Geräte, die er kennt, und die Nachrichten, die hier liegen.',
    sessions: 'Wo du angemeldet bist',
    sessionHere: 'Hier, in diesem Browser',
    sessionSince: (time) => `Angemeldet am ${time}`,
    sessionSeen: (time) => `Zuletzt benutzt am ${time}`,
    sessionEnd: 'Dort abmelden',
    signOut: 'Abmelden',
    lastKey: 'Du hast keinen Passkey. Ohne deinen Notfallcode kommst du nicht wieder rein.',
  },

  legal: {
    title: 'Über dieses Haus',
    imprint: 'Impressum',
    terms: 'Bedingungen',
    privacy: 'Datenschutz',
  },

  keys: {
    title: 'Tasten im Raum',
    m: 'Mikrofon öffnen oder schließen',
    space: 'halten und sprechen',
    h: 'Hand heben oder senken',
    l: 'gehen (fragt vorher)',
    s: 'sagen, wer spricht',
    c: 'etwas schreiben',
    r: 'reagieren',
    arrows: 'von Gesicht zu Gesicht',
    help: 'das hier zeigen',
    space_name: 'Leertaste',
    arrows_name: 'Pfeiltasten',
    off: 'Ausschalten kannst du sie in den Einstellungen.',
  },

  news: {
    stepped_up: (name) => `${name} ist auf der Bühne.`,
    stepped_down: (name) => `${name} ist im Publikum.`,
    made_moderator: (name) => `${name} moderiert jetzt.`,
    fenced: (name, where) => `${name} hat einen Zaun gezogen. ${where}.`,
    unfenced: (name) => `${name} hat den Zaun weggenommen: Stimmen dürfen überallhin.`,
    youModerate: 'Du moderierst jetzt.',
    youOnStage: 'Du bist auf der Bühne, stumm.',
    youInAudience: 'Du bist im Publikum.',
    youMuted: 'Die Moderation hat dich stumm geschaltet.',
    hand: (name) => `${name} hat die Hand gehoben.`,
    handSeen: 'Deine Hand ist oben.',
    handDown: 'Deine Hand ist unten.',
    reconnecting: 'Die Verbindung ist weg. Wir holen dich zurück.',
    back: 'Du bist wieder da.',
    speaking: (names, n) => (n === 1 ? `${names} spricht.` : `${names} sprechen.`),
    silence: 'Niemand spricht.',
    onAir: 'Du bist zu hören.',
    muted: 'Stumm. Dich hört niemand.',
    askOver: 'Die Einladung auf die Bühne ist vorbei.',
    linkCopied: 'Link kopiert.',
  },

  fence: {
    only: (where) => `Nur in: ${where}`,
    onlyBy: (where, by) => `Nur in: ${where}, auf Rechnern von ${by}`,
    by: (by) => `Nur auf Rechnern von ${by}`,
  },

  nowhere: {
    title: 'Nicht gefunden',
    heading: 'Hier steht nichts.',
    why: 'Der Link hat einen Tippfehler, oder was hier war, ist weg.',
  },

  report: {
    title: 'Gesagtes melden',
    of: (name) => `Melden, was ${name} gesagt hat`,
    why: 'Hier wird nichts aufgenommen. Dein Browser hat die letzten zwei Minuten noch, versiegelt, wie sie kamen. Du wählst, was andere davon hören dürfen.',
    which: 'Worum geht es?',
    pieces: 'Jedes Stück ist etwa fünf Sekunden lang; wähl höchstens zwei.',
    text: 'Was war daran nicht in Ordnung?',
    who: 'Öffnen kann es nur die Moderation dieses Hauses, und nur, was du wählst. Der Server kann es nicht.',
    true: 'Sie kann unterscheiden, was wirklich gesagt wurde und was jemand erfunden hat.',
    send: 'An die Moderation senden',
    sent: 'Danke. Die Moderation hat es jetzt.',
    nothing: (name) =>
      `Du hast ${name} in den letzten zwei Minuten nicht gehört, es gibt also nichts zu zeigen.`,
    now: 'gerade eben',
    earlier: 'Früheres',
  },

  problems: {
    offline: 'Gerade keine Verbindung.',
    not_here: 'Du bist nicht mehr im Raum.',
    no_sealing: 'Mit diesem Browser kommst du in keinen Raum.',
    nothing_heard: 'Davon ist nichts mehr da, was du zeigen könntest.',
    no_key: 'Der Schlüssel dieses Raums ist noch nicht da. Versuch es gleich noch einmal.',
    no_text: 'Das ist leer, zu lang oder hat Zeichen, die sich nicht zeigen lassen.',
    internal: 'Bei uns ist etwas schiefgegangen. Bitte versuch es noch einmal.',
  },

  titles: {
    onAir: (rest) => `(zu hören) ${rest}`,
    muted: (rest) => `(stumm) ${rest}`,
    reconnecting: (rest) => `(verbindet) ${rest}`,
    hands: (n, rest) => `(${n} ✋) ${rest}`,
  },
};
