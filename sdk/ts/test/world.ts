/**
 * A room, its node and those in it, all of it made of a seed, in which people
 * come and go, lose their connections, freeze and are removed: to try
 * `keys/group.ts` with. Time goes from one event to the next.
 */
import type { Announced, KeyNotice, Request } from '../src/keys/asking.ts';
import { same } from '../src/keys/bytes.ts';
import { type Device, Group, type State } from '../src/keys/group.ts';
import {
  fromText,
  hashAnnounce,
  parseAnnounce,
  parseLetter,
  toText,
} from '../src/keys/messages.ts';
import type { Standing } from '../src/keys/present.ts';

const digits = '0123456789abcdefghijklmnopqrstuv';

export interface Person {
  id: string;
  device: Device;
  page?: Client | undefined;
  seated: boolean;
  away: boolean;
}

/** A page of a person's. */
export interface Client {
  group: Group;
  person: Person;
  member: string;
  conn: number; // 0: none
  lag: number;
  frozen: boolean;
  held: (() => Promise<void>)[];
  secrets: Set<string>;
}

interface Seat {
  caller: { who: string; member: string; knock: string; epoch: number };
  waits: boolean; // has had no letter since
}

export class World {
  readonly room: string;
  readonly people: Person[] = [];
  readonly removed: Client[] = []; // and the node lets them listen on
  readonly left: Client[] = [];
  readonly closed: boolean;
  readonly proven: boolean;
  readonly faults: string[] = [];
  stage: Person[] = [];
  now = 1e12;

  // What the specification has the node do.
  announced: Announced | undefined; // the newest, with the roster
  tender: Client | undefined;
  #tends = 0; // by which connection
  readonly #knocks = new Map<string, Seat>();

  readonly #events: { at: number; n: number; act: () => Promise<void> }[] = [];
  readonly #sealed = new Map<string, string>();
  #count = 0;
  #started = this.now;
  #state: number;

  private constructor(seed: number) {
    this.#state = seed + 1;
    this.closed = seed % 8 === 1;
    this.proven = seed % 3 === 1;
    this.room = this.#id();
  }

  static async make(seed: number, size = 0): Promise<World> {
    const world = new World(seed);
    const count = size || 6 + world.below(5);
    for (let i = 0; i < count; i++) {
      const pair = (await crypto.subtle.generateKey('Ed25519', false, [
        'sign',
        'verify',
      ])) as CryptoKeyPair;
      const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
      const device = { key: pair.privateKey, publicKey };
      world.people.push({ id: world.#id(), device, seated: false, away: false });
    }
    return world;
  }

  // --- chance ---

  /** Mulberry32. */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  below(n: number): number {
    return Math.floor(this.random() * n);
  }

  span(from: number, to: number): number {
    return from + this.random() * (to - from);
  }

  pick(of: (one: Person) => boolean): Person | undefined {
    const some = this.people.filter(of);
    return some[this.below(some.length)];
  }

  #id(): string {
    const text = Array.from({ length: 25 }, () => digits[this.below(32)]).join('');
    return `${text}${digits[4 * this.below(8)]}`; // the last one has three bits
  }

  // --- time ---

  after(ms: number, act: () => Promise<void>): void {
    this.#events.push({ at: this.now + ms, n: this.#count++, act });
  }

  async run(until: number): Promise<void> {
    let still = 0;
    while (true) {
      this.#events.sort((a, b) => a.at - b.at || a.n - b.n);
      const [next] = this.#events;
      let at = Math.min(until, next?.at ?? until);
      let ticks: Client | undefined;
      for (const { page } of this.people) {
        const due = page && !page.frozen ? page.group.due : undefined;
        if (due !== undefined && due < at) [at, ticks] = [due, page];
      }
      if (at > this.now) still = 0;
      else if (still++ > 5000) throw new RangeError('time stands still');
      this.now = Math.max(this.now, at);
      if (ticks) {
        await ticks.group.tick(this.now);
        await this.#flush(ticks);
      } else if (at >= until) {
        return;
      } else if (next) {
        this.#events.shift();
        await next.act();
      }
    }
  }

  // --- clients ---

  async #load(person: Person): Promise<Client> {
    const { room, closed } = this;
    const visit = { room, who: person.id, device: person.device, closed };
    const group = await Group.make(visit);
    // What it goes by is seen when it knocks.
    const client: Client = {
      ...{ group, person, member: '', conn: 0, lag: 0 },
      ...{ frozen: false, held: [], secrets: new Set() },
    };
    person.page = client;
    return client;
  }

