import { language } from '../models/settings.ts';

/** The words of the schedule. They are loaded with its screens. */

export const en = {
  list: {
    title: 'What is coming',
    which: 'Which rooms to show',
    whiches: { for_me: 'For you', clubs: 'My clubs', all: 'Everything' },
    as: 'How to show them',
    asList: 'List',
    asMonth: 'Month',
    today: 'Today',
    tomorrow: 'Tomorrow',
    none: {
      for_me: 'Nothing is planned for you yet. Plan a room, or look at everything that is coming.',
      clubs: 'Your clubs have nothing planned.',
      all: 'Nobody has planned anything. Be the first.',
    },
    noneThatDay: 'Nothing on this day.',
    noClub: 'No club',
    recorded: 'will be recorded',
    cancelled: 'Cancelled',
    over: 'Over',
    now: 'Open now',
    asked: 'You are asked to host',
    going: 'You are going',
    go: (title: string) => `Going to “${title}”`,
    plan: 'Plan a room',
    before: 'Month before',
    after: 'Next month',
    on: (day: string, n: number) =>
      n === 0 ? `${day}` : `${day}, ${n} ${n === 1 ? 'room' : 'rooms'}`,
  },

  calendar: {
    title: 'In your own calendar',
    what: 'Subscribe to your rooms in any calendar app. The link is yours alone, and you can change it.',
    subscribe: 'Subscribe',
    address: 'Address of your calendar',
    copy: 'Copy the link',
    copied: 'The link is copied.',
    secret: 'Whoever has this link can read what you host and where you go. Give it to nobody.',
    renew: 'New link',
    renewWhy: 'The old link stops working at once. You will have to subscribe anew everywhere.',
    renewSure: 'Make a new link',
    renewed: 'This is your new link. The old one does not work any more.',
  },

  plan: {
    name: 'Plan',
    schedule: 'Schedule',
    starts: 'Starts',
    zone: (zone: string) => `in your time, ${zone}`,
    twice: 'Clocks are put back in this hour: it is there twice.',
    until: (time: string) => `until about ${time}`,
    hosts: 'Hosts',
    waiting: 'has not answered yet',
    who: 'For whom',
    whos: {
      open: 'Everybody in this house',
      social: 'People whom the host follows',
      members: 'Members of the club',
      closed: 'Only those invited',
    },
    spoken: (language: string) => `In ${language}`,
    recorded: 'The hosts will record this.',
    recordedWhy: 'Whatever you say there may be kept and passed on by them.',
    goers: (n: number) => (n === 1 ? 'One person is going' : `${n} people are going`),
    go: 'I am going',
    going: 'You are going',
    stay: 'Not going any more',
    remind: 'Remind me',
    remindNever: 'Not at all',
    remindAt: (n: number) =>
      n === 0
        ? 'At the start'
        : n % 1440 === 0
          ? 'A day before'
          : n % 60 === 0
            ? 'An hour before'
            : `${n} minutes before`,
    remindWhere: 'In this app, and in your calendar.',
    remindMore: 'Also while the app is closed',
    add: 'Add to calendar',
    share: 'Share',
    shared: 'The link is copied.',
    enter: 'Come in',
    openNow: 'Open the room now',
    openWhy: 'At the start the house opens it by itself, and waits 15 minutes for a host.',
    early: (time: string) => `Hosts can open it from ${time}.`,
    edit: 'Change it',
    cancel: 'Cancel it',
    cancelWhy: 'Everybody who is going is told. It cannot be taken back.',
    cancelSure: 'Cancel the plan',
    cancelled: 'This is cancelled.',
    over: 'This is over.',
    asked: 'You are asked to host this.',
    askedWhy: 'Then you can change it, open its room, and moderate there.',
    accept: 'I will host',
    decline: 'No, thanks',
    accepted: 'You host it now.',
    declined: 'You have declined.',
    leave: 'Do not host any more',
    invited: 'Invited',
  },

  edit: {
    newTitle: 'Plan a room',
    newWhat: 'The house opens it when its time comes, and you moderate.',
    title: 'Change the plan',
    what: 'Whoever is going is told when it moves.',
    name: 'What is it about?',
    about: 'More about it',
    starts: 'When?',
    startsWhy: (zone: string) => `In your time, ${zone}.`,
    skipped: (time: string) => `Clocks are put forward over this hour: it will be ${time}.`,
    twice: 'Clocks are put back in this hour; this is the first of the two.',
    minutes: 'How long, about?',
    hours: (n: number) => `${n} ${n === 1 ? 'hour' : 'hours'}`,
    mins: (n: number) => `${n} minutes`,
    club: 'Club',
    noClub: 'No club',
    who: 'For whom?',
    cohosts: 'Who hosts it with you?',
    cohostsWhy: 'They are asked first. Up to eight.',
    invite: 'Who is invited?',
    inviteWhy: 'They see it and may come in, whoever else may.',
    nobody: 'You can choose from people you follow and who follow you.',
    where: 'Where may its voices be?',
    anywhere: 'Anywhere',
    language: 'Language',
    noLanguage: 'Any',
    recorded: 'We record this',
    recordedWhy: 'Everybody is told before they come. The house itself records nothing.',
    plan: 'Plan it',
    planned: 'It is planned.',
    meanwhile:
      'A co-host has changed this meanwhile. What you wrote is still here: look at it, and save once more.',
    kept: 'Your changes to the plan are not saved yet. They wait for you there.',
  },

  news: {
    soon: (title: string, time: string) => `“${title}” begins at ${time}.`,
    open: (title: string) => `“${title}” is open. Come in.`,
    moved: (title: string, time: string) => `“${title}” has moved: ${time}.`,
    cancelled: (title: string) => `“${title}” is cancelled.`,
  },

  gone: {
    heading: 'There is no such plan.',
    why: 'The link has a mistake, it is over, or it is for others.',
    back: 'To the schedule',
  },
};

