import { offline, type Problem, StoaError } from './error.ts';
import type {
  Audience,
  Card,
  Ceremony,
  Grant,
  HouseInfo,
  Invitation,
  Invite,
  Invites,
  KeyBackup,
  KeyBackups,
  Me,
  NewRoom,
  Person,
  Session,
  WithRecovery,
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

  about = () => this.#ask<HouseInfo>('GET', 'house');

  invitation = (code: string) => this.#ask<Invitation>('GET', `invites/${enc(code)}`);

  beginSignUp = (invite: string, name: string) =>
    this.#ask<Ceremony<PublicKeyCredentialCreationOptionsJSON>>('POST', 'signup/passkey/begin', {
      invite,
      name,
    });
  finishSignUp = (ceremony: string, credential: unknown) =>
    this.#ask<Me>('POST', 'signup/passkey/finish', { ceremony, credential });
  signUpWithRecovery = (invite: string, name: string) =>
    this.#ask<WithRecovery>('POST', 'signup/recovery', { invite, name });

  beginSignIn = () =>
    this.#ask<Ceremony<PublicKeyCredentialRequestOptionsJSON>>('POST', 'signin/passkey/begin', {});
  finishSignIn = (ceremony: string, credential: unknown) =>
    this.#ask<Me>('POST', 'signin/passkey/finish', { ceremony, credential });
  signInWithRecovery = (code: string) =>
    this.#ask<WithRecovery>('POST', 'signin/recovery', { code });
  signOut = () => this.#ask<void>('POST', 'signout', {});

  me = () => this.#ask<Me>('GET', 'me');
  rename = (name: string) => this.#ask<Me>('PATCH', 'me', { name });
  beginPasskey = () =>
    this.#ask<Ceremony<PublicKeyCredentialCreationOptionsJSON>>('POST', 'me/passkeys/begin', {});
  finishPasskey = (ceremony: string, credential: unknown) =>
    this.#ask<Me>('POST', 'me/passkeys/finish', { ceremony, credential });
  renewRecovery = () => this.#ask<{ recovery_code: string }>('POST', 'me/recovery', {});

  keyBackups = () => this.#ask<KeyBackups>('GET', 'me/keybackup');
  keepKeyBackup = (backup: KeyBackup) => this.#ask<void>('PUT', 'me/keybackup', backup);
  forgetKeyBackups = () => this.#ask<void>('DELETE', 'me/keybackup');

  sessions = () => this.#ask<{ sessions: Session[] }>('GET', 'me/sessions');
  endSession = (id: string) => this.#ask<void>('DELETE', `me/sessions/${enc(id)}`);

  invites = () => this.#ask<Invites>('GET', 'me/invites');
  invite = () => this.#ask<Invite>('POST', 'me/invites', {});
  revokeInvite = (id: string) => this.#ask<void>('DELETE', `me/invites/${enc(id)}`);

  following = () => this.#ask<{ people: Person[] }>('GET', 'me/following');
  followers = () => this.#ask<{ people: Person[] }>('GET', 'me/followers');
  person = (id: string) => this.#ask<Person>('GET', `people/${enc(id)}`);
  follow = (id: string) => this.#ask<void>('PUT', `people/${enc(id)}/follow`);
  unfollow = (id: string) => this.#ask<void>('DELETE', `people/${enc(id)}/follow`);

  hallway = () => this.#ask<{ rooms: Card[] }>('GET', 'rooms');
  openRoom = (room: NewRoom) => this.#ask<Card>('POST', 'rooms', room);
  room = (id: string) => this.#ask<Card>('GET', `rooms/${enc(id)}`);
  /** Who is in a room with me, by a part of the name; `after` is the `next` of the page before. */
  peopleIn = (room: string, q = '', after = 0) =>
    this.#ask<Audience>('GET', `rooms/${enc(room)}/people?q=${enc(q)}&after=${after}`);
  /** Shows the house's moderators what somebody has said: `Seat.sealReport` seals it. */
  report = (room: string, about: string, sealed: string) =>
    this.#ask<{ id: string }>('POST', `rooms/${enc(room)}/reports`, { about, sealed });
  grant = (room: string) => this.#ask<Grant>('POST', `rooms/${enc(room)}/grants`, {});

  async #ask<Answer>(method: Method, path: string, body?: object): Promise<Answer> {
    const headers: Record<string, string> = { 'accept-language': this.language };
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
    if (response.status === 204) return undefined as Answer;
    return (await response.json()) as Answer;
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
    code: said.code ?? (response.status === 503 ? 'unavailable' : 'internal'),
    title: said.title ?? response.statusText,
    status: response.status,
    ...(said.detail ? { detail: said.detail } : {}),
    ...(wait > 0 ? { retry_after: wait } : {}),
  });
}
