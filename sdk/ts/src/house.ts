import { offline, type Problem, StoaError } from './error.ts';
import type {
  Audience,
  Blocked,
  BlockLevel,
  Card,
  Cards,
  Ceremony,
  Choice,
  Club,
  ClubBarred,
  ClubLists,
  ClubMembers,
  ClubRole,
  ClubWaiting,
  Found,
  Grant,
  HouseInfo,
  Invitation,
  Invite,
  Invites,
  KeyBackup,
  KeyBackups,
  ListedClubs,
  Me,
  NewClub,
  NewRoom,
  NewsPage,
  Notify,
  OwnProfile,
  Person,
  PersonProfile,
  Plan,
  PlanChange,
  ProfileChange,
  Proof,
  Session,
  Standing,
  Stored,
  Suggestion,
  Versioned,
  WayIn,
  Which,
  WithRecovery,
  Work,
} from './http.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/**
 * A house is a node's HTTP API as functions, one for each call of
 * docs/protocol/http.md. The session cookie says who is asking.
 */
export class House {
  /** Asked for in the titles of problems; a BCP 47 tag. */
  language = 'en';
  readonly #base: URL;

  /** `url` is any address in the house: its origin counts. */
  constructor(url: string | URL) {
    this.#base = new URL('/api/v1/', url);
  }

