/**
 * A double of a node, for looking at the app and for its tests: the protocol
 * over real HTTP and WebSockets, everything else in memory. It keeps the rules
 * of a room well enough to play through, believes every passkey, and carries
 * no sound. It is no part of what is shipped.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';
import {
  apply,
  type BlockLevel,
  type Card,
  type CardWhy,
  type ChatPolicy,
  type CutReason,
  type Found,
  type HandPolicy,
  type Invite,
  type Itinerary,
  isOpen,
  mayRaise,
  type Notify,
  onStage,
  type Participant,
  type PersonProfile,
  type ProfileChange,
  type RoomEvent,
  type StoredClass,
  type Suggestion,
  type View,
  type Violation,
  type Visibility,
} from '@stoa/client';
import { type WebSocket, WebSocketServer } from 'ws';
import { DoubleClubs, type KeptClub } from './clubs.double.ts';
import { DoubleTalks } from './conversations.double.ts';
import { DoubleDiscovery } from './discovery.double.ts';
import { DoubleMail } from './mail.double.ts';
import { DoubleNews } from './news.double.ts';
import { DoublePlans } from './plans.double.ts';
import { DoubleWard } from './ward.double.ts';

const alphabet = '0123456789abcdefghijklmnopqrstuv';
// 25 letters of any five bits, and one of which only three count: 16 bytes.
export const newID = () =>
  Array.from(randomBytes(26), (b, n) => alphabet[n < 25 ? b % 32 : (b % 8) * 4]).join('');
const inSeconds = (s: number) => new Date(Date.now() + s * 1000).toISOString();

export interface Account {
  id: string;
  name: string;
  created: string;
  passkeys: string[];
  backups: Map<string, string>;
  recovery: string;
  follows: Set<string>;
  /** How much they are told of those they follow. */
  notify: Map<string, Notify>;
  /** Whom they do not want to have suggested. */
  hidden: Set<string>;
  /** Whom they are spared of. */
  blocks: Map<string, { level: BlockLevel; since: string }>;
  invites: Invite[];
  /** What they say of themselves; the name is above. */
  said: Omit<ProfileChange, 'name'>;
  picture: { version: string; bytes: Buffer; type: string } | undefined;
  invitedBy: string | undefined;
}

interface Login {
  id: string;
  person: string;
  created: string;
}

interface Room {
  id: string;
  view: View;
  /** Those who are only counted. */
  crowd: Participant[];
  invited: Set<string>;
  removed: Set<string>;
  seats: Map<string, { session: string; line: Line }>;
  /** Who has chosen what in the open poll. */
  votes: Map<string, number>;
  /** Who has written which message. */
  authors: Map<number, string>;
  leaving: Map<string, ReturnType<typeof setTimeout>>;
}

interface Line {
  socket: WebSocket;
  login: Login | undefined;
  watching: boolean;
  room?: Room;
  session?: string;
}

class Refusal extends Error {
  readonly code: string;
  readonly status: number;
  readonly errors: Violation[] | undefined;
  readonly more: object | undefined;
  constructor(code: string, status: number, errors?: Violation[], more?: object) {
    super(code);
    this.more = more;
    this.code = code;
    this.status = status;
    this.errors = errors;
  }
}
const refuse = (code: string, status = 409, errors?: Violation[]): never => {
  throw new Refusal(code, status, errors);
};

type Body = Record<string, unknown>;
type Answer = {
  status?: number;
  body?: unknown;
  login?: Login | null;
  headers?: Record<string, string>;
  /** In place of a body of JSON. */
  bytes?: Buffer;
};
type Happening = Partial<Omit<RoomEvent, 'seq' | 'room'>>;

export class Double {
  readonly people = new Map<string, Account>();
  readonly rooms = new Map<string, Room>();
  /** How many rooms there are beside those that the hallway shows. */
  moreRooms = 0;
  /** Invites by their code; of whom, or of the founder. */
  readonly invites = new Map<string, { from: string | undefined; invite: Invite }>();
  readonly logins = new Map<string, Login>();
  readonly clubs = new DoubleClubs({
    newID,
    person: (me, id) => {
      const [asker, found] = [this.people.get(me), this.people.get(id)];
      return asker && found ? this.#person(asker, id) : undefined;
    },
    refuse,
  });
  readonly news = new DoubleNews({
    newID,
    person: (me, id) => {
      const [asker, found] = [this.people.get(me), this.people.get(id)];
      return asker && found ? this.#person(asker, id) : undefined;
    },
    room: (id) => {
      const found = this.rooms.get(id);
      return (
        found && {
          ...{ id, title: found.view.title, closed: found.view.visibility === 'closed' },
          who: found.view.people.map((p) => p.who),
        }
      );
    },
    tell: (who, news) => {
      for (const line of this.#lines) {
        if (line.login?.person === who && line.watching) line.socket.send(JSON.stringify({ news }));
      }
    },
    refuse,
  });
  readonly discovery = new DoubleDiscovery({
    person: (me, id) => {
      const [asker, found] = [this.people.get(me), this.people.get(id)];
      return asker && found ? this.#person(asker, id) : undefined;
    },
    handles: () =>
      new Map(
        [...this.people.values()].flatMap((p) => (p.said.handle ? [[p.id, p.said.handle]] : [])),
      ),
    found: (to, who) => this.news.add(to, { kind: 'found', who }),
    refuse,
  });
  readonly ward = new DoubleWard({
    newID,
    person: (me, id) => {
      const [asker, found] = [this.people.get(me), this.people.get(id)];
      return asker && found ? this.#person(asker, id) : undefined;
    },
    thing: (kind, id) => {
      switch (kind) {
        case 'person': {
          const found = this.people.get(id);
          return found && { name: found.name, concerns: id };
        }
        case 'club': {
          const found = this.clubs.all.get(id);
          const founder = [...(found?.members ?? [])].find(([, m]) => m.role === 'founder')?.[0];
          return found && { name: found.name, concerns: founder ?? '' };
        }
        case 'plan': {
          const found = this.plans.all.get(id);
          return found && { name: found.title, concerns: found.host };
        }
        case 'room': {
          const found = this.rooms.get(id)?.view;
          const host = found?.people.find((p) => p.role === 'moderator')?.who;
          return found && { name: found.title, concerns: host ?? '' };
        }
      }
    },
    decided: (who) => this.news.add(who, { kind: 'decision' }),
    refuse,
  });
  /** Who is kept out, and what they are told. */
  readonly suspended = new Map<string, { until?: string; reason: string }>();
  readonly mail = new DoubleMail({ refuse });
  readonly plans = new DoublePlans({
    newID,
    person: (id) => {
      const found = this.people.get(id);
      return (
        found && {
          ...{ id, name: found.name },
          ...(found.picture ? { picture: found.picture.version } : {}),
        }
      );
    },
    follows: (who, whom) => this.people.get(who)?.follows.has(whom) ?? false,
    club: (id) => this.clubs.all.get(id),
    inClub: (club, who) => this.clubs.isMember(club, who),
    followsClub: (club, who) => this.clubs.all.get(club)?.followers.has(who) ?? false,
    openRoom: (by, plan) => {
      const host = this.people.get(by) ?? refuse('no_person', 404);
      const club = this.clubs.all.get(plan.club ?? '');
      return this.open(host, plan.title, plan.visibility, [...plan.invited], newID(), club, plan)
        .id;
    },
    tell: (who, plan) => {
      for (const line of this.#lines) {
        if (line.login?.person === who && line.watching) {
          line.socket.send(JSON.stringify({ plan }));
        }
      }
    },
    refuse,
    origin: () => this.#origin,
  });
  readonly talks = new DoubleTalks({
    person: (me, id) => {
      const own = this.people.get(me);
      return own && this.people.has(id) ? this.#person(own, id) : undefined;
    },
    follows: (who, whom) => this.people.get(who)?.follows.has(whom) ?? false,
    refuse,
    tell: (who, conversation) => {
      for (const line of this.#lines) {
        if (line.login?.person === who && line.watching)
          line.socket.send(JSON.stringify({ conversation }));
      }
    },
  });
  invitesPerPerson = 2;
  /** When there is one more to give. */
  nextInvite = '';
  /** Whether people come in without an invite, too; what they compute is believed. */
  doorIsOpen = false;
  regions: string[] = []; // of the network that the house is in
  root = ''; // of that network
  /** The ways that are told; without any, this node is alone. */
  ways: Itinerary | undefined;
  /** How many of an audience are shown. */
  sampleMax = 100;
  /** Whether media outlives a lost live connection, as it does in a node that has not restarted. */
  mediaStays = true;
  /** Every request fails with this status, while it is set. */
  broken = 0;
  readonly #lines = new Set<Line>();
  readonly #ceremonies = new Map<string, { name?: string; invite?: string; person?: string }>();
  readonly #grants = new Map<string, { person: string; room: string }>();
  readonly #dist: string;
  readonly #server = createServer((q, s) => void this.#serve(q, s));
  readonly #sockets = new WebSocketServer({ noServer: true });
  #origin = '';

