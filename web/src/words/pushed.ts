/** The words of notifications. The service worker has them: no page need be open. */

/** What a house pushes, as docs/protocol/http.md says. */
export interface Pushed {
  lang?: string;
  kind: string;
  who?: string;
  room?: string;
  club?: string;
  plan?: string;
  starts?: string;
  names?: string[];
  count?: number;
  path: string;
  tag: string;
}

/** What is shown: one line, and what stands below it. */
export type Shown = [title: string, body: string];

const time = (of: Pushed, style: Intl.DateTimeFormatOptions) =>
  of.starts ? new Intl.DateTimeFormat(of.lang, style).format(new Date(of.starts)) : '';
const clock = (of: Pushed) => time(of, { hour: 'numeric', minute: '2-digit' });
const dayAndClock = (of: Pushed) => time(of, { dateStyle: 'long', timeStyle: 'short' });
const names = ({ lang, names = [] }: Pushed) =>
  new Intl.ListFormat(lang, { type: 'conjunction' }).format(names);

type Words = Record<string, (of: Pushed, who: string) => Shown>;

const en: Words = {
  live: ({ room }, who) => [`${who} is on a stage`, room ?? ''],
  ping: ({ room }, who) => [`${who} asks you to come`, room ?? ''],
  message: (_, who) => [`${who} has written to you`, ''],
  message_asked: (_, who) => [`${who} would like to write to you`, ''],
  follow: (_, who) => [`${who} follows you`, ''],
  found: (_, who) => [`You and ${who} have found each other`, ''],
  club_invited: ({ club }, who) => [`${who} invites you`, club ?? ''],
  club_admitted: ({ club }) => ['You are in now', club ?? ''],
  club_role: ({ club }) => ['You have another role', club ?? ''],
  club_asked: ({ club }, who) => [`${who} would like to join`, club ?? ''],
  plan_soon: (of) => [`Begins at ${clock(of)}`, of.plan ?? ''],
  plan_open: ({ plan }) => ['It is open. Come in.', plan ?? ''],
  plan_moved: (of) => [`Moved to ${dayAndClock(of)}`, of.plan ?? ''],
  plan_cancelled: ({ plan }) => ['Cancelled', plan ?? ''],
  plan_hosting: ({ plan }, who) => [`${who} asks you to host`, plan ?? ''],
  invited_came: (_, who) => [`${who} has come with your invite`, ''],
  decision: () => ['The house has decided something about you', ''],
  security_signed_in: () => ['Somebody has signed in to your account', ''],
  security_recovered: () => ['Your recovery code was used', ''],
  security_passkey: () => ['Your account has a new passkey', ''],
  security_address: () => ['Your e-mail address was changed', ''],
  digest: (of) => [of.count === 1 ? 'One thing new' : `${of.count} things new`, names(of)],
  other: () => ['Something is new', ''],
};

const de: Words = {
  live: ({ room }, who) => [`${who} ist auf einer Bühne`, room ?? ''],
  ping: ({ room }, who) => [`${who} holt dich dazu`, room ?? ''],
  message: (_, who) => [`${who} hat dir geschrieben`, ''],
  message_asked: (_, who) => [`${who} möchte dir schreiben`, ''],
  follow: (_, who) => [`${who} folgt dir`, ''],
  found: (_, who) => [`Du und ${who} habt euch gefunden`, ''],
  club_invited: ({ club }, who) => [`${who} lädt dich ein`, club ?? ''],
  club_admitted: ({ club }) => ['Du bist jetzt dabei', club ?? ''],
  club_role: ({ club }) => ['Du hast eine andere Rolle', club ?? ''],
  club_asked: ({ club }, who) => [`${who} möchte dazu`, club ?? ''],
  plan_soon: (of) => [`Beginnt um ${clock(of)}`, of.plan ?? ''],
  plan_open: ({ plan }) => ['Es ist offen. Komm rein.', plan ?? ''],
  plan_moved: (of) => [`Verschoben auf ${dayAndClock(of)}`, of.plan ?? ''],
  plan_cancelled: ({ plan }) => ['Abgesagt', plan ?? ''],
  plan_hosting: ({ plan }, who) => [`${who} bittet dich, mit auszurichten`, plan ?? ''],
  invited_came: (_, who) => [`${who} ist mit deiner Einladung gekommen`, ''],
  decision: () => ['Das Haus hat etwas über dich entschieden', ''],
  security_signed_in: () => ['Jemand hat sich in deinem Konto angemeldet', ''],
  security_recovered: () => ['Dein Wiederherstellungscode wurde benutzt', ''],
  security_passkey: () => ['Dein Konto hat einen neuen Passkey', ''],
  security_address: () => ['Deine E-Mail-Adresse wurde geändert', ''],
  digest: (of) => [of.count === 1 ? 'Etwas Neues' : `${of.count} Neuigkeiten`, names(of)],
  other: () => ['Es gibt etwas Neues', ''],
};

/** What to show for what was pushed; of a kind that a newer house has, that there is something. */
export function shown(of: Pushed): Shown {
  const words = of.lang === 'de' ? de : en;
  const say = (Object.hasOwn(words, of.kind) && words[of.kind]) || words.other;
  return say?.(of, of.who ?? '') ?? ['', ''];
}
