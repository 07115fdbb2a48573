/**
 * Conversations: what somebody's device writes to others and reads of them. The node
 * keeps order and passes on; `docs/protocol/conversations.md`.
 *
 * One tab at a time works with the keys; the others read what it has kept.
 */
import { type ReadonlySignal, signal } from '@preact/signals-core';
import { StoaError } from '../error.ts';
import type { House } from '../house.ts';
import type { Conversation, ConversationItem } from '../http.ts';
import { same } from '../keys/bytes.ts';
import { formatID, fromText, parseID, toText } from '../keys/messages.ts';
import * as calls from './calls.ts';
import {
  type Changed,
  Group,
  makePackage,
  type Opened,
  type OwnPackage,
  packageMember,
  Unreadable,
} from './group.ts';
import type { Member, Signer } from './member.ts';
import { ConversationStore, type Kept, type Line } from './store.ts';

export type { Line } from './store.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** A conversation, as it is shown. */
export interface Talk extends Conversation {
  lines: Line[];
  unread: number;
}

/** How many characters a message may have. */
export const messageMax = 4_000;
/** For how long after it was written one may take a message back, in milliseconds. */
export const takeBackFor = 24 * 60 * 60_000;

const packagesLow = 10;
const packagesFull = 30;
const attempts = 6;

/** Somebody has no device that could read what is written to them. */
export class Unreachable extends Error {}

export class Conversations {
  /** All of mine, those that were changed last first; nothing until they are there. */
  readonly talks: ReadonlySignal<Talk[] | undefined>;
  readonly #talks = signal<Talk[] | undefined>(undefined);
  readonly #house: Pick<House, 'ask'>;
  readonly #me: string;
  readonly #person: Bytes;
  readonly #device: Signer;
  readonly #store: ConversationStore;
  /** What is done one after another in this tab; across tabs, by the browser's locks. */
  #last: Promise<unknown> = Promise.resolve();
  #prepared = false;

  constructor(house: Pick<House, 'ask'>, me: string, device: Signer) {
    this.talks = this.#talks;
    this.#house = house;
    this.#me = me;
    this.#person = parseID(me) as Bytes;
    this.#device = device;
    this.#store = new ConversationStore(me);
  }

  /** Reads what there is. It is asked for when one comes, and when the node says so. */
  refresh(): Promise<void> {
    return this.#alone(async () => {
      await this.#prepare();
      const { conversations } = await calls.listConversations(this.#house);
      const talks: Talk[] = [];
      for (const c of conversations) talks.push(await this.#read(c).catch(() => bare(c)));
      this.#talks.value = talks;
    });
  }