  /** Seats a page. */
  #connect(client: Client): void {
    client.conn = ++this.#count;
    client.lag = this.span(2, 120);
    client.frozen = false;
    client.held = [];
    client.person.away = false;
    const stage = this.#standing();
    const first = this.below(2) === 0;
    this.#tell(client, async () => {
      if (first)
        await client.group.see(this.now, { stage, closed: this.closed, proven: this.proven });
      await client.group.entered(this.now);
      await client.group.see(this.now, { stage, closed: this.closed, proven: this.proven });
    });
    this.#staged();
  }

  #disconnect(client: Client): void {
    client.conn = 0;
    client.person.away = true;
    this.#staged();
  }

  #tell(client: Client, what: () => Promise<void>): void {
    const { conn } = client;
    this.after(client.lag, async () => {
      if (client.conn !== conn) return;
      const hear = async () => {
        await what();
        await this.#flush(client);
      };
      if (client.frozen) client.held.push(hear);
      else await hear();
    });
  }

  async thaw(client: Client): Promise<void> {
    const { held } = client;
    client.frozen = false;
    client.held = [];
    for (const hear of held) await hear();
  }

  async #flush(client: Client): Promise<void> {
    const { conn } = client;
    for (const { secret } of (await client.group.state()).epochs) {
      client.secrets.add(toText(secret));
    }
    for (const request of client.group.take()) {
      if ('letters' in request) this.#look(client, request.letters.letters);
      if (conn === 0) continue;
      this.after(client.lag, async () => {
        if (client.conn === conn) await this.#ask(client, request);
      });
    }
  }

  /** Sees to it that no key seals twice for an epoch. */
  #look(client: Client, letters: string): void {
    if (letters.length > 64 * 1024) this.faults.push(`${letters.length} bytes of letters`);
    for (const [member, bytes] of cut(letters)) {
      const letter = parseLetter(bytes);
      if (!letter) throw new TypeError('a malformed letter');
      const by = `${client.person.id} ${member}`;
      if (letter.enc) {
        // A new key, with which this epoch is done.
        this.#sealed.set(by, String(letter.epoch));
        continue;
      }
      const done = this.#sealed.get(by)?.split(' ') ?? [];
      if (done.length === 0) this.faults.push('a rewrap before a welcome');
      if (done.includes(String(letter.epoch))) this.faults.push('one key twice for an epoch');
      this.#sealed.set(by, [...done, letter.epoch].join(' '));
    }
  }

  // --- the node ---

  #standing(): Standing[] {
    return this.stage.map(({ id, away }) => ({ who: id, away }));
  }

  #staged(): void {
    const { tender } = this;
    if (tender && (tender.conn !== this.#tends || !this.stage.includes(tender.person))) {
      this.tender = undefined;
    }
    const stage = this.#standing();
    for (const client of this.#listeners()) {
      this.#tell(client, () =>
        client.group.see(this.now, { stage, closed: this.closed, proven: this.proven }),
      );
    }
  }

  #listeners(): Client[] {
    const seated = this.people.flatMap(({ page, seated }) =>
      page && seated && page.conn ? [page] : [],
    );
    return [...seated, ...this.removed];
  }

  #hear(client: Client, notice: KeyNotice): void {
    this.#tell(client, () => client.group.hear(this.now, notice));
  }

  async #ask(client: Client, request: Request): Promise<void> {
    const { person } = client;
    if (!person.seated || person.page !== client) return;
    if ('knock' in request) {
      this.#knock(client, request.knock);
    } else if ('tend' in request) {
      if (this.stage.includes(person)) this.#tend(client);
      else this.#tell(client, () => client.group.refused(this.now));
    } else if (this.tender !== client || this.#tends !== client.conn) {
      this.#tell(client, () => client.group.refused(this.now));
    } else if ('announce' in request) {
      await this.#announce(client, request.announce);
    } else {
      for (const [member, letter] of cut(request.letters.letters)) {
        this.#letter(member, request.letters.epoch, letter);
      }
    }
  }

  #knock(
    client: Client,
    { member, knock, epoch }: { member: string; knock: string; epoch: number },
  ) {
    const who = client.person.id;
    client.member = member;
    let was = this.#knocks.get(who);
    if (was && was.caller.member !== member) {
      this.#gone(was.caller.member, false);
      was = undefined;
    }
    const caller = { who, member, knock, epoch };
    this.#knocks.set(who, { caller, waits: true });
    const { room, tender } = this;
    if (this.announced) this.#hear(client, { announce: this.announced });
    if (tender) this.#hear(tender, { knocks: { room, knocks: [caller] } });
    if (!was?.waits) return;
    for (const { page } of this.stage) {
      if (page?.conn && page !== tender) this.#hear(page, { untended: { room } });
    }
  }

  #tend(client: Client): void {
    this.tender = client;
    this.#tends = client.conn;
    const { sequence = 0, epoch = 0 } = this.announced ?? {};
    this.#tell(client, () => client.group.tended(this.now, sequence, epoch));
    const all = [...this.#knocks.values()].map(({ caller }) => caller);
    for (let i = 0; i < all.length; i += 3) {
      this.#hear(client, { knocks: { room: this.room, knocks: all.slice(i, i + 3) } });
    }
  }

  async #announce(client: Client, request: Omit<Announced, 'room'>): Promise<void> {
    const bytes = fromText(request.announce);
    const announce = bytes && parseAnnounce(bytes);
    if (!announce || announce.sequence !== request.sequence) throw new TypeError('no announce');
    const last = this.announced;
    if (last && request.sequence <= last.sequence) {
      this.#tell(client, () => client.group.refused(this.now));
      return;
    }
    if (last && request.sequence === last.sequence + 1) {
      const before = parseAnnounce(fromText(last.announce) ?? new Uint8Array(0));
      if (before && !same(await hashAnnounce(before), announce.before)) {
        this.faults.push(`announce ${request.sequence} does not follow`);
      }
    }
    const { roster = last?.roster, stage = last?.stage } = request;
    const notice: Announced = { ...request, room: this.room };
    this.announced = { ...notice, ...(roster && stage ? { roster, stage } : {}) };
    for (const one of this.#listeners()) {
      if (this.#knocks.has(one.person.id) || this.removed.includes(one)) {
        this.#hear(one, { announce: notice });
      }
    }
  }

  #letter(member: string, epoch: number, letter: Uint8Array): void {
    for (const client of this.#listeners()) {
      if (client.member !== member) continue;
      this.#hear(client, { letter: { room: this.room, letter: toText(letter) } });
      const seat = this.#knocks.get(client.person.id);
      if (seat?.caller.member === member) {
        seat.caller = { ...seat.caller, epoch };
        seat.waits = false;
      }
    }
  }

  #gone(member: string, removed: boolean): void {
    const gone = [{ member, removed }];
    if (this.tender) this.#hear(this.tender, { knocks: { room: this.room, knocks: [], gone } });
  }

  // --- what people do ---

  async enter(person: Person): Promise<void> {
    person.seated = true;
    this.#connect(await this.#load(person));
  }

  up(person: Person): void {
    this.stage = [...this.stage, person];
    this.#staged();
  }

  down(person: Person): void {
    this.stage = this.stage.filter((one) => one !== person);
    this.#staged();
  }

  leave(person: Person, removed: boolean): void {
    const { page } = person;
    if (!page) return;
    person.seated = false;
    person.page = undefined;
    this.#knocks.delete(person.id);
    if (removed) this.removed.push(page);
    else {
      page.conn = 0;
      this.left.push(page);
    }
    this.down(person);
    if (page.member) this.#gone(page.member, removed);
  }

  /** Connects a person again later, now and then by a new page. */
  lose(person: Person, ms: number): void {
    const { page } = person;
    if (!page) return;
    this.#disconnect(page);
    this.after(ms, async () => {
      if (person.page !== page || !person.seated || page.conn) return;
      this.#connect(this.below(5) === 0 ? await this.#load(person) : page);
    });
  }

  /** The node forgets all but who is in the room. */
  restart(): void {
    this.announced = this.tender = undefined;
    this.#knocks.clear();
    for (const person of this.people) {
      if (person.seated && person.page?.conn) this.lose(person, this.span(50, 2000));
    }
  }

  /** Has something happen. */
  async chance(): Promise<void> {
    const onStage = (one: Person) => this.stage.includes(one);
    const person = this.pick((one) => one.seated);
    const x = this.below(100);
    if (!person?.page || x < 20) {
      const newcomer = this.pick((one) => !one.seated);
      if (newcomer) await this.enter(newcomer);
    } else if (x < 30) this.leave(person, false);
    else if (x < 38) this.leave(person, true);
    else if (x < 55) {
      if (!onStage(person)) this.up(person);
    } else if (x < 62) {
      const speaker = this.pick(onStage);
      if (speaker) this.down(speaker);
    } else if (x < 75) {
      if (person.page.conn) this.lose(person, this.span(100, 6000));
    } else if (x < 82) {
      if (person.page.conn) this.#connect(person.page);
    } else if (x < 86) this.#connect(await this.#load(person));
    else if (x < 97) {
      const { page } = person;
      if (!onStage(person) || !page.conn || page.frozen) return;
      page.frozen = true;
      this.after(this.span(500, 9000), () => this.thaw(page));
    } else if (this.now - this.#started > 60_000) {
      this.#started = this.now;
      this.restart();
    }
  }

  /** All are there, and somebody is on the stage. */
  async rest(): Promise<void> {
    for (const { seated, page } of this.people) {
      if (!seated || !page) continue;
      if (page.frozen) await this.thaw(page);
      if (!page.conn) this.#connect(page);
    }
    if (this.stage.some(({ seated }) => seated)) return;
    const person = this.pick(({ seated }) => seated) ?? this.people[0];
    if (!person) return;
    if (!person.seated) await this.enter(person);
    this.up(person);
  }

  // --- what is to be so ---

  /** Why those who are here do not agree yet. */
  async differ(): Promise<string | undefined> {
    let first: State | undefined;
    for (const { seated, page, id } of this.people) {
      if (!seated || !page || page.frozen) continue;
      const state = await page.group.state();
      const name = `${id.slice(0, 4)} (${[...state.ignored]})`;
      if (!state.code || !state.epochs[0]) return `${name} has no secret`;
      if (state.proven !== this.proven) return `${name} does not know what is to be played`;
      first ??= state;
      if (state.code !== first.code || state.epoch !== first.epoch) {
        return `${name} is at epoch ${state.epoch}, ${state.code}, and others at ${first.epoch}, ${first.code}`;
      }
      if (state.steward !== first.steward) return `${name} has another steward`;
      for (const one of this.stage) {
        if (one.page?.frozen) continue;
        const voice = state.roster.find(({ who }) => who === one.id);
        if (!voice || !one.page || !same(voice.cert, (await one.page.group.voice()).cert)) {
          return `to ${name}, ${one.id.slice(0, 4)} is not in the roster`;
        }
      }
    }
    return undefined;
  }

  /** Runs until all agree, at most so long, and returns how long it took. */
  async calm(most: number): Promise<number> {
    const start = this.now;
    while (true) {
      const why = await this.differ();
      if (!why) return this.now - start;
      if (this.now - start >= most) throw new RangeError(why);
      await this.run(this.now + 50);
    }
  }

  /** Who is not here any more and could go on listening. */
  async strangers(): Promise<string[]> {
    const here = this.people.find(({ seated, page }) => seated && page && !page.frozen);
    const [newest] = (await here?.page?.group.state())?.epochs ?? [];
    if (!newest) return [];
    const secret = toText(newest.secret);
    return [...this.removed, ...this.left]
      .filter(({ secrets }) => secrets.has(secret))
      .map(({ person }) => person.id);
  }
}

/** The letters in a request, and whom they are to. */
function cut(letters: string): [member: string, letter: Uint8Array<ArrayBuffer>][] {
  let rest = fromText(letters) ?? new Uint8Array(0);
  const found: [string, Uint8Array<ArrayBuffer>][] = [];
  while (rest.length > 0) {
    const length = 256 * (rest[8] ?? 0) + (rest[9] ?? 0);
    found.push([toText(rest.slice(0, 8)), rest.slice(10, 10 + length)]);
    rest = rest.slice(10 + length);
  }
  return found;
}