  /** Where the live WebSocket is. */
  get liveURL(): URL {
    const url = new URL('live', this.#base);
    url.protocol = url.protocol.replace('http', 'ws');
    return url;
  }

  about = () => this.ask<HouseInfo>('GET', 'house');

  invitation = (code: string) => this.ask<Invitation>('GET', `invites/${enc(code)}`);

  /** What to compute for an account without an invite (`@stoa/client/work`). */
  signUpWork = () => this.ask<Work>('POST', 'signup/work', {});
  beginSignUp = (way: WayIn, name: string) =>
    this.ask<Ceremony<PublicKeyCredentialCreationOptionsJSON>>('POST', 'signup/passkey/begin', {
      ...way,
      name,
    });
  finishSignUp = (ceremony: string, credential: unknown) =>
    this.ask<Me>('POST', 'signup/passkey/finish', { ceremony, credential });
  signUpWithRecovery = (way: WayIn, name: string) =>
    this.ask<WithRecovery>('POST', 'signup/recovery', { ...way, name });

  beginSignIn = () =>
    this.ask<Ceremony<PublicKeyCredentialRequestOptionsJSON>>('POST', 'signin/passkey/begin', {});
  finishSignIn = (ceremony: string, credential: unknown) =>
    this.ask<Me>('POST', 'signin/passkey/finish', { ceremony, credential });
  signInWithRecovery = (code: string) =>
    this.ask<WithRecovery>('POST', 'signin/recovery', { code });
  signOut = () => this.ask<void>('POST', 'signout', {});

  me = () => this.ask<Me>('GET', 'me');
  rename = (name: string) => this.ask<Me>('PATCH', 'me', { name });
  beginPasskey = () =>
    this.ask<Ceremony<PublicKeyCredentialCreationOptionsJSON>>('POST', 'me/passkeys/begin', {});
  finishPasskey = (ceremony: string, credential: unknown) =>
    this.ask<Me>('POST', 'me/passkeys/finish', { ceremony, credential });
  renewRecovery = () => this.ask<{ recovery_code: string }>('POST', 'me/recovery', {});

  profile = () => this.versioned<OwnProfile>('GET', 'me/profile');
  /** Changes all of a profile, if it still has the version that was seen: `changed_meanwhile`. */
  changeProfile = (change: ProfileChange, version: string) =>
    this.versioned<OwnProfile>('PUT', 'me/profile', change, { 'if-match': version });

  /**
   * Sends a picture, of up to 8 MiB; the node makes its own of it. `sent` is told
   * how much of it is there, from 0 to 1.
   */
  putPicture = async (
    image: Blob,
    how: { sent?: (part: number) => void; signal?: AbortSignal } = {},
  ): Promise<{ picture: string }> => {
    const { upload } = await import('./upload.ts');
    const response = await upload(new URL('me/picture', this.#base), image, this.language, how);
    if (!response.ok) throw await problemOf(response);
    return (await response.json()) as { picture: string };
  };
  forgetPicture = () => this.ask<void>('DELETE', 'me/picture');
  /** Where a picture is. The node has it in two sizes; with its version it is kept by the browser. */
  pictureURL = (person: string, size: 'small' | 'large', version: string): string =>
    new URL(`people/${enc(person)}/picture/${size}?v=${enc(version)}`, this.#base).href;

  /** All that the house keeps of me. */
  stored = () => this.ask<Stored>('GET', 'me/stored');
  /** Where all of that is to be had in one archive. */
  get exportURL(): string {
    return new URL('me/export', this.#base).href;
  }
  /** Begins the proof by a passkey that the account is one's own. */
  beginErase = () =>
    this.ask<Ceremony<PublicKeyCredentialRequestOptionsJSON>>('POST', 'me/erase/begin', {});
  /** Erases my account, and all that the house keeps of me. It cannot be undone. */
  erase = (proof: Proof) => this.ask<void>('POST', 'me/erase', proof);

  keyBackups = () => this.ask<KeyBackups>('GET', 'me/keybackup');
  keepKeyBackup = (backup: KeyBackup) => this.ask<void>('PUT', 'me/keybackup', backup);
  forgetKeyBackups = () => this.ask<void>('DELETE', 'me/keybackup');

  sessions = () => this.ask<{ sessions: Session[] }>('GET', 'me/sessions');
  endSession = (id: string) => this.ask<void>('DELETE', `me/sessions/${enc(id)}`);

  invites = () => this.ask<Invites>('GET', 'me/invites');
  invite = () => this.ask<Invite>('POST', 'me/invites', {});
  revokeInvite = (id: string) => this.ask<void>('DELETE', `me/invites/${enc(id)}`);

  following = () => this.ask<{ people: Person[] }>('GET', 'me/following');
  followers = () => this.ask<{ people: Person[] }>('GET', 'me/followers');
  person = (id: string) => this.ask<PersonProfile>('GET', `people/${enc(id)}`);
  /** Somebody by their handle, with or without the `@`. */
  personByHandle = (handle: string) =>
    this.ask<PersonProfile>('GET', `handles/${enc(handle.replace(/^@/, ''))}`);
  /** Follows somebody; `notify` says, also later, how loud one wants to be told of them. */
  follow = (id: string, notify?: Notify) =>
    this.ask<void>('PUT', `people/${enc(id)}/follow`, notify && { notify });
  unfollow = (id: string) => this.ask<void>('DELETE', `people/${enc(id)}/follow`);

  /** Whom I have muted or blocked. */
  blocks = () => this.ask<{ people: Blocked[] }>('GET', 'me/blocks');
  /** Spares me somebody; they are not told. */
  block = (id: string, level: BlockLevel) =>
    this.ask<void>('PUT', `people/${enc(id)}/block`, { level });
  unblock = (id: string) => this.ask<void>('DELETE', `people/${enc(id)}/block`);

  /** People of my clubs and of the room that I am in, whom I do not follow. */
  suggestions = () => this.ask<{ people: Suggestion[] }>('GET', 'me/suggestions');
  /** Suggests somebody no more. */
  hideSuggestion = (id: string) => this.ask<void>('DELETE', `me/suggestions/${enc(id)}`);

  /** The clubs to which I stand, by how. */
  clubs = () => this.ask<ClubLists>('GET', 'clubs');
  /** Listed clubs, those with the most members first; `after` is the `next` of the page before. */
  listedClubs = (after = '') => this.ask<ListedClubs>('GET', `clubs/listed?after=${enc(after)}`);
  foundClub = (club: NewClub) => this.versioned<Club>('POST', 'clubs', club);
  club = (id: string) => this.versioned<Club>('GET', `clubs/${enc(id)}`);
  /** Changes all that a club says, if it still has the version that was seen: `changed_meanwhile`. */
  changeClub = (id: string, change: NewClub, version: string) =>
    this.versioned<Club>('PUT', `clubs/${enc(id)}`, change, { 'if-match': version });
  deleteClub = (id: string) => this.ask<void>('DELETE', `clubs/${enc(id)}`);
  followClub = (id: string) => this.ask<void>('PUT', `clubs/${enc(id)}/follow`);
  unfollowClub = (id: string) => this.ask<void>('DELETE', `clubs/${enc(id)}/follow`);
  /** Says yes to the rules of a club, as they were read; `rules_changed` when they are others. */
  joinClub = (id: string, rulesVersion: number) =>
    this.ask<{ standing: Standing }>('POST', `clubs/${enc(id)}/join`, {
      rules_version: rulesVersion,
    });
  /** Leaves a club, takes back that I have asked, or declines. */
  leaveClub = (id: string) => this.ask<void>('DELETE', `clubs/${enc(id)}/membership`);
  /** Says whether my profile shows that I am in a club. */
  showClub = (id: string, shown: boolean) =>
    this.ask<void>('PUT', `clubs/${enc(id)}/membership`, { shown });
  clubMembers = (id: string, after = '') =>
    this.ask<ClubMembers>('GET', `clubs/${enc(id)}/members?after=${enc(after)}`);
  /** Makes a member an admin or a member again, or the founder in my place. */
  setClubRole = (id: string, person: string, role: ClubRole) =>
    this.ask<void>('PUT', `clubs/${enc(id)}/members/${enc(person)}`, { role });
  /** Puts somebody out of a club, and keeps them out if they are to be barred. */
  removeFromClub = (id: string, person: string, bar = false) =>
    this.ask<void>('DELETE', `clubs/${enc(id)}/members/${enc(person)}?bar=${bar}`);
  clubBarred = (id: string) => this.ask<{ barred: ClubBarred[] }>('GET', `clubs/${enc(id)}/barred`);
  letOff = (id: string, person: string) =>
    this.ask<void>('DELETE', `clubs/${enc(id)}/barred/${enc(person)}`);
  /** Who waits: for admins. */
  clubPending = (id: string) =>
    this.ask<{ pending: ClubWaiting[] }>('GET', `clubs/${enc(id)}/pending`);
  acceptPending = (id: string, person: string) =>
    this.ask<void>('PUT', `clubs/${enc(id)}/pending/${enc(person)}`);
  refusePending = (id: string, person: string) =>
    this.ask<void>('DELETE', `clubs/${enc(id)}/pending/${enc(person)}`);
  /** Nominates somebody, or invites them as an admin. They are asked themselves in every case. */
  nominate = (id: string, person: string) =>
    this.ask<void>('POST', `clubs/${enc(id)}/nominations`, { person });

  /** Rooms to come, in the order of their start. */
  plans = (which: Which, from?: string, until?: string) => {
    const span = `${from ? `&from=${enc(from)}` : ''}${until ? `&to=${enc(until)}` : ''}`;
    return this.ask<{ plans: Plan[] }>('GET', `plans?which=${which}${span}`);
  };
  /** Those of a club. */
  plansOfClub = (club: string, from: string) =>
    this.ask<{ plans: Plan[] }>('GET', `plans?which=all&club=${enc(club)}&from=${enc(from)}`);
  plan = (id: string) => this.versioned<Plan>('GET', `plans/${enc(id)}`);
  addPlan = (plan: PlanChange) => this.versioned<Plan>('POST', 'plans', plan);
  /** Changes all of a plan, if it still has the version that was seen: `changed_meanwhile`. */
  changePlan = (id: string, change: PlanChange, version: string) =>
    this.versioned<Plan>('PUT', `plans/${enc(id)}`, change, { 'if-match': version });
  cancelPlan = (id: string) => this.ask<void>('DELETE', `plans/${enc(id)}`);
  /** What there is for me: the newest, or those after the `next` of an answer. */
  news = (after = '', limit = 50) =>
    this.ask<NewsPage>('GET', `me/news?after=${enc(after)}&limit=${limit}`);

  /** Says whether I host it, too, as I was asked. */
  setHosting = (id: string, accept: boolean) =>
    this.ask<void>('PUT', `plans/${enc(id)}/hosting`, { accept });
  /** Means to come, and is reminded so many minutes before, if any. */
  goToPlan = (id: string, remind?: number) =>
    this.versioned<Plan>(
      'PUT',
      `plans/${enc(id)}/going`,
      remind === undefined ? {} : { remind_minutes: remind },
    );
  stayAway = (id: string) => this.ask<void>('DELETE', `plans/${enc(id)}/going`);
  openPlan = (id: string) => this.versioned<Plan>('POST', `plans/${enc(id)}/open`, {});
  /** Where a plan is to be had for a calendar. */
  planCalendarURL = (id: string): string => new URL(`plans/${enc(id)}.ics`, this.#base).href;
  /** Where other programs read my calendar. Whoever knows the address may read it. */
  calendar = () => this.ask<{ url: string }>('GET', 'me/calendar');
  /** Gives my calendar another address; the old one is void. */
  renewCalendar = () => this.ask<{ url: string }>('POST', 'me/calendar/renew', {});

  /** Rooms and people by words, of which the last may be only begun. */
  search = (words: string) => this.ask<Found>('GET', `search?q=${enc(words)}`);

  /** The rooms that I may enter now and have chosen, in their order, and how many more there are. */
  hallway = (choice: Choice = {}) => {
    const chosen = Object.entries(choice).filter(([, value]) => value);
    const query = new URLSearchParams(chosen.map(([key, value]) => [key, String(value)]));
    return this.ask<Cards>('GET', chosen.length > 0 ? `rooms?${query}` : 'rooms');
  };
  openRoom = (room: NewRoom) => this.ask<Card>('POST', 'rooms', room);
  room = (id: string) => this.ask<Card>('GET', `rooms/${enc(id)}`);
  /** Who is in a room with me, by a part of the name; `after` is the `next` of the page before. */
  peopleIn = (room: string, q = '', after = 0) =>
    this.ask<Audience>('GET', `rooms/${enc(room)}/people?q=${enc(q)}&after=${after}`);
  /** Shows the house's moderators what somebody has said: `Seat.sealReport` seals it. */
  report = (room: string, about: string, sealed: string) =>
    this.ask<{ id: string }>('POST', `rooms/${enc(room)}/reports`, { about, sealed });
  grant = (room: string) => this.ask<Grant>('POST', `rooms/${enc(room)}/grants`, {});

  /** Makes a call. Those that few need have functions elsewhere, such as in news.ts. */
  async ask<Answer>(method: Method, path: string, body?: object): Promise<Answer> {
    const response = await this.#fetch(method, path, body);
    if (response.status === 204) return undefined as Answer;
    return (await response.json()) as Answer;
  }

  /** Makes a call about something that has versions. */
  async versioned<T>(
    method: Method,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<Versioned<T>> {
    const response = await this.#fetch(method, path, body, headers);
    return { value: (await response.json()) as T, version: response.headers.get('etag') ?? '' };
  }

  async #fetch(
    method: Method,
    path: string,
    body?: object,
    more: Record<string, string> = {},
  ): Promise<Response> {
    const headers: Record<string, string> = { 'accept-language': this.language, ...more };
    if (body) headers['content-type'] = 'application/json';
    let response: Response;
    try {
      response = await fetch(new URL(path, this.#base), {
        method,
        headers,
        body: body ? JSON.stringify(body) : null,
        signal: AbortSignal.timeout(15_000),
      });
    } catch {
      throw offline();
    }
    if (!response.ok) throw await problemOf(response);
    return response;
  }
}

const enc = encodeURIComponent;

/** A proxy on the way may answer with a page of its own: then only the status is known. */
async function problemOf(response: Response): Promise<StoaError> {
  const wait = Number(response.headers.get('retry-after'));
  let said: Partial<Problem> = {};
  if (response.headers.get('content-type')?.startsWith('application/problem+json')) {
    said = (await response.json().catch(() => ({}))) as Partial<Problem>;
  }
  return new StoaError({
    ...said,
    code: said.code ?? (response.status === 503 ? 'unavailable' : 'internal'),
    title: said.title ?? response.statusText,
    status: response.status,
    ...(wait > 0 ? { retry_after: wait } : {}),
  });
}
