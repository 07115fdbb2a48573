/** The conversations of the double: it keeps their order, and passes on what is sealed. */
import {
  type Conversation,
  type ConversationItem,
  type House,
  type Person,
  StoaError,
} from '@stoa/client';
import { Conversations, takeBackFor } from '@stoa/client/conversations';

type State = 'asked' | 'in' | 'declined' | 'left';
type Device = { person: string; device: string };

interface KeptTalk {
  id: string;
  two: boolean;
  starter: string;
  people: Map<string, { state: State; written: number; silent?: boolean }>;
  devices: (Device & { since: number; read: number })[];
  epoch: number;
  seq: number;
  info: string;
  changed: string;
  items: ConversationItem[];
}

/** What conversations ask of the rest of the double. */
export interface AroundTalks {
  /** Somebody, as `me` sees them; nothing for nobody. */
  person(me: string, id: string): Person | undefined;
  follows(who: string, whom: string): boolean;
  refuse(code: string, status?: number): never;
  tell(who: string, conversation: { id: string; seq: number }): void;
}

type Body = Record<string, unknown>;
type Answer = { status?: number; body?: unknown };

const beforeAnswer = 3;
const takenBackMax = 100;

export class DoubleTalks {
  /** Who has looked at which. */
  readonly looked = new Set<string>();
  readonly all = new Map<string, KeptTalk>();
  /** By person and device: the packages for one use, and the last. */
  readonly packages = new Map<string, Map<string, { once: string[]; last: string }>>();
  readonly #around: AroundTalks;

  constructor(around: AroundTalks) {
    this.#around = around;
  }

