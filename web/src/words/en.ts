/** English, and the type of every catalogue. */

const small = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
const inWords = (n: number) => small[n] ?? new Intl.NumberFormat('en').format(n);
const ordinals = ['', '', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth'];
const capital = (words: string) => words.charAt(0).toUpperCase() + words.slice(1);

export const en = {
  main: 'Main',
  close: 'Close',
  cancel: 'Cancel',
  again: 'Try again',
  copy: 'Copy',
  share: 'Share',
  loading: 'Loading',
  you: 'you',
  none: 'Nobody',

  nav: {
    hallway: 'Hallway',
    schedule: 'Schedule',
    clubs: 'Clubs',
    messages: 'Messages',
    activity: 'Activity',
    search: 'Search',
    invites: 'Invites',
    settings: 'Settings',
    queue: 'Queue',
    me: 'Your profile',
    you: 'You',
    skip: 'Skip to the content',
  },

  unseen: 'new',
  message: 'Message',
  toWardens: 'Report to the wardens',

  welcome: { title: 'Come in' },

  facts: {
    notRecorded: 'This node records nothing that is said.',
  },

  invitation: { title: 'You are invited' },
  join: { title: 'Join' },
  signin: { title: 'Sign in' },
  hallway: {
    title: 'Hallway',
    greeting: (hour: number, name: string) =>
      `${hour < 5 || hour >= 18 ? 'Good evening' : hour < 12 ? 'Good morning' : 'Good afternoon'}, ${name}.`,
    count: (rooms: number, followed: number) => {
      const open = rooms === 1 ? 'One room is open.' : `${capital(inWords(rooms))} rooms are open.`;
      if (followed === 0) return open;
      if (rooms === 1) return `${open} Somebody you follow is on the stage.`;
      const where = followed === rooms ? 'In each of them' : `In ${inWords(followed)} of them`;
      return `${open} ${where} somebody you follow is on the stage.`;
    },
    rooms: 'Rooms you may enter now',
    quiet: 'Quiet here.',
    quietWhy:
      'No room is open for you right now. Someone has to say the first word. It can be a small one.',
    following: 'People you follow',
    followsNobody:
      'You follow nobody yet. Tap a face in a room to follow somebody: then you see first where they speak.',
    onStageIn: (title: string) => `on stage in “${title}”`,
    all: 'All',
    invitesLeft: (n: number) =>
      n === 1 ? 'You have one invitation to give.' : `You have ${inWords(n)} invitations to give.`,
  },

  card: {
    visibility: {
      open: 'Open room',
      social: 'Social room',
      members: 'Members’ room',
      closed: 'Closed room',
    },
    since: (time: string) => `since ${time}`,
    more: (n: number) => (n === 1 ? 'one more' : `${inWords(n)} more`),
    onStage: (n: number) => (n === 1 ? 'one on stage' : `${inWords(n)} on stage`),
    listening: (n: number) => (n === 1 ? 'one listening' : `${inWords(n)} listening`),
    nobody: 'Nobody on the stage',
  },

  openRoom: { open: 'Open a room' },

  room: {
    untitled: 'A room without a title',
    with: (names: string) => `With ${names}`,
    coming: 'Coming in',
    stage: 'Stage',
    followed: 'Followed by the speakers',
    others: 'Others in the room',
    audienceEmpty: 'Nobody is listening yet.',
    more: (n: number) => `and ${inWords(n)} more`,
    findAmong: (n: number) => `and ${inWords(n)} more: find somebody`,
    moderator: 'moderator',
    speaking: 'speaking',
    muted: 'muted',
    away: 'connection lost',
    handUp: 'hand raised',
    leave: 'Leave quietly',
    onAir: 'On air',
    mutedState: 'Muted',
    muteAct: 'mute yourself',
    unmuteAct: 'open the microphone',
    raiseHand: 'Raise hand',
    lowerHand: 'Lower hand',
    handsClosed: 'Hands are closed right now',
    handsFollowedOnly: 'Only those whom a speaker follows may raise a hand',
    place: (n: number) =>
      n === 1 ? 'You are next.' : `You are ${ordinals[n] ?? `number ${inWords(n)}`}.`,
    about: 'This room',
    beside: 'Hands and chat',
    listeningYou: 'You are listening',
    onStageYou: 'You are on the stage, muted',
    facts: {
      open: 'Everyone in this house may come in.',
      social: 'Those whom a moderator follows may come in, and those who were let in.',
      members: 'Members of the club may come in, and those who were let in.',
      closed: 'Only those who were let in may come in.',
    },
    handFacts: {
      everyone: 'Everyone may raise a hand.',
      followed: 'Those whom a speaker follows may raise a hand.',
      off: 'Nobody may raise a hand right now.',
    },
  },

  asked: {
    by: (name: string) => `${name} asks you on stage.`,
    bySomebody: 'A moderator asks you on stage.',
    why: 'You start muted. Nobody hears you until you want them to.',
    left: (seconds: number) => (seconds === 1 ? 'One second left' : `${seconds} seconds left`),
    stay: 'Stay here',
    go: 'Go on stage',
  },

  lock: {
    tag: { waiting: 'Waiting for the key', sealed: 'Sealed', changed: 'Sealed, new device' },
    about: 'how this room is sealed',
    title: 'How this room is sealed',
    waiting:
      'You do not have the key yet. Until somebody on the stage lets you in, you hear nothing, and nothing of yours goes out.',
    sealed:
      'What is said is sealed on the device of whoever speaks, and opened on yours. The node in between has no key to it.',
    holders: (n: number) =>
      n === 1
        ? 'You alone have the key now.'
        : `${capital(inWords(n))} people have the key now, you among them.`,
    since: (time: string) => `It has been in use since ${time}.`,
    steward: (name: string) => `${name}’s device gives it to those who come in.`,
    tending: 'Your device gives it to those who come in.',
    proven: 'Nothing is played before it is proven to be its speaker’s.',
    compare: 'Compare the code',
    compareWhy:
      'Read it to each other. If it is the same for all of you, so are the key and the devices below. It changes when people come and go.',
    copied: 'Code copied.',
    compared: 'We have compared it',
    noted: 'Noted for all voices that are here.',
    allCompared: 'Compared with all voices here',
    voices: 'Voices',
    gone: 'Somebody who has gone',
    mine: 'This browser',
    state: {
      new: 'New to you. Remembered from now on.',
      known: (time: string) => `The device you know since ${time}`,
      verified: (time: string) => `The device you compared on ${time}`,
      changed: 'A device you have not met',
    },
    trust: {
      unheard: 'Not heard yet',
      unproven: 'Heard, not proven yet',
      proven: 'Proven to come from this device',
      overdue: 'Silent here: it is not signed',
      forged: 'Silent here: somebody inside forges this voice',
    },
    changed: (name: string) => `${name} speaks by a device you have not met.`,
    changedMany: (names: string) => `${names} speak by devices you have not met.`,
    changedWhy:
      'It may be a new phone or browser. It may be somebody else. Ask them in another way than here, or compare the code.',
    changedMine: 'A device that is not this one speaks in your name.',
    changedMineWhy: 'If you did not come in by another device just now, tell the others.',
    look: 'Look',
    itIs: (name: string) => `It is them: ${name}`,
    itIsThem: 'It is them',
    itIsMe: 'It is me',
    limits: {
      title: 'What this does not do',
      open: 'Anyone in this house may come in, whoever runs the node too. They are counted among those who have the key.',
      closed:
        'Whoever runs the node could let somebody in. They would be counted among those who have the key.',
      page: 'This page comes from whoever runs the node. One that was changed could give the key away.',
      timing: 'The node sees who speaks when, and for how long.',
      inside: 'Whoever has the key can pass on what is said.',
    },
  },

  noSealing: {
    heading: 'This browser cannot come into rooms.',
    why: 'What is said here is sealed on one device and opened on another, always. This browser cannot do that.',
    insecure:
      'What is said here is sealed on one device and opened on another, always. Browsers do that only on pages that come by https, and this one did not.',
    which: 'Browsers that can',
    browsers: [
      'Chrome and Edge, from 141',
      'Firefox, from 130',
      'Safari, from 17',
      'on iPhone and iPad all of them, from iOS 17',
    ],
  },

  hands: {
    raised: (n: number) => (n === 1 ? 'One raised hand' : `${capital(inWords(n))} raised hands`),
    who: 'Who may raise a hand',
    policy: { everyone: 'Everyone', followed: 'Whom we follow', off: 'Nobody' },
    none: 'No hand is up.',
    askUp: 'Ask up',
    asked: 'Asked',
    lower: (name: string) => `Lower ${name}’s hand`,
    askUpWho: (name: string) => `Ask ${name} on stage`,
    consent: 'They decide whether to come, and they arrive muted.',
  },

  person: {
    follow: 'Follow',
    unfollow: 'Unfollow',
    followsYou: 'Follows you',
    since: (time: string) => `Here since ${time}`,
    profile: 'Profile',
    onStageNow: 'Is on a stage right now',
    askUp: 'Ask on stage',
    askedUp: 'Asked on stage',
    mute: 'Mute',
    moveDown: 'Move to the audience',
    makeModerator: 'Make moderator',
    remove: 'Remove from the room',
    removeSure: (name: string) => `Remove ${name}?`,
    removeWhy: 'They leave at once and cannot come back, unless a moderator lets them in again.',
    removeYes: (name: string) => `Yes, remove ${name}`,
    stepDown: 'Leave the stage',
    lowerHand: 'Lower hand',
    self: 'This is you',
  },

  people: {
    title: 'Everyone here',
    look: 'Find by name',
    found: (n: number, more: boolean) =>
      n === 0 ? 'Nobody here has that name.' : more ? `The first ${n}` : `${n} found`,
    more: 'Show more',
    roles: { listener: 'listening', speaker: 'on the stage', moderator: 'moderates' },
  },

  itinerary: {
    title: 'The way of the voices',
    to: (names: string) => `From ${names}`,
    mine: 'Your voice, to others',
    you: 'You',
    others: 'Others here',
    here: 'The node of this house',
    after: (ms: string) => `${ms} from the one before`,
    signed: 'Each node has signed it.',
    unsigned: 'Nobody has signed it: there is no network.',
    refused: 'The signatures do not show this.',
    unknown: 'Not known right now.',
    nobody: 'Nobody else is on the stage.',
    limits: {
      title: 'What this shows',
      signed:
        'Each node signs from which one it has the voices. Where it stands and who runs it is in its certificate. Your browser has checked both, by the root that this house names.',
      others:
        'It does not show that nobody else has seen them. There is nothing to hear in them: they are sealed.',
      who: 'Whoever is in a room sees at which node a voice comes in.',
    },
  },

  menu: {
    prove: 'Play only what is proven',
    proveWhy:
      'For statements: those who listen hear everything a second later, and nothing that is not proven to be its speaker’s.',
    proveNot: 'Play at once again',
    title: 'Room menu',
    shareLink: 'Share the link',
    bringIn: 'Ask someone to come',
    letIn: 'Let someone in',
    fence: 'Where voices may go',
    fenceWhy:
      'What is said here stays inside, and so does all that carries it. Who is connected outside is moved at once; everyone sees the change.',
    fenceSet: 'Keep it inside',
    widenSocial: 'Open it to people the moderators follow',
    widenMembers: 'Open it to the members of the club',
    widenOpen: 'Open it to everyone here',
    end: 'End the room',
    endSure: 'End the room for everyone?',
    endWhy: 'The talk is over at once for all who are here.',
    endYes: 'Yes, end the room',
    stepDown: 'Leave the stage',
    letInTitle: 'Whom do you let in?',
    letInDo: (name: string) => `Let ${name} in`,
    letInWord: 'Let in',
    letInDone: 'Let in',
    letInNobody: 'There is nobody you follow, or who follows you, outside this room.',
    leaveSure: 'Leave the room?',
    leaveEnds: 'You are the last one on the stage: the room ends when you go.',
    leaveYes: 'Yes, leave',
  },

  trouble: {
    reconnecting:
      'The connection is lost. We are bringing you back; your seat is held for half a minute.',
    blocked: 'Your browser wants a tap before it plays sound.',
    tapToHear: 'Tap to hear',
    noSound: 'No sound right now. We keep trying.',
    noSoundEver:
      'This browser’s sound does not fit this node. You can see the room, but not hear it.',
    micRefused:
      'The browser does not let this page use the microphone. Allow it beside the address, then try again.',
    micMissing: 'No microphone was found. Plug one in, then try again.',
    offline: 'No connection. We keep trying, every few seconds.',
    offlineTitle: 'One moment.',
    offlineWhy: 'The house cannot be reached right now. As soon as it can, you are back in.',
    now: 'Try now',
  },

  over: {
    title: 'The room is over for you',
    ended: ['The talk is over.', 'What was said here is not recorded.'],
    gone: [
      'This room has closed.',
      'The talk is over, or the link has a typo, or the room is for others.',
    ],
    removed: [
      'A moderator has ended your visit in this room.',
      'There are other rooms in the hallway.',
    ],
    lost: [
      'You were away for too long.',
      'Your seat has been given up. If the room is still open, you can come back in.',
    ],
    taken_over: [
      'You are in this room on another device.',
      'It has taken over your seat. Only one device has it at a time.',
    ],
    signed_out: ['You are signed out.', 'This session was ended.'],
    refused: ['You cannot come in right now.', ''],
    hallway: 'Back to the hallway',
    comeBack: 'Come back in',
    comeBackHere: 'Continue here',
  },

  invites: {
    title: 'Invites',
    heading: (n: number) =>
      n === 0 ? 'No ticket left.' : n === 1 ? 'One ticket.' : `${capital(inWords(n))} tickets.`,
    what: 'Give them to people you would open your own door for. You can take an unused one back at any time.',
    nothing: 'There is none to give now. One that is taken back, you may give again.',
    next: (time: string) => `Another one comes on ${time}.`,
    admit: 'Admit one',
    forListener: 'For a good listener',
    forLaughter: 'For whoever makes you laugh',
    fromMe: (name: string) => `from ${name}`,
    until: (time: string) => `until ${time}`,
    give: 'Give one away',
    copied: 'Link copied. It works once.',
    shareText: 'A place in the house is free for you.',
    takeBack: 'Take back',
    given: 'Given so far',
    usedBy: 'came in with it',
    state: { open: 'not used yet', used: 'used', revoked: 'taken back', expired: 'time is over' },
  },

  me: { title: 'You' },
  edit: { title: 'Edit profile' },
  stored: { title: 'What this house keeps of you' },
  goodbye: { title: 'Goodbye' },

  settings: {
    title: 'Settings',
    name: 'Your name',
    save: 'Save',
    mine: 'Your profile and data',
    telling: 'How you are told',
    saved: 'Saved.',
    language: 'Language',
    theme: 'Light',
    themes: { auto: 'As the device', light: 'Day', dark: 'Night' },
    shortcuts: 'Keyboard shortcuts in rooms',
    shortcutsWhy: 'M, space bar, H, L, S, C, R and ?',
    microphone: 'Microphone',
    microphoneDefault: 'The browser’s choice',
    microphoneUnnamed: (n: number) => `Microphone ${n}`,
    microphoneWhy: 'The names appear once you have opened the microphone in a room.',
    keys: 'Your keys',
    passkeys: (n: number) =>
      n === 0 ? 'No passkey yet' : n === 1 ? 'One passkey' : `${capital(inWords(n))} passkeys`,
    addPasskey: 'Add a passkey',
    passkeyAdded: 'Passkey added.',
    passkeyAlready: 'This device has a passkey for your account already.',
    passkeyCancelled: 'No passkey was made.',
    passkeyUnsupported: 'This browser has no passkeys.',
    recoveryThere: 'There is a recovery code',
    recoveryNone: 'No recovery code',
    recoveryNew: 'New recovery code',
    recoveryWhy: 'The old one stops working.',
    device: {
      none: 'No key in this browser yet',
      page: 'A key for this page only',
      here: 'A key in this browser only',
      backed_up: 'A key, backed up by your passkey',
    },
    deviceWhy: {
      none: 'Your voice is known by it. It is made when you first come into a room.',
      page: 'This browser keeps nothing. To others you come by a new device each time.',
      here: 'Your voice is known by it. There is no backup: on another device you have another key, and those who know you are told.',
      backed_up:
        'Your voice is known by it. A browser with the same passkey has it too. The node keeps it sealed, and cannot open it.',
    },
    backupDelete: 'Delete the backup',
    backupDeleted: 'Backup deleted. The key stays in this browser.',
    forgetHere: 'Sign out and forget me here',
    forgetHereWhy:
      'For a computer that is not yours: it also takes away this browser’s key, whose devices it knows, and the messages that are here.',
    sessions: 'Where you are signed in',
    sessionHere: 'Here, in this browser',
    sessionSince: (time: string) => `Signed in on ${time}`,
    sessionSeen: (time: string) => `Last used on ${time}`,
    sessionEnd: 'Sign out there',
    signOut: 'Sign out',
    lastKey: 'You have no passkey. Without your recovery code you cannot come back in.',
  },

  legal: {
    title: 'About this house',
    imprint: 'Legal notice',
    terms: 'Terms',
    privacy: 'Privacy',
  },

  keys: {
    title: 'Keys in a room',
    m: 'open or close the microphone',
    space: 'hold to talk',
    h: 'raise or lower your hand',
    l: 'leave (asks first)',
    s: 'say who speaks',
    c: 'write in the chat',
    r: 'react',
    arrows: 'move among the faces',
    help: 'show this',
    space_name: 'Space bar',
    arrows_name: 'Arrow keys',
    off: 'You can turn them off in the settings.',
  },

  news: {
    stepped_up: (name: string) => `${name} is on the stage.`,
    stepped_down: (name: string) => `${name} is in the audience.`,
    made_moderator: (name: string) => `${name} moderates now.`,
    fenced: (name: string, where: string) => `${name} has put up a fence. ${where}.`,
    unfenced: (name: string) => `${name} has taken the fence away: voices may go anywhere.`,
    youModerate: 'You moderate now.',
    youOnStage: 'You are on the stage, muted.',
    youInAudience: 'You are in the audience.',
    youMuted: 'A moderator has muted you.',
    hand: (name: string) => `${name} has raised a hand.`,
    handSeen: 'Your hand is up.',
    handDown: 'Your hand is down.',
    reconnecting: 'The connection is lost. We are bringing you back.',
    back: 'You are back.',
    speaking: (names: string, n: number) =>
      n === 1 ? `${names} is speaking.` : `${names} are speaking.`,
    silence: 'Nobody is speaking.',
    onAir: 'On air.',
    muted: 'Muted. Nobody hears you.',
    askOver: 'The invitation to the stage is over.',
    linkCopied: 'Link copied.',
  },

  fence: {
    only: (where: string) => `Only in: ${where}`,
    onlyBy: (where: string, by: string) => `Only in: ${where}, on machines of ${by}`,
    by: (by: string) => `Only on machines of ${by}`,
  },

  nowhere: {
    title: 'Not found',
    heading: 'Nothing stands here.',
    why: 'The link has a typo, or what was here is gone.',
  },

  report: {
    title: 'Report what was said',
    of: (name: string) => `Report what ${name} said`,
    why: 'Nothing is recorded here. Your browser still has the last two minutes, sealed as they came. You choose what others may hear of it.',
    which: 'What is it about?',
    pieces: 'Each is about five seconds of speech; choose up to two.',
    text: 'What was wrong with it?',
    who: 'Only the moderators of this house can open it, and only what you choose. The node cannot.',
    true: 'They can tell what was really said from what somebody made up.',
    send: 'Send to the moderators',
    sent: 'Thank you. The moderators have it now.',
    nothing: (name: string) =>
      `You have not heard ${name} in the last two minutes, so that there is nothing to show.`,
    now: 'just now',
    earlier: 'Earlier',
  },

  problems: {
    offline: 'No connection right now.',
    not_here: 'You are not in the room any more.',
    no_sealing: 'This browser cannot come into rooms.',
    nothing_heard: 'There is nothing left of it to show.',
    no_key: 'The key of this room has not come yet. Try again in a moment.',
    no_text: 'That is empty, too long, or has characters that cannot be shown.',
    internal: 'Something went wrong on our side. Please try again.',
  },

  titles: {
    onAir: (rest: string) => `(on air) ${rest}`,
    muted: (rest: string) => `(muted) ${rest}`,
    reconnecting: (rest: string) => `(connecting) ${rest}`,
    hands: (n: number, rest: string) => `(${n} ✋) ${rest}`,
  },
};

export type Words = typeof en;