  /** `dist` is where the built app lies. */
  constructor(dist: string) {
    this.#dist = dist;
    this.#server.on('upgrade', (request, socket, head) => {
      this.#sockets.handleUpgrade(request, socket, head, (ws) => this.#connected(ws, request));
    });
  }

  /** Listens on a port of this machine, 0 for any; returns the origin. */
  async listen(port: number): Promise<string> {
    await new Promise<void>((done) => this.#server.listen(port, '127.0.0.1', done));
    const address = this.#server.address();
    if (typeof address !== 'object' || !address) throw new Error('no address');
    this.#origin = `http://localhost:${address.port}`;
    return this.#origin;
  }

  async stop(): Promise<void> {
    for (const line of this.#lines) line.socket.terminate();
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  /** Cuts every live connection, as a network does. */
  cutLines(): void {
    for (const line of this.#lines) line.socket.terminate();
  }

  account(name: string, follows: Account[] = []): Account {
    const account: Account = {
      id: newID(),
      name,
      created: '2026-11-20T08:00:00Z',
      passkeys: [],
      backups: new Map(),
      recovery: '',
      follows: new Set(follows.map((p) => p.id)),
      notify: new Map(),
      hidden: new Set(),
      blocks: new Map(),
      invites: [],
      said: {
        handle: '',
        pronouns: '',
        bio: '',
        links: [],
        languages: [],
        interests: [],
        show_inviter: false,
        findable: false,
      },
      picture: undefined,
      invitedBy: undefined,
    };
    this.people.set(account.id, account);
    return account;
  }

  /** An invite; without a person it is the founder's. */
  invite(from?: Account): Invite & { code: string } {
    const code = randomBytes(9).toString('base64url');
    const invite: Invite = {
      id: newID(),
      url: `${this.#origin}/i/${code}`,
      state: 'open',
      expires: inSeconds(7 * 86400),
    };
    from?.invites.push(invite);
    this.invites.set(code, { from: from?.id, invite });
    return { ...invite, code };
  }

  /** Gives somebody a picture; the double keeps it as it is. */
  picture(person: Account, bytes: Buffer): void {
    const type = typeOf(bytes) ?? refuse('not_a_picture', 422);
    const version = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
    person.picture = { version, bytes, type };
  }

  login(person: Account): Login {
    const login = { id: newID(), person: person.id, created: new Date().toISOString() };
    this.logins.set(login.id, login);
    return login;
  }

  /** A grant, whether or not it may be had: the node checks it again on entering. */
  grantFor(person: Account, room: string): string {
    const grant = newID();
    this.#grants.set(grant, { person: person.id, room });
    return grant;
  }

  open(
    by: Account,
    title: string,
    visibility: Visibility,
    invited: string[] = [],
    id = newID(),
    club?: KeptClub,
    about: { language?: string | undefined; topics?: string[] | undefined } = {},
  ): Room {
    const empty: View = {
      seq: 0,
      count: 0,
      opened: '',
      title,
      visibility,
      hands: 'everyone',
      chat: 'everyone',
      people: [],
    };
    const room: Room = {
      id,
      view: empty,
      crowd: [],
      invited: new Set(invited),
      removed: new Set(),
      seats: new Map(),
      votes: new Map(),
      authors: new Map(),
      leaving: new Map(),
    };
    this.rooms.set(id, room);
    const at = new Date().toISOString();
    this.happen(room, {
      opened: {
        ...{ by: by.id, name: by.name, title, visibility, at, until: inSeconds(60) },
        ...pictureOf(by),
        ...(club ? { club: { id: club.id, name: club.name } } : {}),
        ...(about.language ? { language: about.language } : {}),
        ...(about.topics?.length ? { topics: about.topics } : {}),
      },
    });
    return room;
  }

  /** Makes it so, and tells everybody in the room what is seen of it. */
  happen(room: Room, what: Happening): void {
    const before = room.view;
    const who = Object.values(what).map((body) => (body as { who?: string }).who)[0];
    const hidden = room.crowd.find((p) => p.who === who);
    const event: RoomEvent = {
      seq: before.seq + 1,
      room: room.id,
      ...(hidden ? { person: hidden } : {}),
      ...what,
    };
    room.crowd = room.crowd.filter((p) => p !== hidden);
    room.view = apply(before, event);
    const gone = event.left ? undefined : before.people.find((p) => p.who === who);
    if (gone && !room.view.people.some((p) => p.who === who)) {
      const { hand: _, asked_until: __, stage: ___, chair: ____, ...p } = gone;
      room.crowd.push({ ...p, role: 'listener', muted: true });
    }
    for (const { line } of room.seats.values()) send(line, event);
    for (const line of this.#lines) if (line.watching) send(line, { hallway: {} });
    if (event.ended) for (const who of [...room.seats.keys()]) this.cut(room, who, 'ended');
  }

  /** Lets somebody into a large audience, of whom the others only hear by their number. */
  hide(room: Room, person: { id: string; name: string }): void {
    const { seq, count } = room.view;
    room.crowd.push({
      who: person.id,
      name: person.name,
      role: 'listener',
      muted: true,
      followed: false,
      entered: seq + 1,
    });
    this.#recount(room, seq + 1, count + 1);
  }

  #recount(room: Room, seq: number, count: number): void {
    room.view = { ...room.view, seq, count };
    for (const { line } of room.seats.values()) send(line, { crowd: { room: room.id, count } });
  }

  /** Tells everybody in a room something that is not numbered. */
  tell(room: Room, notice: object): void {
    for (const { line } of room.seats.values()) send(line, notice);
  }

  /** Passes on what somebody writes; nothing here can read it. */
  say(room: Room, { id, name }: { id: string; name: string }, sealed: string): void {
    const n = 1_795_956_608_000 + room.authors.size;
    room.authors.set(n, id);
    this.tell(room, { said: { room: room.id, n, who: id, name, sealed } });
  }

  /** Says for how many seconds people have been heard. */
  clock(room: Room, seconds: Record<string, number>): void {
    this.tell(room, { clock: { room: room.id, seconds } });
  }

  /** Has somebody vote. */
  vote(room: Room, who: string, option: number): void {
    room.votes.set(who, option);
    this.tell(room, { poll: { room: room.id, ...this.#tally(room) } });
  }

  #tally({ view, votes }: Room) {
    const counts = (view.poll?.options ?? []).map(
      (_, n) => [...votes.values()].filter((option) => option === n).length,
    );
    return { poll: view.poll?.poll ?? 0, counts, voters: votes.size };
  }

  /** Says who speaks. */
  voices(room: Room, slots: (string | null)[], speaking: string[]): void {
    for (const { line } of room.seats.values()) {
      send(line, { voices: { room: room.id, slots, speaking, frame_ms: 20 } });
    }
  }

  cut(room: Room, who: string, why: CutReason): void {
    const seat = room.seats.get(who);
    if (!seat) return;
    room.seats.delete(who);
    delete seat.line.room;
    send(seat.line, { cut: { room: room.id, why } });
  }

  // HTTP

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.#origin);
    if (!url.pathname.startsWith('/api/')) return this.#serveFile(url.pathname, response);
    try {
      if (this.broken) refuse('unavailable', this.broken);
      const login = this.#loginOf(request);
      const raw = await read(request);
      const isJSON = request.headers['content-type']?.startsWith('application/json');
      const body: Body = isJSON ? JSON.parse(String(raw)) : {};
      const path = url.pathname.replace('/api/v1/', '').split('/').map(decodeURIComponent);
      const method = request.method ?? 'GET';
      const answer =
        this.#clubsAnswer(method, path, { body, raw, login, request, query: url.searchParams }) ??
        this.#profiles(method, path, { body, raw, login, request, query: url.searchParams }) ??
        this.#answer(method, path, body, login, url.searchParams);
      if (answer.login !== undefined) {
        const value = answer.login ? `${answer.login.id}; Max-Age=7776000` : '; Max-Age=0';
        response.setHeader('set-cookie', `stoa_session=${value}; Path=/; HttpOnly; SameSite=Lax`);
      }
      for (const [name, value] of Object.entries(answer.headers ?? {})) {
        response.setHeader(name, value);
      }
      const empty = answer.body === undefined && !answer.bytes;
      response.statusCode = answer.status ?? (empty ? 204 : 200);
      if (answer.bytes) {
        response.end(answer.bytes);
      } else if (answer.body === undefined) {
        response.end();
      } else {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(answer.body));
      }
    } catch (thrown) {
      const refusal = thrown instanceof Refusal ? thrown : new Refusal('internal', 500);
      const { status, code, errors, more } = refusal;
      response.writeHead(status, { 'content-type': 'application/problem+json' });
      response.end(
        JSON.stringify({ ...problem(code, status), ...(errors ? { errors } : {}), ...more }),
      );
    }
  }

  async #serveFile(path: string, response: ServerResponse): Promise<void> {
    const types: Record<string, string> = {
      '.html': 'text/html; charset=utf-8',
      '.js': 'text/javascript',
      '.css': 'text/css',
      '.svg': 'image/svg+xml',
      '.png': 'image/png',
      '.woff2': 'font/woff2',
    };
    const type = types[extname(path)];
    const file = type ? normalize(path) : 'index.html';
    response.setHeader('content-security-policy', "default-src 'self'");
    try {
      const bytes = await readFile(join(this.#dist, file));
      response.writeHead(200, { 'content-type': type ?? 'text/html; charset=utf-8' });
      response.end(bytes);
    } catch {
      response.writeHead(404);
      response.end();
    }
  }

  #loginOf(request: IncomingMessage): Login | undefined {
    const id = /stoa_session=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
    return id ? this.logins.get(id) : undefined;
  }

  #answer(
    method: string,
    path: string[],
    body: Body,
    login: Login | undefined,
    query: URLSearchParams,
  ): Answer {
    const [first, second, third] = path;
    const call = `${method} ${path.join('/')}`;
    switch (call) {
      case 'GET house':
        return {
          body: {
            name: 'Double',
            version: '0',
            sign_up: this.doorIsOpen ? 'open' : 'invite',
            invites_per_person: this.invitesPerPerson,
            moderators: ['key'],
            mail: this.mail.sends,
            ...(this.regions.length > 0 ? { regions: this.regions } : {}),
            network_root: this.root,
          },
        };
      case 'POST signup/work':
        if (!this.doorIsOpen) return refuse('no_invite', 404);
        return { body: { challenge: challenge(), bits: 1, expires: inSeconds(600) } };
      case 'POST signup/passkey/begin': {
        const name = this.#checked(body);
        const person = newID();
        return this.#creation({ name, invite: this.#way(body), person });
      }
      case 'POST signup/passkey/finish': {
        const { name = '', invite = '' } = this.#ceremony(body);
        const account = this.#signUp(invite, name);
        account.passkeys.push(credentialID(body));
        return { status: 201, body: this.#me(account), login: this.login(account) };
      }
      case 'POST signup/recovery': {
        const account = this.#signUp(this.#way(body), this.#checked(body));
        return { status: 201, ...this.#withCode(account), login: this.login(account) };
      }
      case 'POST signin/passkey/begin': {
        const ceremony = newID();
        this.#ceremonies.set(ceremony, {});
        const options = {
          challenge: challenge(),
          rpId: 'localhost',
          userVerification: 'preferred',
        };
        return { body: { ceremony, options } };
      }
      case 'POST signin/passkey/finish': {
        this.#ceremony(body);
        const id = credentialID(body);
        const account = [...this.people.values()].find((p) => p.passkeys.includes(id));
        if (!account) return refuse('sign_in_failed', 401);
        return { body: this.#me(account), login: this.login(account) };
      }
      case 'POST signin/recovery': {
        const code = String(body.code);
        const account = [...this.people.values()].find((p) => p.recovery && p.recovery === code);
        if (!account) return refuse('sign_in_failed', 401);
        return { ...this.#withCode(account), login: this.login(account) };
      }
    }
    if (first === 'invites' && second && method === 'GET') {
      const found = this.invites.get(second);
      if (found?.invite.state !== 'open') return refuse('no_invite', 404);
      const from = found.from && this.people.get(found.from);
      return {
        body: { ...(from ? { from: { name: from.name } } : {}), expires: found.invite.expires },
      };
    }

    const me = login && this.people.get(login.person);
    if (!me || !login) return refuse('not_signed_in', 401);
    switch (call) {
      case 'POST signout':
        this.logins.delete(login.id);
        return { status: 204, login: null };
      case 'GET me':
        return { body: this.#me(me) };
      case 'PATCH me':
        me.name = String(body.name);
        return { body: this.#me(me) };
      case 'POST me/passkeys/begin':
        return this.#creation({ name: me.name, person: me.id });
      case 'POST me/passkeys/finish':
        this.#ceremony(body);
        me.passkeys.push(credentialID(body));
        return { body: this.#me(me) };
      case 'POST me/recovery':
        return { body: { recovery_code: this.#withCode(me).body.recovery_code } };
      case 'GET me/keybackup': {
        const backups = [...me.backups].map(([passkey, sealed]) => ({ passkey, sealed }));
        return { body: { backups } };
      }
      case 'PUT me/keybackup':
        if (!me.passkeys.includes(String(body.passkey))) return refuse('no_such_thing', 404);
        me.backups.set(String(body.passkey), String(body.sealed));
        return { status: 204 };
      case 'DELETE me/keybackup':
        me.backups.clear();
        return { status: 204 };
      case 'GET me/sessions':
        return { body: { sessions: this.#sessions(login) } };
      case 'GET me/invites':
        return {
          body: {
            left: this.#left(me),
            ...(this.nextInvite ? { next: this.nextInvite } : {}),
            invites: me.invites,
          },
        };
      case 'POST me/invites': {
        if (this.#left(me) <= 0) return refuse('no_invites_left');
        const { code: _, ...invite } = this.invite(me);
        return { status: 201, body: invite };
      }
      case 'GET me/following':
        return { body: { people: [...me.follows].map((id) => this.#person(me, id)) } };
      case 'GET me/followers': {
        const people = [...this.people.values()].filter((p) => p.follows.has(me.id));
        return { body: { people: people.map((p) => this.#person(me, p.id)) } };
      }
      case 'GET search':
        return { body: this.#search(me, query.get('q') ?? '') };
      case 'GET rooms': {
        const cards = [...this.rooms.values()]
          .filter((room) => this.#mayEnter(room, me))
          .map((room) => this.#card(room, me))
          .filter((card) => isChosen(card, query))
          .sort((a, b) => weight(b) - weight(a) || b.listeners - a.listeners);
        return { body: { rooms: cards, more: this.moreRooms } };
      }
      case 'POST rooms': {
        const invited = (body.invite ?? []) as string[];
        const visibility = body.visibility as Visibility;
        const club = body.club ? this.clubs.mayOpen(String(body.club), me.id) : undefined;
        if (visibility === 'members' && !club) return refuse('no_club', 404);
        const room = this.open(me, String(body.title), visibility, invited, newID(), club, {
          language: body.language as string | undefined,
          topics: body.topics as string[] | undefined,
        });
        return { status: 201, body: this.#card(room, me) };
      }
    }
    if (first === 'people' && second) {
      const person = this.#profile(me, second);
      if (third === 'block') return this.#block(me, method, second, body);
      if (method === 'GET') return { body: person };
      if (method === 'PUT' && me.blocks.get(second)?.level === 'block') refuse('blocked');
      if (method === 'PUT') {
        me.follows.add(second);
        const known = me.notify.get(second) ?? 'sometimes';
        me.notify.set(second, (body.notify as Notify | undefined) ?? known);
      } else {
        me.follows.delete(second);
        me.notify.delete(second);
      }
      return { status: 204 };
    }
    if (first === 'rooms' && second) {
      const room = this.rooms.get(second);
      if (!room || !this.#mayEnter(room, me)) return refuse('no_room', 404);
      if (third === 'people') return { body: this.#audience(room, query) };
      if (third !== 'grants') return { body: this.#card(room, me) };
      return { status: 201, body: { grant: this.grantFor(me, room.id), expires: inSeconds(60) } };
    }
    if (first === 'me' && second === 'sessions' && third) {
      this.logins.delete(third);
      return { status: 204 };
    }
    if (first === 'me' && second === 'invites' && third) {
      const invite = me.invites.find((i) => i.id === third) ?? refuse('no_such_thing', 404);
      invite.state = 'revoked';
      delete invite.url;
      return { status: 204 };
    }
    return refuse('no_such_thing', 404);
  }

  /** Clubs, and who may be worth following. */
  #clubsAnswer(
    method: string,
    path: string[],
    { body, login, request, query }: Asked,
  ): Answer | undefined {
    const me = login && this.people.get(login.person);
    if (!me) return;
    const out = this.suspended.get(me.id);
    const may = ['me/decisions', 'me/stored', 'me/export', 'me/erase', 'signout', 'house'];
    if (out && !may.some((one) => path.join('/').startsWith(one))) {
      throw new Refusal('suspended', 403, undefined, out);
    }
    if (path[0] === 'me' && path[1] === 'blocks') {
      const people = [...me.blocks].map(([id, b]) => ({ person: this.#person(me, id), ...b }));
      return { body: { people: people.reverse() } };
    }
    if (path[0] === 'me' && path[1] === 'suggestions') {
      if (method === 'GET') return { body: { people: this.#suggestions(me) } };
      me.hidden.add(path[2] ?? '');
      return { status: 204 };
    }
    const de = request.headers['accept-language']?.startsWith('de') ?? false;
    const ifMatch = request.headers['if-match'];
    const asked = { body, query, ifMatch, de };
    return (
      this.ward.answer(method, path, me.id, asked) ??
      this.news.answer(method, path, me.id, asked) ??
      this.mail.answer(method, path, me.id, asked) ??
      this.talks.answer(method, path, me.id, asked) ??
      this.discovery.answer(method, path, me.id, asked) ??
      this.plans.answer(method, path, me.id, asked) ??
      this.clubs.answer(method, path, me.id, asked)
    );
  }

  #block(me: Account, method: string, whom: string, { level }: Body): Answer {
    if (method !== 'PUT') me.blocks.delete(whom);
    else me.blocks.set(whom, { level: level as BlockLevel, since: new Date().toISOString() });
    if (level === 'block') me.follows.delete(whom);
    return { status: 204 };
  }

  /** Whether somebody has blocked another. */
  #blocks = (who: string, whom: string): boolean =>
    this.people.get(who)?.blocks.get(whom)?.level === 'block';

  #suggestions(me: Account): Suggestion[] {
    const rooms = [...this.rooms.values()].filter((room) =>
      room.view.people.some((p) => p.who === me.id),
    );
    return [...this.people.keys()].flatMap((id) => {
      if (id === me.id || me.follows.has(id) || me.hidden.has(id)) return [];
      if (me.blocks.has(id) || this.#blocks(id, me.id)) return [];
      const clubs = this.clubs.shared(me.id, id).map((c) => ({ id: c.id, name: c.name }));
      const room = rooms.find(({ view }) => view.people.some((p) => p.who === id));
      if (clubs.length === 0 && !room) return [];
      const why = {
        ...(clubs.length > 0 ? { clubs } : {}),
        ...(room ? { room: { id: room.id, title: room.view.title } } : {}),
      };
      return [{ person: this.#person(me, id), why }];
    });
  }

  /** Profiles and pictures, and what is kept of somebody. */
  #profiles(
    method: string,
    path: string[],
    { body, raw, login, request, query }: Asked,
  ): Answer | undefined {
    const me = login && this.people.get(login.person);
    if (!me) return;
    const [first, second = '', third, fourth] = path;
    if (first === 'handles' && method === 'GET') {
      const handle = second.replace(/^@/, '').toLowerCase();
      const found = [...this.people.values()].find((p) => p.said.handle === handle);
      return { body: this.#profile(me, found?.id ?? '') };
    }
    if (first === 'people' && third === 'picture') {
      const { picture } = this.people.get(second) ?? refuse('no_person', 404);
      if (!picture || !['small', 'large'].includes(fourth ?? '')) {
        return refuse('no_such_thing', 404);
      }
      const known = query.get('v') === picture.version;
      const cache = known ? 'private, max-age=31536000, immutable' : 'no-cache';
      return {
        bytes: picture.bytes,
        headers: {
          'content-type': picture.type,
          'cache-control': cache,
          'x-content-type-options': 'nosniff',
          'content-security-policy': "default-src 'none'",
        },
      };
    }
    switch (`${method} ${path.join('/')}`) {
      case 'GET me/profile':
        return this.#ownProfile(me);
      case 'PUT me/profile': {
        const version = request.headers['if-match'];
        if (!version) return refuse('no_version', 428);
        if (version !== this.#ownProfile(me).headers.etag) return refuse('changed_meanwhile', 412);
        const change = body as unknown as ProfileChange;
        const de = request.headers['accept-language']?.startsWith('de') ?? false;
        const errors = violations(change, de);
        if (errors.length > 0) return refuse('invalid', 422, errors);
        const taken = [...this.people.values()].some(
          (p) => p !== me && p.said.handle !== '' && p.said.handle === change.handle,
        );
        if (taken) {
          const message = de
            ? 'Dieses Kürzel hat schon jemand.'
            : 'Somebody has this handle already.';
          return refuse('handle_taken', 409, [{ location: 'body.handle', message }]);
        }
        const { name, ...said } = change;
        Object.assign(me, { name, said });
        return this.#ownProfile(me);
      }
      case 'PUT me/picture':
        if (raw.length > 8 << 20) return refuse('too_large', 413);
        this.picture(me, raw);
        return { body: { picture: me.picture?.version } };
      case 'DELETE me/picture':
        me.picture = undefined;
        return { status: 204 };
      case 'GET me/stored':
        return { body: { classes: this.#stored(me) } };
      case 'GET me/export':
        return {
          bytes: Buffer.from('PK\x05\x06'.padEnd(22, '\0'), 'latin1'), // an archive of nothing
          headers: {
            'content-type': 'application/zip',
            'content-disposition': 'attachment; filename="stoa.zip"',
          },
        };
      case 'POST me/erase/begin': {
        const ceremony = newID();
        this.#ceremonies.set(ceremony, { person: me.id });
        return { body: { ceremony, options: { challenge: challenge(), rpId: 'localhost' } } };
      }
      case 'POST me/erase': {
        const mine =
          'recovery_code' in body
            ? me.recovery !== '' && body.recovery_code === me.recovery
            : this.#ceremony(body).person === me.id && me.passkeys.includes(credentialID(body));
        if (!mine) return refuse('sign_in_failed', 401);
        this.erase(me);
        return { status: 204, login: null };
      }
    }
    return;
  }

  /** Erases somebody, as they may themselves. */
  erase(who: Account): void {
    for (const room of this.rooms.values()) {
      this.#depart(room, who.id, 'left');
      this.cut(room, who.id, 'signed_out');
    }
    for (const { id, person } of [...this.logins.values()]) {
      if (person === who.id) this.logins.delete(id);
    }
    for (const p of this.people.values()) p.follows.delete(who.id);
    this.clubs.erase(who.id);
    this.people.delete(who.id);
  }

  #ownProfile(me: Account) {
    const by = me.invitedBy ? this.people.get(me.invitedBy) : undefined;
    const body = {
      name: me.name,
      ...me.said,
      ...pictureOf(me),
      ...(by ? { invited_by: { id: by.id, name: by.name } } : {}),
    };
    const etag = createHash('sha256').update(JSON.stringify(body)).digest('base64url');
    return { body, headers: { etag: `"${etag}"` } };
  }

  #profile(me: Account, id: string): PersonProfile {
    const person = this.#person(me, id);
    const { follows, invitedBy, said } = this.people.get(id) ?? refuse('no_person', 404);
    const by = said.show_inviter && invitedBy ? this.people.get(invitedBy) : undefined;
    const clubs = this.clubs.shownBy(id, me.id);
    return {
      ...person,
      ...(said.pronouns ? { pronouns: said.pronouns } : {}),
      ...(said.bio ? { bio: said.bio } : {}),
      ...(said.links.length > 0 ? { links: said.links } : {}),
      ...(said.languages.length > 0 ? { languages: said.languages } : {}),
      following: follows.size,
      followers: [...this.people.values()].filter((p) => p.follows.has(id)).length,
      ...(by ? { invited_by: { id: by.id, name: by.name } } : {}),
      ...(clubs.length > 0 ? { clubs } : {}),
    };
  }

  #stored(me: Account): StoredClass[] {
    const { name, id, created, said, picture } = me;
    const kept = (name: StoredClass['class'], keeps: string, more: object[]): StoredClass => ({
      class: name,
      rows: more.length,
      bytes: more.reduce((sum, row) => sum + JSON.stringify(row).length, 0),
      ...(more.length > 0 ? { oldest: created } : {}),
      keeps,
      more: more.slice(0, 100) as Record<string, unknown>[],
    });
    const followers = [...this.people.values()].filter((p) => p.follows.has(id));
    const seats = [...this.rooms.values()].filter((r) => r.view.people.some((p) => p.who === id));
    const logins = [...this.logins.values()].filter((l) => l.person === id);
    return [
      kept('account', 'account', [{ id, name, created }]),
      kept('profile', 'account', [said]),
      {
        ...kept('picture', 'account', picture ? [{ version: picture.version }] : []),
        bytes: 2 * (picture?.bytes.length ?? 0),
      },
      kept(
        'passkeys',
        'account',
        me.passkeys.map((id) => ({ id, created })),
      ),
      kept(
        'key_backups',
        'account',
        [...me.backups].map(([passkey, sealed]) => ({ passkey, sealed })),
      ),
      kept('recovery', 'account', me.recovery ? [{ created }] : []),
      {
        ...kept(
          'sessions',
          'seen:90',
          logins.map(({ id, created }) => ({ id, created, seen: created })),
        ),
        ...(logins.length > 0 ? { until: inSeconds(90 * 86_400) } : {}),
      },
      kept(
        'invites',
        'days:30',
        me.invites.map(({ id, state }) => ({ id, state })),
      ),
      kept(
        'follows',
        'account',
        [...me.follows].map((whom) => ({ whom, name: this.people.get(whom)?.name })),
      ),
      kept(
        'blocks',
        'account',
        [...me.blocks].map(([person, b]) => ({ person, ...b })),
      ),
      kept(
        'followers',
        'account',
        followers.map(({ id, name }) => ({ who: id, name })),
      ),
      kept('reports_made', 'days:90', []),
      kept(
        'rooms',
        'room',
        seats.map(({ id }) => ({ room: id })),
      ),
      kept('index', 'account', [
        { name: me.name, handle: me.said.handle, findable: me.said.findable },
      ]),
      kept('key', 'account', [{ created }]),
    ];
  }

  #checked(body: Body): string {
    const code = this.#way(body);
    if (code && this.invites.get(code)?.invite.state !== 'open') refuse('no_invite', 404);
    return String(body.name);
  }

  /** The code by which somebody comes in, or none through the open door. */
  #way(body: Body): string {
    if (body.work === undefined) return String(body.invite);
    return this.doorIsOpen ? '' : refuse('no_invite', 404);
  }

  #signUp(code: string, name: string): Account {
    const account = this.account(name);
    account.created = new Date().toISOString();
    const found = this.invites.get(code);
    if (found) {
      found.invite.state = 'used';
      delete found.invite.url;
      const inviter = found.from && this.people.get(found.from);
      if (inviter) account.invitedBy = inviter.id;
      if (inviter) found.invite.used_by = this.#person(inviter, account.id);
    }
    return account;
  }

  #creation(about: { name: string; invite?: string; person: string }): Answer {
    const ceremony = newID();
    this.#ceremonies.set(ceremony, about);
    const user = { id: challenge(), name: about.name, displayName: about.name };
    const options = {
      challenge: challenge(),
      rp: { id: 'localhost', name: 'Stoa' },
      user,
      pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
      authenticatorSelection: { residentKey: 'required', userVerification: 'preferred' },
    };
    return { body: { ceremony, options } };
  }

  #ceremony(body: Body) {
    const found = this.#ceremonies.get(String(body.ceremony));
    this.#ceremonies.delete(String(body.ceremony));
    return found ?? refuse('no_ceremony', 404);
  }

  #withCode(account: Account) {
    account.recovery = randomBytes(10)
      .toString('hex')
      .replace(/(.{5})(?=.)/g, '$1-');
    return { body: { me: this.#me(account), recovery_code: account.recovery } };
  }

  #me(account: Account) {
    const { id, name, created, passkeys, recovery } = account;
    return {
      ...{ id, name, created, passkeys: passkeys.length, recovery: recovery !== '' },
      ...pictureOf(account),
      ...handleOf(account),
      ...(this.ward.wardens.has(id) ? { warden: true } : {}),
    };
  }

  #sessions(current: Login) {
    return [...this.logins.values()]
      .filter((l) => l.person === current.person)
      .map((l) => ({ id: l.id, created: l.created, seen: l.created, current: l === current }));
  }

  #left(me: Account): number {
    const counted = me.invites.filter((i) => i.state === 'open' || i.state === 'used');
    return this.invitesPerPerson - counted.length;
  }

  #person(me: Account, id: string) {
    const found = this.people.get(id) ?? refuse('no_person', 404);
    const followed = me.follows.has(id);
    return {
      id,
      name: found.name,
      since: found.created,
      followed,
      follows_me: found.follows.has(me.id) && !this.#blocks(me.id, id),
      ...(followed ? { notify: me.notify.get(id) ?? ('sometimes' as const) } : {}),
      ...pictureOf(found),
      ...handleOf(found),
    };
  }

  #search(me: Account, looked: string): Found {
    const folded = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
    const split = (text: string) =>
      folded(text)
        .split(/[^\p{L}\p{N}]+/u)
        .filter(Boolean);
    const words = split(looked);
    const has = (...texts: string[]) =>
      words.every((w) => split(texts.join(' ')).some((is) => is.startsWith(w)));
    const rooms = [...this.rooms.values()].filter(
      (room) =>
        this.#mayEnter(room, me) &&
        has(room.view.title, ...room.view.people.filter(onStage).map((p) => p.name)),
    );
    const people = [...this.people.values()].filter(({ id, name, follows, said }) => {
      const known = said.findable || me.follows.has(id) || follows.has(me.id);
      const exactly = said.handle !== '' && folded(looked).replace(/^@/, '') === said.handle;
      if (this.#blocks(id, me.id)) return false;
      return id !== me.id && (exactly || (known && has(name, said.handle)));
    });
    return {
      rooms: rooms.map((room) => this.#card(room, me)),
      people: people.map(({ id }) => this.#person(me, id)),
      clubs: this.clubs.called(has, me.id),
      plans: this.plans.called(has, me.id),
    };
  }

  #card({ id, view }: Room, me: Account): Card {
    const stage = view.people.filter(onStage);
    return {
      id,
      title: view.title,
      visibility: view.visibility,
      opened: view.opened,
      ...(view.club ? { club: { id: view.club.id, name: view.club.name ?? '' } } : {}),
      ...(view.language ? { language: view.language } : {}),
      ...(view.topics ? { topics: view.topics } : {}),
      why: this.#why(view, me),
      stage: stage.slice(0, 5).map((p) => ({
        id: p.who,
        name: p.name,
        moderator: p.role === 'moderator',
        followed: me.follows.has(p.who),
        ...(p.picture ? { picture: p.picture } : {}),
      })),
      on_stage: stage.length,
      listeners: view.count - stage.length,
    };
  }

  /** For what a room is shown, in the order of the node's own rules. */
  #why(view: View, me: Account): CardWhy[] {
    const { languages, interests } = me.said;
    const names = view.people.filter((p) => onStage(p) && me.follows.has(p.who)).map((p) => p.name);
    const spoken = languages.some((tag) => tag.split('-')[0] === view.language?.split('-')[0]);
    const invited = view.visibility === 'closed';
    const club = view.club && this.clubs.isMember(view.club.id, me.id) && view.club;
    const why: CardWhy[] = [
      ...(names.length > 0 ? [{ kind: 'followed' as const, people: names.slice(0, 3) }] : []),
      ...(invited ? [{ kind: 'invited' as const }] : []),
      ...(club ? [{ kind: 'club' as const, club: { id: club.id, name: club.name ?? '' } }] : []),
      ...(view.topics ?? [])
        .filter((topic) => interests.includes(topic))
        .map((topic) => ({ kind: 'topic' as const, topic })),
      ...(spoken && view.language ? [{ kind: 'language' as const, language: view.language }] : []),
      ...(view.count > 100 ? [{ kind: 'lively' as const }] : []),
      ...(Date.now() - Date.parse(view.opened) < 15 * 60_000 ? [{ kind: 'fresh' as const }] : []),
    ];
    return why.slice(0, 3);
  }

  #audience(room: Room, query: URLSearchParams) {
    const part = (query.get('q') ?? '').toLowerCase();
    const after = Number(query.get('after') ?? 0);
    const found = [...room.view.people, ...room.crowd]
      .filter((p) => p.entered > after && p.name.toLowerCase().includes(part))
      .sort((a, b) => a.entered - b.entered);
    const people = found.slice(0, 50);
    return { people, ...(found.length > 50 ? { next: people.at(-1)?.entered } : {}) };
  }

  #mayEnter(room: Room, me: Account): boolean {
    if (room.view.ended || room.removed.has(me.id)) return false;
    if (room.view.people.some((p) => p.who === me.id)) return true;
    const chairs = room.view.people.filter((p) => p.role === 'moderator');
    const [host] = chairs.sort((a, b) => (a.chair ?? 0) - (b.chair ?? 0));
    if (host && this.#blocks(host.who, me.id)) return false;
    if (room.invited.has(me.id)) return true;
    const { visibility, club } = room.view;
    if (visibility === 'members') return club !== undefined && this.clubs.isMember(club.id, me.id);
    if (visibility !== 'social') return visibility === 'open';
    return room.view.people.some(
      (p) => p.role === 'moderator' && this.people.get(p.who)?.follows.has(me.id),
    );
  }

  // The live WebSocket

  #connected(socket: WebSocket, request: IncomingMessage): void {
    const line: Line = { socket, login: this.#loginOf(request), watching: false };
    this.#lines.add(line);
    socket.on('message', (data) => this.#asked(line, JSON.parse(String(data))));
    socket.on('close', () => {
      this.#lines.delete(line);
      if (line.room) this.#away(line, line.room);
    });
  }

  #away(line: Line, room: Room): void {
    const who = [...room.seats].find(([, seat]) => seat.line === line)?.[0];
    if (!who) return;
    room.seats.delete(who);
    if (room.view.people.some((p) => p.who === who))
      this.happen(room, { went_away: { who, until: inSeconds(30) } });
    const timer = setTimeout(() => this.#depart(room, who, 'lost'), 30_000);
    timer.unref();
    room.leaving.set(who, timer);
  }

  #asked(line: Line, request: { id: number } & Record<string, Body>): void {
    const { id, ...rest } = request;
    const [kind, body] = Object.entries(rest)[0] ?? ['', {}];
    try {
      send(line, { re: id, ...this.#do(line, kind, body) });
    } catch (thrown) {
      const { code, status } = thrown instanceof Refusal ? thrown : new Refusal('internal', 500);
      send(line, { re: id, problem: problem(code, status) });
    }
  }

  #do(line: Line, kind: string, body: Body): object {
    const done = { done: {} };
    switch (kind) {
      case 'ping':
        return done;
      case 'watch_hallway':
        line.watching = true;
        return done;
      case 'knock': // nobody here gives a key to anybody
        return done;
      case 'tend':
        return refuse('not_tending');
      case 'enter':
        return { entered: this.#enter(line, body) };
      case 'itinerary':
        return { itinerary: this.#itinerary(line) };
      case 'offer':
        return { answer: { sdp: 'v=0' } };
    }
    const room = line.room;
    const who = [...(room?.seats ?? [])].find(([, seat]) => seat.line === line)?.[0];
    const me = room && this.#find(room, who);
    if (!room || !me) return refuse('not_here');
    this.#act(room, me, kind, body, line);
    return done;
  }

  #itinerary(line: Line): Itinerary {
    if (this.ways) return this.ways;
    const { room } = line;
    const me = [...(room?.seats ?? [])].find(([, seat]) => seat.line === line)?.[0];
    const others = room?.view.people.filter((p) => onStage(p) && p.who !== me) ?? [];
    return { ways: others.length > 0 ? [{ who: others.map((p) => p.who), hops: [{}] }] : [] };
  }

  #enter(line: Line, body: Body): object {
    const grant = this.#grants.get(String(body.grant));
    this.#grants.delete(String(body.grant));
    const room = grant && this.rooms.get(grant.room);
    const account = grant && this.people.get(grant.person);
    if (!room || !account) return refuse('bad_grant', 401);
    const who = account.id;
    const before = room.seats.get(who);
    if (before && before.line !== line) this.cut(room, who, 'taken_over');
    clearTimeout(room.leaving.get(who));
    const session = newID();
    const me = this.#find(room, who);
    if (me && !room.crowd.includes(me)) {
      this.happen(room, { returned: { who } });
      if (!body.previous && !me.muted) this.happen(room, { muted: { who, by: who } });
    } else if (!me && room.view.people.filter((p) => p.sampled).length >= this.sampleMax) {
      this.hide(room, account);
    } else if (!me) {
      const followed = room.view.people.some(
        (p) => onStage(p) && this.people.get(p.who)?.follows.has(who),
      );
      const fresh = Date.now() - Date.parse(account.created) < 7 * 86_400_000;
      if (room.view.shield && fresh && !followed && !room.invited.has(who)) refuse('shielded', 403);
      this.happen(room, {
        entered: {
          ...{ who, name: account.name, followed, ...pictureOf(account) },
          ...(fresh ? { fresh } : {}),
        },
      });
    }
    room.seats.set(who, { session, line });
    line.room = room;
    line.session = session;
    const media = this.mediaStays && body.previous !== undefined;
    const you = this.#find(room, who);
    const chosen = room.votes.get(who);
    const vote = chosen === undefined ? {} : { vote: chosen };
    const entered = { room: room.id, me: who, session, you, view: room.view };
    return { ...entered, ...vote, ...(media ? { media } : {}) };
  }

  #find(room: Room, who: unknown): Participant | undefined {
    return [...room.view.people, ...room.crowd].find((p) => p.who === who);
  }

  #act(room: Room, me: Participant, kind: string, body: Body, line: Line): void {
    const them = this.#find(room, body.who);
    const happen = (what: Happening) => this.happen(room, what);
    const moderates = () => me.role === 'moderator' || refuse('not_moderator', 403);
    const other = (): Participant => {
      moderates();
      return them ?? refuse('no_person', 404);
    };
    const junior = (): Participant => {
      const p = other();
      if (p.role === 'moderator' && (p.chair ?? 0) <= (me.chair ?? 0)) refuse('senior', 403);
      return p;
    };
    switch (kind) {
      case 'leave':
        room.seats.delete(me.who);
        delete line.room;
        this.#depart(room, me.who, 'left');
        return;
      case 'raise_hand':
        if (onStage(me)) refuse('on_stage');
        if (!mayRaise(me, room.view.hands)) refuse('hands_closed', 403);
        if (!me.hand) happen({ hand_raised: { who: me.who } });
        return;
      case 'lower_hand': {
        const p = body.who === me.who ? me : other();
        if (p.hand) happen({ hand_lowered: { who: p.who } });
        return;
      }
      case 'set_hands':
        moderates();
        happen({ hands_set: { policy: body.policy as HandPolicy } });
        return;
      case 'ask_up': {
        const p = other();
        if (onStage(p)) refuse('on_stage');
        happen({ asked_up: { who: p.who, by: me.who, until: inSeconds(60) } });
        return;
      }
      case 'step_up':
        if (!me.asked_until) refuse('not_asked');
        happen({ stepped_up: { who: me.who } });
        return;
      case 'decline':
        if (me.asked_until) happen({ ask_over: { who: me.who, why: 'declined' } });
        return;
      case 'step_down':
        if (onStage(me)) this.#offStage(room, me, { stepped_down: { who: me.who, by: me.who } });
        return;
      case 'mute': {
        const p = body.who === me.who ? me : other();
        if (!p.muted) happen({ muted: { who: p.who, by: me.who } });
        return;
      }
      case 'unmute':
        if (!onStage(me)) refuse('not_on_stage');
        if (me.muted) happen({ unmuted: { who: me.who } });
        return;
      case 'move_down': {
        const p = junior();
        if (onStage(p)) this.#offStage(room, p, { stepped_down: { who: p.who, by: me.who } });
        return;
      }
      case 'make_moderator': {
        const p = other();
        if (!onStage(p)) refuse('not_on_stage');
        if (p.role === 'speaker') happen({ made_moderator: { who: p.who } });
        return;
      }
      case 'remove': {
        const p = junior();
        room.removed.add(p.who);
        room.invited.delete(p.who);
        this.cut(room, p.who, 'removed');
        this.#depart(room, p.who, 'removed');
        return;
      }
      case 'let_in':
        moderates();
        room.invited.add(String(body.who));
        room.removed.delete(String(body.who));
        happen({ let_in: { who: String(body.who) } });
        return;
      case 'react': {
        const emoji = String(body.emoji);
        const by = room.crowd.includes(me) ? [] : [{ who: me.who, emoji }];
        this.tell(room, { reactions: { room: room.id, counts: { [emoji]: 1 }, by } });
        return;
      }
      case 'say': {
        const { chat } = room.view;
        if (chat === 'off' || (chat === 'stage' && !onStage(me))) refuse('chat_closed', 403);
        this.say(room, { id: me.who, name: me.name }, String(body.sealed));
        return;
      }
      case 'unsay': {
        const n = Number(body.n);
        if (me.role !== 'moderator' && room.authors.get(n) !== me.who) refuse('not_author', 403);
        this.tell(room, { unsaid: { room: room.id, n, by: me.who } });
        return;
      }
      case 'set_chat':
        moderates();
        happen({ chat_set: { policy: body.policy as ChatPolicy } });
        return;
      case 'pin': {
        moderates();
        if ((room.view.pins ?? []).length >= 5) refuse('pins_full');
        happen({ pinned: { by: me.who, url: String(body.url), text: String(body.text) } });
        return;
      }
      case 'unpin':
        moderates();
        happen({ unpinned: { pin: Number(body.pin) } });
        return;
      case 'open_poll': {
        moderates();
        if (isOpen(room.view.poll)) refuse('poll_open');
        room.votes.clear();
        const { question, options } = body as { question: string; options: string[] };
        happen({ poll_opened: { by: me.who, question, options } });
        return;
      }
      case 'vote':
        if (!isOpen(room.view.poll) || room.view.poll?.poll !== body.poll) refuse('no_poll');
        this.vote(room, me.who, Number(body.option));
        return;
      case 'close_poll': {
        moderates();
        const { poll, counts } = this.#tally(room);
        room.votes.clear();
        happen({ poll_closed: { poll, counts } });
        return;
      }
      case 'describe': {
        moderates();
        const { title, ...said } = body as { title: string; language?: string; topics?: string[] };
        happen({ described: { title: title.trim(), ...said } });
        return;
      }
      case 'set_shield':
        moderates();
        happen({ shielded: { on: Boolean(body.on) } });
        return;
      case 'prove':
        moderates();
        happen({ proof_set: { proven: Boolean(body.proven) } });
        return;
      case 'set_fence':
        moderates();
        happen({ fenced: { by: me.who, to: body.to as string } });
        return;
      case 'widen':
        moderates();
        happen({ widened: { to: body.to as 'social' | 'members' | 'open' } });
        return;
      case 'end':
        moderates();
        happen({ ended: { why: 'moderator' } });
        return;
    }
    refuse('bad_request', 400);
  }

  #depart(room: Room, who: string, why: 'left' | 'lost' | 'removed'): void {
    const p = this.#find(room, who);
    if (!p) return;
    if (room.crowd.includes(p)) {
      room.crowd = room.crowd.filter((q) => q !== p);
      this.#recount(room, room.view.seq + 1, room.view.count - 1);
    } else {
      this.#offStage(room, p, { left: { who, why } });
    }
  }

  /** Somebody goes; when the last moderator does, somebody follows or the room ends. */
  #offStage(room: Room, p: Participant, what: Happening): void {
    this.happen(room, what);
    if (room.view.people.some((q) => q.role === 'moderator')) return;
    const stage = room.view.people.filter(onStage);
    stage.sort((a, b) => (a.stage ?? 0) - (b.stage ?? 0));
    if (stage[0]) this.happen(room, { made_moderator: { who: stage[0].who } });
    else if (p.role === 'moderator') this.happen(room, { ended: { why: 'empty' } });
  }
}

const challenge = () => randomBytes(32).toString('base64url');
const credentialID = (body: Body) => String((body.credential as { id?: unknown }).id);
const send = (line: Line, message: object) => line.socket.send(JSON.stringify(message));
const problem = (code: string, status: number) => ({
  type: `/problems/${code}`,
  title: `The double refuses: ${code}`,
  status,
  code,
});

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

interface Asked {
  body: Body;
  raw: Buffer;
  login: Login | undefined;
  request: IncomingMessage;
  query: URLSearchParams;
}

const pictureOf = ({ picture }: Account) => (picture ? { picture: picture.version } : {});
const handleOf = ({ said }: Account) => (said.handle ? { handle: said.handle } : {});

function typeOf(bytes: Buffer): string | undefined {
  const head = bytes.subarray(0, 12).toString('latin1');
  if (head.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (head.startsWith('\x89PNG')) return 'image/png';
  return head.startsWith('RIFF') && head.endsWith('WEBP') ? 'image/webp' : undefined;
}

/** What is wrong with a profile: enough of a node's rules to see them in the app. */
function violations(change: ProfileChange, de: boolean): Violation[] {
  const found: Violation[] = [];
  const wrong = (bad: boolean, at: string, english: string, german: string) => {
    if (bad) found.push({ location: `body.${at}`, message: de ? german : english });
  };
  const long = (text: string, most: number) => [...text].length > most;
  wrong(
    change.name === '' || long(change.name, 60),
    'name',
    'A name has 1 to 60 characters.',
    'Ein Name hat 1 bis 60 Zeichen.',
  );
  wrong(
    change.handle !== '' && !/^[a-z][a-z0-9_]{2,23}$/.test(change.handle),
    'handle',
    'A handle has 3 to 24 of a–z, 0–9 and _, and begins with a letter.',
    'Ein Kürzel hat 3 bis 24 Zeichen aus a–z, 0–9 und _, und beginnt mit einem Buchstaben.',
  );
  wrong(
    long(change.pronouns, 30),
    'pronouns',
    'Pronouns have at most 30 characters.',
    'Pronomen haben höchstens 30 Zeichen.',
  );
  wrong(
    long(change.bio, 300) || change.bio.split('\n').length > 8,
    'bio',
    'This has at most 300 characters in 8 lines.',
    'Das hat höchstens 300 Zeichen in 8 Zeilen.',
  );
  for (const [n, { url }] of change.links.entries()) {
    wrong(
      !url.startsWith('https://') || !URL.canParse(url) || !new URL(url).hostname.includes('.'),
      `links[${n}].url`,
      'This is no address that begins with https.',
      'Das ist keine Adresse, die mit https beginnt.',
    );
  }
  return found;
}

/** The weights of the first reasons, as the node has them. */
const weights = { followed: 70, invited: 60, club: 45, club_follow: 25, topic: 16, language: 12 };

function weight({ why }: Card): number {
  const known: Record<string, number> = weights;
  return why.reduce((sum, { kind }) => sum + (known[kind] ?? 1), 0);
}

function isChosen(card: Card, query: URLSearchParams): boolean {
  const [language, topic, club] = ['language', 'topic', 'club'].map((key) => query.get(key));
  return (
    (!language || card.language?.split('-')[0] === language.split('-')[0]) &&
    (!topic || (card.topics ?? []).includes(topic)) &&
    (!club || card.club?.id === club) &&
    (query.get('followed') !== 'true' || card.stage.some((p) => p.followed))
  );
}