export type ScheduleWords = typeof en;

export const de: ScheduleWords = {
  list: {
    title: 'Was kommt',
    which: 'Welche Räume gezeigt werden',
    whiches: { for_me: 'Für dich', clubs: 'Meine Clubs', all: 'Alles' },
    as: 'Wie sie gezeigt werden',
    asList: 'Liste',
    asMonth: 'Monat',
    today: 'Heute',
    tomorrow: 'Morgen',
    none: {
      for_me:
        'Für dich ist noch nichts geplant. Plane einen Raum, oder sieh dir alles an, was kommt.',
      clubs: 'Deine Clubs haben nichts geplant.',
      all: 'Noch hat niemand etwas geplant. Fang du an.',
    },
    noneThatDay: 'Nichts an diesem Tag.',
    noClub: 'Ohne Club',
    recorded: 'wird aufgenommen',
    cancelled: 'Abgesagt',
    over: 'Vorbei',
    now: 'Jetzt offen',
    asked: 'Du sollst mit einladen',
    going: 'Du kommst',
    go: (title) => `Zu „${title}“ kommen`,
    plan: 'Raum planen',
    before: 'Monat davor',
    after: 'Nächster Monat',
    on: (day, n) => (n === 0 ? `${day}` : `${day}, ${n} ${n === 1 ? 'Raum' : 'Räume'}`),
  },

  calendar: {
    title: 'In deinem eigenen Kalender',
    what: 'Abonniere deine Räume in jeder Kalender-App. Der Link gehört nur dir und lässt sich ändern.',
    subscribe: 'Abonnieren',
    address: 'Adresse deines Kalenders',
    copy: 'Link kopieren',
    copied: 'Der Link ist kopiert.',
    secret:
      'Wer diesen Link hat, kann lesen, wozu du einlädst und wohin du gehst. Gib ihn niemandem.',
    renew: 'Neuer Link',
    renewWhy: 'Der alte Link gilt sofort nicht mehr. Du musst überall neu abonnieren.',
    renewSure: 'Neuen Link machen',
    renewed: 'Das ist dein neuer Link. Der alte gilt nicht mehr.',
  },

  plan: {
    name: 'Geplanter Raum',
    schedule: 'Kalender',
    starts: 'Beginnt',
    zone: (zone) => `nach deiner Uhr, ${zone}`,
    twice: 'In dieser Stunde werden die Uhren zurückgestellt: Es gibt sie zweimal.',
    until: (time) => `bis etwa ${time}`,
    hosts: 'Es laden ein',
    waiting: 'hat noch nicht geantwortet',
    who: 'Für wen',
    whos: {
      open: 'Alle in diesem Haus',
      social: 'Leute, denen folgt, wer einlädt',
      members: 'Mitglieder des Clubs',
      closed: 'Nur wer eingeladen ist',
    },
    spoken: (language) => `Auf ${language}`,
    recorded: 'Das wird aufgenommen.',
    recordedWhy: 'Was du dort sagst, können die Einladenden behalten und weitergeben.',
    goers: (n) => (n === 1 ? 'Eine Person kommt' : `${n} Leute kommen`),
    go: 'Ich komme',
    going: 'Du kommst',
    stay: 'Doch nicht kommen',
    remind: 'Erinnere mich',
    remindNever: 'Gar nicht',
    remindAt: (n) =>
      n === 0
        ? 'Wenn es losgeht'
        : n % 1440 === 0
          ? 'Einen Tag vorher'
          : n % 60 === 0
            ? 'Eine Stunde vorher'
            : `${n} Minuten vorher`,
    remindWhere: 'In dieser App und in deinem Kalender.',
    remindMore: 'Auch wenn die App zu ist',
    add: 'In den Kalender',
    share: 'Teilen',
    shared: 'Der Link ist kopiert.',
    enter: 'Hineingehen',
    openNow: 'Raum jetzt öffnen',
    openWhy: 'Zum Beginn öffnet ihn das Haus von selbst und wartet 15 Minuten auf euch.',
    early: (time) => `Ihr könnt ihn ab ${time} öffnen.`,
    edit: 'Ändern',
    cancel: 'Absagen',
    cancelWhy: 'Alle, die kommen wollten, erfahren es. Das lässt sich nicht zurücknehmen.',
    cancelSure: 'Wirklich absagen',
    cancelled: 'Das ist abgesagt.',
    over: 'Das ist vorbei.',
    asked: 'Du sollst mit einladen.',
    askedWhy: 'Dann kannst du es ändern, den Raum öffnen und dort moderieren.',
    accept: 'Ich lade mit ein',
    decline: 'Nein danke',
    accepted: 'Du lädst jetzt mit ein.',
    declined: 'Du hast abgelehnt.',
    leave: 'Nicht mehr mit einladen',
    invited: 'Eingeladen',
  },

  edit: {
    newTitle: 'Raum planen',
    newWhat: 'Das Haus öffnet ihn, wenn es so weit ist, und du moderierst.',
    title: 'Plan ändern',
    what: 'Wer kommt, erfährt es, wenn sich die Zeit ändert.',
    name: 'Worum geht es?',
    about: 'Mehr dazu',
    starts: 'Wann?',
    startsWhy: (zone) => `Nach deiner Uhr, ${zone}.`,
    skipped: (time) => `Über diese Stunde werden die Uhren vorgestellt: Es wird ${time}.`,
    twice: 'In dieser Stunde werden die Uhren zurückgestellt; das ist die erste von beiden.',
    minutes: 'Wie lange etwa?',
    hours: (n) => `${n} ${n === 1 ? 'Stunde' : 'Stunden'}`,
    mins: (n) => `${n} Minuten`,
    club: 'Club',
    noClub: 'Ohne Club',
    who: 'Für wen?',
    cohosts: 'Wer lädt mit ein?',
    cohostsWhy: 'Sie werden erst gefragt. Höchstens acht.',
    invite: 'Wer ist eingeladen?',
    inviteWhy: 'Sie sehen es und dürfen hinein, wer auch sonst darf.',
    nobody: 'Zur Wahl stehen Leute, denen du folgst und die dir folgen.',
    where: 'Wo dürfen die Stimmen sein?',
    anywhere: 'Überall',
    language: 'Sprache',
    noLanguage: 'Egal welche',
    recorded: 'Wir nehmen das auf',
    recordedWhy: 'Alle erfahren es, bevor sie kommen. Das Haus selbst nimmt nichts auf.',
    plan: 'Planen',
    planned: 'Der Raum ist geplant.',
    meanwhile:
      'Das wurde inzwischen von anderen geändert. Was du geschrieben hast, steht noch hier: Sieh es dir an und speichere noch einmal.',
    kept: 'Deine Änderungen sind noch nicht gespeichert. Sie warten dort auf dich.',
  },

  news: {
    soon: (title, time) => `„${title}“ beginnt um ${time}.`,
    open: (title) => `„${title}“ ist offen. Komm herein.`,
    moved: (title, time) => `„${title}“ ist verschoben: ${time}.`,
    cancelled: (title) => `„${title}“ ist abgesagt.`,
  },

  gone: {
    heading: 'Hier ist nichts geplant.',
    why: 'Der Link hat einen Tippfehler, es ist vorbei, oder es ist für andere.',
    back: 'Zum Kalender',
  },
};

const catalogues: Record<string, ScheduleWords> = { en, de };

/** The catalogue of the chosen language. */
export function s(): ScheduleWords {
  return catalogues[language.value] ?? en;
}

const format = (options: Intl.DateTimeFormatOptions) => (time: string | Date) =>
  new Intl.DateTimeFormat(language.value, options).format(new Date(time));

/** "Friday, 27 November" */
export const longDay = format({ weekday: 'long', day: 'numeric', month: 'long' });
export const weekday = format({ weekday: 'long' });
export const shortWeekday = format({ weekday: 'short' });
export const monthName = format({ month: 'long', year: 'numeric' });
/** "Friday, 27 November 2026 at 19:30" */
export const whole = format({ dateStyle: 'full', timeStyle: 'short' });

/** The zone of the browser by the name that people know it by, at a time. */
export function zoneName(time: string): string {
  const parts = new Intl.DateTimeFormat(language.value, { timeZoneName: 'long' }).formatToParts(
    new Date(time || Date.now()),
  );
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
}

/** How long something takes. */
export const lengthWords = (minutes: number): string =>
  minutes % 60 === 0 && minutes >= 60 ? s().edit.hours(minutes / 60) : s().edit.mins(minutes);