  answer(
    method: string,
    path: string[],
    me: string,
    { body, query }: { body: Body; query: URLSearchParams },
  ): Answer | undefined {
    const [first, second, third, fourth] = path;
    if (first === 'me' && second === 'packages') return this.#ownPackages(method, me, body, query);
    if (first === 'people' && third === 'packages') {
      if (!second || !this.#around.person(me, second)) this.#around.refuse('no_person', 404);
      return { body: { devices: this.#take(second as string) } };
    }
    if (first !== 'conversations') return undefined;
    if (!second) {
      if (method === 'POST') return { status: 201, body: this.#begin(me, body) };
      const mine = [...this.all.values()].filter((t) => this.#isThere(t, me));
      mine.sort((a, b) => (a.changed < b.changed ? 1 : -1));
      return { body: { conversations: mine.map((t) => this.#shown(t, me)) } };
    }
    const talk = this.all.get(second);
    if (!talk || !this.#isThere(talk, me)) return this.#around.refuse('no_conversation', 404);
    switch (`${method} ${third ?? ''}`) {
      case 'GET ':
        return { body: { ...this.#shown(talk, me), info: talk.info } };
      case 'DELETE ': {
        const mine = talk.people.get(me);
        const asked = mine?.state === 'asked';
        if (mine) mine.state = asked ? 'declined' : 'left';
        if (!asked) this.#tell(talk);
        return { status: 204 };
      }
      case 'PUT membership':
        this.#join(talk, me);
        this.#tell(talk);
        return { status: 204 };
      case 'GET items': {
        const own = this.#own(talk, me, String(query.get('device')));
        const after = Number(query.get('after') ?? 0);
        const isFor = (i: ConversationItem) =>
          i.kind === 'welcome' ? i.seq === own.since : i.seq > own.since;
        return {
          body: { items: talk.items.filter((i) => i.seq > after && isFor(i)).slice(0, 100) },
        };
      }
      case 'POST items':
        return { status: 201, body: this.#write(talk, me, body) };
      case 'PUT items':
        return { body: this.#takeBack(talk, me, Number(fourth), body) };
      case 'POST changes':
        return { status: 201, body: this.#change(talk, me, body) };
      case 'PUT seen':
        this.looked.add(`${me} ${talk.id}`);
        return { status: 204 };
      case 'PUT silence':
        this.silence(me, talk.id, body.silent === true);
        return { status: 204 };
      case 'PUT read': {
        const own = this.#own(talk, me, String(body.device));
        own.read = Math.max(own.read, Number(body.seq));
        const least = Math.min(...talk.devices.map((d) => d.read));
        talk.items = talk.items.filter((i) => i.seq > least);
        return { status: 204 };
      }
    }
    return undefined;
  }

  /** Says whether somebody wants to hear nothing of a conversation. */
  silence(who: string, id: string, silent = true): void {
    const talk = this.all.get(id);
    const part = talk?.people.get(who);
    if (!talk || !part) return;
    part.silent = silent;
    this.#around.tell(who, { id, seq: talk.seq });
  }

  /** What somebody's device asks, without going over the network. */
  houseOf(me: string): Pick<House, 'ask'> {
    const ask = async (method: string, path: string, body: object = {}) => {
      const [where = '', query] = path.split('?');
      const asked = { body: body as Body, query: new URLSearchParams(query) };
      let answer: Answer | undefined;
      try {
        answer = this.answer(method, where.split('/'), me, asked);
      } catch (thrown) {
        const { code = 'internal', status = 500 } = thrown as { code?: string; status?: number };
        throw new StoaError({ code, title: code, status });
      }
      if (!answer) throw new Error(`nobody answers ${method} ${path}`);
      return structuredClone(answer.body);
    };
    return { ask: ask as House['ask'] };
  }

  /** A device of somebody, that reads and writes. */
  async deviceOf(me: string): Promise<Conversations> {
    const { privateKey, publicKey } = await crypto.subtle.generateKey('Ed25519', false, [
      'sign',
      'verify',
    ]);
    const raw = new Uint8Array(await crypto.subtle.exportKey('raw', publicKey));
    const own = new Conversations(this.houseOf(me), me, { key: privateKey, publicKey: raw });
    await own.refresh();
    return own;
  }

  #ownPackages(method: string, me: string, body: Body, query: URLSearchParams): Answer {
    const mine = this.packages.get(me) ?? new Map();
    this.packages.set(me, mine);
    const device = String(body.device ?? query.get('device'));
    if (method === 'PUT') {
      const there = mine.get(device) ?? { once: [], last: '' };
      const more = (body.packages as string[]) ?? [];
      const last = body.last ? String(body.last) : there.last;
      mine.set(device, { once: [...there.once, ...more].slice(0, 50), last });
    }
    const there = mine.get(device);
    if (!there) return this.#around.refuse('no_device', 409);
    if (method === 'DELETE') {
      mine.delete(device);
      for (const talk of this.all.values())
        talk.devices = talk.devices.filter((d) => d.person !== me || d.device !== device);
      return { status: 204 };
    }
    return { body: { left: there.once.length } };
  }

  #take(who: string): { device: string; package: string }[] {
    return [...(this.packages.get(who) ?? [])].map(([device, { once, last }]) => ({
      device,
      package: once.shift() ?? last,
    }));
  }

  #begin(me: string, body: Body): Conversation {
    const people = body.with as string[];
    const two = body.two === true;
    const pair = [...this.all.values()].find(
      (t) => two && t.two && [me, people[0]].every((who) => !!who && this.#isThere(t, who)),
    );
    if (pair || this.all.has(String(body.id))) this.#around.refuse('conversation_there', 409);
    const talk: KeptTalk = {
      ...{ id: String(body.id), two, starter: me, people: new Map(), devices: [], epoch: 1 },
      ...{ seq: 1, info: String(body.info), changed: new Date().toISOString(), items: [] },
    };
    talk.people.set(me, { state: 'in', written: 0 });
    for (const who of people) this.#invite(talk, who, me);
    for (const d of body.devices as Device[]) {
      const own = d.person === me && d.device === body.device;
      talk.devices.push({ ...d, since: 1, read: own ? 1 : 0 });
    }
    this.all.set(talk.id, talk);
    this.#add(talk, 'welcome', me, body, String(body.welcome), 0, 1);
    this.#tell(talk);
    return { ...this.#shown(talk, me), info: talk.info };
  }

  #invite(talk: KeptTalk, who: string, by: string): void {
    const state = this.#around.follows(who, by) ? 'in' : 'asked';
    talk.people.set(who, { state, written: 0 });
  }

  #write(talk: KeptTalk, me: string, body: Body): { seq: number; at: string } {
    const mine = talk.people.get(me);
    this.#own(talk, me, String(body.device));
    if (body.epoch !== talk.epoch) this.#around.refuse('stale_epoch', 409);
    const answered = [...talk.people].some(([who, p]) => who !== me && p.state === 'in');
    if (mine && !answered && mine.written >= beforeAnswer) this.#around.refuse('unanswered', 409);
    if (mine) mine.written++;
    this.#join(talk, me);
    this.#add(talk, 'text', me, body, String(body.sealed), talk.epoch, talk.seq + 1);
    this.#tell(talk);
    return { seq: talk.seq, at: talk.changed };
  }

  #takeBack(talk: KeptTalk, me: string, seq: number, body: Body): { seq: number; at: string } {
    this.#own(talk, me, String(body.device));
    if (body.epoch !== talk.epoch) this.#around.refuse('stale_epoch', 409);
    const waiting = talk.items.filter((i) => i.person === me && i.kind === 'took_back').length;
    if (waiting >= Math.min(talk.people.get(me)?.written ?? 0, takenBackMax))
      this.#around.refuse('many_taken_back', 409);
    const isIt = (i: ConversationItem) => i.seq === seq && i.person === me && i.kind === 'text';
    const at = talk.items.find(isIt)?.at;
    if (at && Date.now() - Date.parse(at) > takeBackFor)
      this.#around.refuse('late_to_take_back', 409);
    talk.items = talk.items.filter((i) => !isIt(i));
    const { changed } = talk;
    this.#add(talk, 'took_back', me, body, String(body.sealed), talk.epoch, talk.seq + 1);
    const now = talk.changed;
    talk.changed = changed;
    this.#tell(talk);
    return { seq: talk.seq, at: now };
  }

  #change(talk: KeptTalk, me: string, body: Body): { seq: number } {
    if (body.epoch !== talk.epoch) this.#around.refuse('stale_epoch', 409);
    const people = (body.people as string[] | undefined) ?? [];
    if (people.length > 0 && talk.two) this.#around.refuse('not_these_people', 409);
    for (const who of people) this.#invite(talk, who, me);
    this.#add(talk, 'change', me, body, String(body.commit), talk.epoch, talk.seq + 1);
    if (body.welcome)
      this.#add(talk, 'welcome', me, body, String(body.welcome), talk.epoch, talk.seq + 1);
    const isSame = (a: Device) => (b: Device) => a.person === b.person && a.device === b.device;
    for (const d of (body.removed as Device[] | undefined) ?? [])
      talk.devices = talk.devices.filter((own) => !isSame(d)(own));
    for (const d of (body.added as Device[] | undefined) ?? []) {
      const own = d.person === me && d.device === body.device;
      talk.devices.push({ ...d, since: talk.seq, read: own ? talk.seq : talk.seq - 1 });
    }
    talk.epoch++;
    talk.info = String(body.info);
    this.#tell(talk);
    return { seq: talk.seq };
  }

  #add(
    talk: KeptTalk,
    kind: ConversationItem['kind'],
    person: string,
    { device }: Body,
    sealed: string,
    epoch: number,
    seq: number,
  ): void {
    const at = new Date().toISOString();
    talk.items.push({ seq, kind, epoch, person, device: String(device), sealed, at });
    talk.seq = seq;
    talk.changed = at;
  }

  #join(talk: KeptTalk, who: string): void {
    const part = talk.people.get(who);
    if (part?.state === 'asked') part.state = 'in';
  }

  #own(talk: KeptTalk, me: string, device: string) {
    const own = talk.devices.find((d) => d.person === me && d.device === device);
    return own ?? this.#around.refuse('no_device', 409);
  }

  #isThere(talk: KeptTalk, who: string): boolean {
    const state = talk.people.get(who)?.state;
    return state === 'in' || state === 'asked';
  }

  #shown(talk: KeptTalk, me: string): Conversation {
    const { id, two, starter, epoch, seq, changed, devices } = talk;
    const people = [...talk.people].flatMap(([who, { state }]) => {
      const person = this.#around.person(me, who);
      return person ? [{ person, state: state === 'declined' ? ('asked' as const) : state }] : [];
    });
    return {
      ...{ id, two, starter, epoch, seq, changed, people },
      mine: talk.people.get(me)?.state === 'in' ? 'in' : 'asked',
      silent: talk.people.get(me)?.silent === true,
      devices: devices.map(({ person, device }) => ({ person, device })),
    };
  }

  #tell(talk: KeptTalk): void {
    for (const who of talk.people.keys()) {
      if (this.#isThere(talk, who)) this.#around.tell(who, { id: talk.id, seq: talk.seq });
    }
  }
}