  /** Begins a conversation, or finds the one there is with somebody; returns its id. */
  begin(people: readonly string[], two = people.length === 1): Promise<string> {
    return this.#alone(async () => {
      await this.#prepare();
      const there =
        two &&
        (await calls.listConversations(this.#house)).conversations.find((c) =>
          isWith(c, people[0]),
        );
      if (there) return there.id;
      const members: Member[] = [];
      const packages: Bytes[] = [];
      for (const who of [this.#me, ...people]) {
        const found = await this.#packagesOf(who);
        if (found.length === 0 && who !== this.#me) throw new Unreachable(who);
        for (const [member, pack] of found) {
          members.push(member);
          packages.push(pack);
        }
      }
      const id = crypto.getRandomValues(new Uint8Array(16));
      const alone = await Group.create(id, this.#person, this.#device);
      const change = await alone.change(packages);
      const mine = { person: this.#person, device: this.#device.publicKey };
      const name = formatID(id);
      await this.#store.keep(name, { state: change.after.save(), seq: 1, seen: 1, lines: [] });
      try {
        await calls.beginConversation(this.#house, {
          id: name,
          device: toText(this.#device.publicKey),
          with: [...people],
          two,
          devices: [mine, ...members].map(written),
          welcome: toText(change.welcome as Bytes),
          info: toText(change.info),
        });
      } catch (thrown) {
        await this.#store.forget(name);
        throw thrown;
      }
      return name;
    });
  }

  /** Writes a message. */
  write(id: string, text: string): Promise<void> {
    return this.#alone(() =>
      this.#again(id, async (kept, group) => {
        const { message, state } = await this.#seal(id, kept, group, { text });
        const { seq, at } = await calls.writeMessage(this.#house, id, message);
        const line: Line = { kind: 'text', seq, at, from: this.#me, mine: true, text };
        return { ...kept, state, seen: seq, lines: inOrder(kept.lines, line) };
      }),
    );
  }

  /** Takes a message of mine back, from all who are in it. */
  takeBack(id: string, which: number): Promise<void> {
    return this.#alone(() =>
      this.#again(id, async (kept, group) => {
        const { message, state } = await this.#seal(id, kept, group, { took_back: which });
        const { at } = await calls.takeMessageBack(this.#house, id, which, message);
        const lines = withoutTaken(kept.lines, which, this.#me, at);
        // The node has it no more, and those who have it do not believe the note any more.
        if (lines.some((l) => l.seq === which && l.kind === 'text'))
          throw new StoaError({ code: 'late_to_take_back', title: '', status: 409 });
        return { ...kept, state, lines };
      }),
    );
  }

  /** Seals what is written, and keeps the state after it: or a key could be used twice. */
  async #seal(id: string, kept: Kept, group: Group, content: object) {
    const text = new TextEncoder().encode(JSON.stringify(content));
    const { sealed, after } = await group.seal(text);
    const state = after.save();
    await this.#store.keep(id, { ...kept, state });
    const device = toText(this.#device.publicKey);
    return { state, message: { device, epoch: group.epoch, sealed: toText(sealed) } };
  }

  /** Adds people to a conversation that is not one of two. */
  add(id: string, people: readonly string[]): Promise<void> {
    return this.#alone(async () => {
      const found: [Member, Bytes][] = [];
      for (const who of people) {
        const theirs = await this.#packagesOf(who);
        if (theirs.length === 0) throw new Unreachable(who);
        found.push(...theirs);
      }
      await this.#again(id, (kept, group) => this.#change(id, kept, group, found, [], people));
    });
  }

  /** Says yes to a conversation. */
  async accept(id: string): Promise<void> {
    await calls.acceptConversation(this.#house, id);
    await this.refresh();
  }

  /** Leaves a conversation, or declines it, and forgets what was written there. */
  async leave(id: string): Promise<void> {
    await calls.leaveConversation(this.#house, id);
    await this.#alone(() => this.#store.forget(id));
    await this.refresh();
  }

  /** Takes this device out of all conversations, and forgets all that was written there. */
  async leaveAll(): Promise<void> {
    await calls.forgetDevice(this.#house, toText(this.#device.publicKey)).catch(unlessUnknown);
    await this.#alone(async () => {
      for (const { id } of this.#talks.value ?? []) await this.#store.forget(id);
      await this.#store.keepPackages([]);
    });
    this.#talks.value = [];
  }

  /** Notes that all that is there has been seen, here and, for what it pushes, at the house. */
  async see(id: string): Promise<void> {
    void calls.seeConversation(this.#house, id).catch(() => {}); // it would be pushed once more than needed
    await this.#alone(async () => {
      const kept = await this.#store.conversation(id);
      const last = kept?.lines.at(-1)?.seq ?? 0;
      if (kept && kept.seen < last) await this.#store.keep(id, { ...kept, seen: last });
    });
    this.#talks.value = this.#talks.value?.map((t) => (t.id === id ? { ...t, unread: 0 } : t));
  }

  /** Says whether one wants to hear nothing of a conversation, on all of one's devices. */
  async silence(id: string, silent: boolean): Promise<void> {
    await calls.silenceConversation(this.#house, id, silent);
    this.#talks.value = this.#talks.value?.map((t) => (t.id === id ? { ...t, silent } : t));
  }

  // --- one after another ---

  /** Does something when nothing else is under way, here or in another tab. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const { navigator } = globalThis as { navigator?: Navigator }; // programs have none
    const locked = () =>
      navigator?.locks
        ? (navigator.locks.request(`stoa.conversations.${this.#me}`, work) as Promise<T>)
        : work();
    const next = this.#last.then(locked, locked);
    this.#last = next.catch(() => {});
    return next;
  }

  /** Tells others by what they can write to this device, when they have used most of it up. */
  async #prepare(): Promise<void> {
    if (this.#prepared) return;
    const device = toText(this.#device.publicKey);
    let left = 0;
    try {
      ({ left } = await calls.countPackages(this.#house, device));
    } catch (thrown) {
      if (!(thrown instanceof StoaError) || thrown.code !== 'no_device') throw thrown;
    }
    if (left < packagesLow) {
      const made: OwnPackage[] = [];
      for (let n = left; n < packagesFull + 1; n++) {
        made.push({ ...(await makePackage(this.#person, this.#device)), last: made.length === 0 });
      }
      await this.#store.keepPackages([...(await this.#store.packages()), ...made]);
      const texts = made.map((one) => toText(one.public));
      await calls.addPackages(this.#house, {
        device,
        packages: texts.slice(1),
        last: texts[0] as string,
      });
    }
    this.#prepared = true;
  }

  /** The packages of somebody's devices that are what the node says; of mine, the others'. */
  async #packagesOf(who: string): Promise<[Member, Bytes][]> {
    const { devices } = await calls.takePackages(this.#house, who);
    const found: [Member, Bytes][] = [];
    for (const { device, package: text } of devices) {
      const pack = fromText(text);
      const member = pack && (await packageMember(pack));
      if (!member || formatID(member.person) !== who || toText(member.device) !== device) continue;
      if (!same(member.device, this.#device.publicKey)) found.push([member, pack]);
    }
    return found;
  }

  // --- reading ---

  /** Takes in what has come to a conversation. */
  async #read(c: Conversation): Promise<Talk> {
    let kept = await this.#store.conversation(c.id);
    const mine = toText(this.#device.publicKey);
    const inside = c.devices.some((d) => d.person === this.#me && d.device === mine);
    if (inside && kept && kept.seq >= c.seq) {
      // nothing has come, but somebody may have left
      await this.#tidy(c, kept, false);
      return talkOf(c, kept);
    }
    if (!inside) kept = await this.#enter(c, kept);
    for (;;) {
      const { items } = await calls.itemsOf(this.#house, c.id, mine, kept?.seq ?? 0);
      if (items.length === 0) break;
      for (const item of items) kept = await this.#take(c, kept, item);
      if (kept) await this.#store.keep(c.id, kept);
    }
    if (!kept) kept = await this.#enter(c, kept);
    // What was for others only is passed, too.
    kept = { ...kept, seq: Math.max(kept.seq, c.seq) };
    await this.#store.keep(c.id, kept);
    await calls.readUpTo(this.#house, c.id, mine, kept.seq);
    await this.#tidy(c, kept, true);
    return talkOf(c, kept);
  }

  /** Takes one item in. */
  async #take(
    c: Conversation,
    kept: Kept | undefined,
    item: ConversationItem,
  ): Promise<Kept | undefined> {
    const sealed = fromText(item.sealed) ?? new Uint8Array();
    const own = item.person === this.#me && item.device === toText(this.#device.publicKey) && kept;
    if (own) return { ...kept, seq: item.seq };
    if (!kept) {
      if (item.kind !== 'welcome') return undefined; // from before
      const packages = await this.#store.packages();
      const joined = await Group.join(sealed, packages).catch(() => undefined);
      if (!joined) return this.#enter(c, undefined);
      await this.#store.keepPackages(packages.filter((one) => one !== joined.used || one.last));
      return { state: joined.group.save(), seq: item.seq, seen: 0, lines: [] };
    }
    if (item.kind === 'welcome') return { ...kept, seq: item.seq };
    const group = Group.read(kept.state);
    if (item.epoch > group.epoch) return this.#enter(c, kept); // something between is gone
    try {
      const { opened, after } = await group.open(sealed, (change) => isAllowed(c, change));
      return { ...kept, state: after.save(), seq: item.seq, lines: withOpened(kept, opened, item) };
    } catch (thrown) {
      if (!(thrown instanceof Unreadable)) throw thrown;
      if (item.kind === 'took_back') return { ...kept, seq: item.seq }; // of which nothing follows
      const gap: Line = { kind: 'gap', seq: item.seq, at: item.at };
      return { ...kept, seq: item.seq, lines: inOrder(kept.lines, gap) };
    }
  }

  /** Comes in by itself, as a further device, or because it has lost what it had. */
  async #enter(c: Conversation, kept: Kept | undefined): Promise<Kept> {
    const mine = { person: this.#person, device: this.#device.publicKey };
    for (let attempt = 0; ; attempt++) {
      const now = await calls.getConversation(this.#house, c.id);
      const entered = await Group.enter(
        fromText(now.info ?? '') as Bytes,
        this.#person,
        this.#device,
      );
      try {
        const there = now.devices.some((d) => same(fromText(d.device) as Bytes, mine.device));
        const { seq } = await calls.changeConversation(this.#house, c.id, {
          device: toText(mine.device),
          epoch: now.epoch,
          commit: toText(entered.commit),
          info: toText(entered.info),
          added: [written(mine)],
          ...(there ? { removed: [written(mine)] } : {}),
        });
        const lines = kept?.lines ?? [];
        const gap: Line = { kind: 'gap', seq, at: new Date().toISOString() };
        const next = {
          state: entered.after.save(),
          seq,
          seen: kept?.seen ?? seq,
          lines: kept || c.seq > 1 ? inOrder(lines, gap) : lines,
        };
        await this.#store.keep(c.id, next);
        return next;
      } catch (thrown) {
        if (!isStale(thrown) || attempt === attempts) throw thrown;
      }
    }
  }

  /**
   * Takes devices out of people who have left, and those that the node does not know any
   * more, so that they read nothing more. The latter are looked for when something has come.
   */
  async #tidy(c: Conversation, kept: Kept, came: boolean): Promise<void> {
    const there = thereIn(c);
    if (c.mine !== 'in' || (!came && c.devices.every((d) => there.has(d.person)))) return;
    const group = Group.read(kept.state);
    if (group.epoch !== c.epoch) return; // c is of before
    const gone = (await group.members()).filter(
      (m) => !there.has(formatID(m.person)) || !has(c, m),
    );
    if (gone.length === 0 || !isMineToDo(c, this.#me)) return;
    await this.#again(c.id, (now, latest) => this.#change(c.id, now, latest, [], gone, [])).catch(
      () => {}, // another does it
    );
  }

  // --- writing ---

  /** Does something with a conversation, anew when another has changed it first. */
  async #again(id: string, work: (kept: Kept, group: Group) => Promise<Kept>): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const kept = await this.#store.conversation(id);
      if (!kept) throw new StoaError({ code: 'no_conversation', title: '', status: 404 });
      try {
        const next = await work(kept, Group.read(kept.state));
        await this.#store.keep(id, next);
        this.#show(id, next);
        return;
      } catch (thrown) {
        if (!isStale(thrown) || attempt === attempts) throw thrown;
        await this.#read(await calls.getConversation(this.#house, id));
      }
    }
  }

  async #change(
    id: string,
    kept: Kept,
    group: Group,
    added: readonly [Member, Bytes][],
    removed: readonly Member[],
    people: readonly string[],
  ): Promise<Kept> {
    const isOut = (member: Member) => removed.some((r) => same(r.device, member.device));
    const change = await group.change(
      added.map(([, pack]) => pack),
      isOut,
    );
    await calls.changeConversation(this.#house, id, {
      device: toText(this.#device.publicKey),
      epoch: group.epoch,
      commit: toText(change.commit),
      info: toText(change.info),
      added: added.map(([member]) => written(member)),
      removed: removed.map(written),
      people: [...people],
      ...(change.welcome ? { welcome: toText(change.welcome) } : {}),
    });
    return { ...kept, state: change.after.save() };
  }

  #show(id: string, kept: Kept): void {
    this.#talks.value = this.#talks.value?.map((t) => (t.id === id ? talkOf(t, kept) : t));
  }
}

const written = (m: Member) => ({ person: formatID(m.person), device: toText(m.device) });
/** Whether the node knows a device in a conversation. */
const has = (c: Conversation, m: Member) =>
  c.devices.some((d) => d.person === formatID(m.person) && d.device === toText(m.device));
const unlessUnknown = (thrown: unknown) => {
  if (!(thrown instanceof StoaError) || thrown.code !== 'no_device') throw thrown;
};
const isStale = (thrown: unknown) => thrown instanceof StoaError && thrown.code === 'stale_epoch';
const isWith = (c: Conversation, who: string | undefined) =>
  c.two && c.people.some((p) => p.person.id === who && p.state !== 'left');
const bare = (c: Conversation): Talk => ({ ...c, lines: [], unread: 0 });

function talkOf(c: Conversation, kept: Kept): Talk {
  const unread = kept.lines.filter((l) => l.kind === 'text' && !l.mine && l.seq > kept.seen).length;
  return { ...c, lines: kept.lines, unread };
}

/** Of all who are in it, the one with the least id takes out who has left, so that not all do at once. */
function isMineToDo(c: Conversation, me: string): boolean {
  const [first] = c.people
    .filter((p) => p.state === 'in')
    .map((p) => p.person.id)
    .sort();
  return first === me;
}

/** The ids of those who have not left. */
const thereIn = (c: Conversation) =>
  new Set(c.people.filter((p) => p.state !== 'left').map((p) => p.person.id));

/**
 * Whether a change may be: devices come in of people who are in the conversation, and
 * go of those who are not, of the same person, or because they come in anew; and those
 * that the node knows no more.
 */
function isAllowed(c: Conversation, { by, added, removed }: Changed): boolean {
  const there = thereIn(c);
  const comes = (m: Member) => there.has(formatID(m.person));
  const goes = (m: Member) =>
    !comes(m) ||
    !has(c, m) ||
    (by ? same(by.person, m.person) : added.some((a) => same(a.device, m.device)));
  return added.every(comes) && removed.every(goes);
}

/** The lines there are when an item is opened. */
function withOpened({ lines }: Kept, opened: Opened, { seq, at, kind }: ConversationItem): Line[] {
  if (opened.kind === 'changed') {
    if (opened.by) return [...lines]; // who has added somebody is in the list of people
    const came = opened.added.map((m) => formatID(m.person));
    return inOrder(lines, ...came.map((from): Line => ({ kind: 'device', seq, at, from })));
  }
  const from = formatID(opened.from.person);
  const { text, took_back: which } = contentOf(opened.text);
  // An item is a message or a note, as the node was told: it counts them apart.
  if (kind === 'took_back') return withoutTaken(lines, which, from, at);
  if (typeof text !== 'string' || text.length > 2 * messageMax)
    return inOrder(lines, { kind: 'gap', seq, at });
  return inOrder(lines, { kind: 'text', seq, at, from, mine: false, text });
}

/** The lines without the text of a message that whoever wrote it has taken back in time. */
function withoutTaken(lines: readonly Line[], which: unknown, by: string, now: string): Line[] {
  const isIt = (l: Line) =>
    l.kind === 'text' &&
    l.seq === which &&
    l.from === by &&
    Date.parse(now) - Date.parse(l.at) <= takeBackFor;
  return lines.map((l) => (isIt(l) ? { kind: 'taken', seq: l.seq, at: l.at, from: by } : l));
}

/** What is in a message; nothing where it is none. */
function contentOf(sealed: Bytes): { text?: unknown; took_back?: unknown } {
  try {
    return Object(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(sealed)));
  } catch {
    return {};
  }
}

function inOrder(lines: readonly Line[], ...more: Line[]): Line[] {
  return [...lines, ...more].sort((a, b) => a.seq - b.seq);
}
