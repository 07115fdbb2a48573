/**
 * What a client has to know and do to let others in: whose turn it is, who has
 * knocked, and what those who hold the secret are told. `docs/protocol/keys.md`,
 * section "Who does what". `sdk/go/group` is the same in Go.
 */
import type { Caller, Knocks, Outbox } from './asking.ts';
import { same } from './bytes.ts';
import { type Kek, rewrap, welcome } from './letters.ts';
import type { Given, Ignored, Member, Said, Self } from './member.ts';
import { ignore, sameCert, type Why } from './member.ts';
import {
  type Announce,
  type Cert,
  fromText,
  hashAudience,
  hashRoster,
  type Knock,
  kems,
  type Letter,
  makeAnnounce,
  parseID,
  parseKnock,
  type Roster,
  toText,
  verifyKnock,
  writeAnnounce,
  writeRoster,
} from './messages.ts';
import { earliest, isDue, latest, type Present, type Time } from './present.ts';
import { commitTo, epochLow } from './schedule.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** How many others a steward knows. */
export const peersMax = 10_000;

// Milliseconds.
const apart = 1000; // of one epoch from the next
const goneAfter = 30_000; // until who has gone is shut out
const sayEvery = 1000; // how often the same epoch is announced again
const sayEach = 2; // or of many holders, for each
const takeEvery = 500; // from one in line to the next
const hearFirst = 500; // who comes in waits for what there is
const settleAfter = 100; // who begins to tend waits for more knocks
const settleMax = 500;
const answerMax = 10_000; // for the node to answer
const tendApart = 1000; // from asking to tend to asking again

// What a step costs at most, so that others get their turn: 64 welcomes. So
// much is done at once.
const [budgetMax, welcomeCost, rewrapCost, costAtOnce] = [1280, 20, 1, 320];

// A node that has forgotten what was announced may have passed on more than
// this client has heard: numbers go on from the time in seconds, and from so
// much later where this client has heard nothing.
const sequenceLater = 60;
/** How far beyond ours an epoch may be that a member names. */
const epochFar = 1 << 16;
const numberMax = 0xffff_ffff;
const slots = 32;

/** One who has knocked. */
interface Peer {
  who: string;
  cert: Cert;
  /** As it is in messages. */
  member: string;
  knock: Knock;
  text: string; // the knock's
  has: number; // the newest epoch that they were given
  seen: boolean; // since this client tends
  gone: boolean;
  kek: Kek | undefined;
  kekFor: number; // the newest epoch that it was used for; 0: it is not to be used
}

type Holder = Pick<Cert, 'member' | 'device'>;

/** An epoch that is being made. */
interface Next extends Given {
  todo: Peer[];
  left: Holder[];
  removed: boolean; // somebody whom it shuts out was
}

/** An announce that the node has not answered. */
interface Sent {
  at: number;
  far: boolean; // it went beyond what somebody may have heard
}

export class Steward {
  /** Rooms that are not closed take knocks of every kind. */
  closed: boolean;
  /** Whether listeners are to play only what is proven; who tends says so. */
  proven = false;
  readonly #self: Self;
  readonly #present: Present;
  readonly #member: Member;
  readonly #ignored: Ignored;
  readonly #outbox: Outbox;

  #first = false; // in line
  #passed = false; // somebody else lets others in, though this client is first
  #again = false; // it did so until it lost its connection
  #asked: Time; // to tend, and when
  #takeAt: Time; // when it is its turn if nobody else acts
  #notBefore = 0; // to ask to tend

  #tending = false;
  #settled = false;
  #settleAt = 0; // more knocks come until then
  #settleBy = 0;
  #sequence = 0; // of the newest announce that the node has
  #epoch = 0;
  #lost = false; // the node had forgotten what was announced
  #far = false; // somebody may have heard more than this client and the node
  #leapt = false; // numbers went beyond that

  #peers = new Map<string, Peer>(); // by person
  #members = new Map<string, Peer>();
  #todo: Peer[] = []; // to be welcomed to the epoch in force
  #left: Holder[] = []; // of its secret, who have gone
  #next: Next | undefined;
  #sent: Sent | undefined;
  #used = 0; // the newest epoch that was begun here
  #beyond = 0; // the newest that anybody has named

  #removed = false; // somebody was
  #goneBy: Time; // when who has gone is to be shut out
  #changed = false; // are the holders since the last announce
  #sayNow = false; // that this client tends
  #withAll = false; // the roster too: the node may not have it
  #lastNew: Time; // when an epoch was announced

  constructor(
    self: Self,
    present: Present,
    member: Member,
    ignored: Ignored,
    outbox: Outbox,
    closed: boolean,
  ) {
    this.#self = self;
    this.#present = present;
    this.#member = member;
    this.#ignored = ignored;
    this.#outbox = outbox;
    this.closed = closed;
  }

  get tending(): boolean {
    return this.#tending;
  }

  /** The secret that was made here and is not in force yet. */
  get made(): Given | undefined {
    return this.#next;
  }

  // --- whose turn it is ---

  /** Comes in again: what was asked and not answered is lost. */
  enter(): void {
    this.#again ||= this.#tending;
    this.#rest();
    this.#asked = this.#takeAt = undefined;
    this.#passed = this.#first = false;
    this.#notBefore = 0;
  }

  /** Somebody acts: it is not this client's turn. */
  acted(): void {
    this.#takeAt = undefined;
  }

  /** Asks to tend when it is this client's turn. */
  standInLine(now: number): void {
    if (!this.#mayTend) {
      this.#offStage();
      return;
    }
    const first = this.#member.line[0] === this.#present.me;
    this.#passed &&= first && this.#first && this.#announcerThere;
    this.#first = first;
    if (this.#asked !== undefined && now >= this.#asked + answerMax) this.#asked = undefined;
    if (this.#asked !== undefined || !isDue(this.#tendDue, now)) return;
    this.#outbox.add({ tend: {} });
    this.#asked = now;
    this.#notBefore = now + tendApart;
    this.#takeAt = undefined;
    this.#passed = this.#again = false;
  }

  get #mayTend(): boolean {
    return this.#present.has(this.#present.me) && this.#present.entered !== undefined;
  }

  /** Forgets all but which numbers were used. */
  #offStage(): void {
    this.#abandon();
    this.#rest();
    this.#first = this.#passed = this.#again = false;
    this.#asked = this.#takeAt = this.#goneBy = undefined;
    this.#notBefore = this.#settleAt = this.#settleBy = 0;
    this.#sequence = this.#epoch = this.#beyond = 0;
    this.#settled = this.#lost = this.#far = this.#leapt = false;
    this.#removed = this.#changed = this.#sayNow = this.#withAll = false;
    this.#peers.clear();
    this.#members.clear();
    this.#todo = [];
    this.#left = [];
    this.#next = this.#sent = undefined;
  }

  /** Whether it was somebody else who announced last, and who can still act. */
  get #announcerThere(): boolean {
    const by = this.#member.said?.by;
    return by !== undefined && by !== this.#present.me && this.#present.connected(by);
  }

  /** When to ask to tend. */
  get #tendDue(): Time {
    if (!this.#mayTend || this.#tending) return undefined;
    if (this.#asked !== undefined) return this.#asked + answerMax;
    const { entered } = this.#present;
    let at = this.#takeAt;
    if (((this.#first && !this.#passed) || this.#again) && entered !== undefined) {
      const unheard = this.#member.line.length > 1 && !this.#member.heardAfresh;
      if (unheard) at = earliest(at, entered + hearFirst);
      // One who is there may be about to let this client in.
      else if (!(this.#member.lacks && this.#announcerThere)) at = earliest(at, entered);
    }
    return at === undefined ? undefined : latest(at, this.#notBefore);
  }

  /** Who is next in line takes over, unless somebody acts. */
  hearUntended(now: number): void {
    const place = this.#member.line.indexOf(this.#present.me);
    if (place < 0 || this.#asked !== undefined) return;
    if (this.#tending) {
      // Not any more, says the node.
      this.#abandon();
      this.#rest();
    }
    this.#takeAt ??= now + place * takeEvery;
  }

  /** The answer to a request to tend: the newest announce that the node has, 0 for none. */
  tended(now: number, sequence: number, epoch: number): void {
    if (this.#asked === undefined) {
      ignore(this.#ignored, 'unasked');
      return;
    }
    this.#abandon();
    this.#asked = undefined;
    this.#tending = true;
    this.#settled = false;
    this.#settleAt = now + settleAfter;
    this.#settleBy = now + settleMax;
    this.#sequence = sequence;
    this.#epoch = epoch;
    this.#beyond = 0;
    this.#leapt = false;
    const { said, heard } = this.#member;
    this.#lost = sequence === 0 || (said !== undefined && sequence < said.sequence);
    this.#far =
      said !== undefined &&
      (this.#lost || (sequence <= said.sequence && !same(heard.hash, said.hash)));
    this.#sayNow = this.#withAll = true;
    for (const peer of this.#peers.values()) peer.seen = false;
  }

  /** The answer to what was stale, or to what only who tends may ask: somebody else does. */
  refuse(now: number): void {
    this.#abandon();
    this.#rest();
    this.#asked = undefined;
    this.#notBefore = now + tendApart;
    this.#passed = this.#first && this.#announcerThere;
  }

  /** Stops tending. An epoch that was announced may yet turn out to be in force. */
  #rest(): void {
    this.#tending = false;
    if (!this.#sent) this.#abandon();
    for (const member of this.#outbox.rest()) {
      const peer = this.#members.get(toText(member));
      if (peer) peer.kekFor = 0; // they will never have it
    }
  }

  /** Gives up the epoch that is being made. */
  #abandon(): void {
    this.#removed ||= this.#next?.removed ?? false;
    this.#far ||= this.#sent?.far ?? false;
    this.#next = this.#sent = undefined;
  }

  /** Notes that an announce is in force; `fresh`: of another epoch than the one before. */
  told(now: number, said: Said, fresh: boolean): void {
    this.#takeAt = undefined;
    if (fresh) {
      this.#left = [];
      this.#lastNew = now;
    }
    const page = said.places.find(({ slot }) => slot === said.slot)?.cert.page;
    if (said.by === this.#present.me && page && same(page, this.#self.cert.page)) {
      if (this.#next?.epoch === said.epoch) {
        this.#left = this.#next.left;
        this.#todo.push(...this.#next.todo);
        this.#next = undefined;
      }
      this.#sent = undefined;
      this.#sequence = said.sequence;
      this.#epoch = said.epoch;
      return;
    }
    this.#abandon();
    if (fresh) {
      this.#removed = false;
      this.#goneBy = undefined;
    }
    if (this.#tending) this.#rest();
    this.#again = false;
    this.#passed = this.#first && this.#asked === undefined;
  }

  // --- who knocks, and who goes ---

  async hearKnocks(now: number, { knocks, gone = [] }: Knocks): Promise<void> {
    if (!this.#tending) {
      ignore(this.#ignored, 'unasked');
      return;
    }
    const read = await Promise.all(knocks.map((caller) => this.#read(caller)));
    knocks.forEach((caller, i) => {
      const why = this.#hearKnock(now, caller, read[i] ?? 'knock');
      if (why) ignore(this.#ignored, why);
    });
    for (const { member, removed = false } of gone) {
      const peer = this.#members.get(member);
      if (peer) this.#drop(now, peer, removed);
      // Who let others in before may have let them in.
      else if (removed && member !== toText(this.#self.cert.member)) this.#removed = true;
    }
    if (!this.#settled) this.#settleAt = Math.min(now + settleAfter, this.#settleBy);
  }

  /** What a knock says, or why it is ignored; `same` when it has come before. */
  async #read({ who, member, knock: text }: Caller): Promise<Knock | 'same' | Why> {
    if (who === this.#present.me || this.#peers.get(who)?.text === text) return 'same';
    const [bytes, id] = [fromText(text), parseID(who)];
    const knock = bytes && parseKnock(bytes);
    if (!knock || !id || toText(knock.cert.member) !== member) return 'knock';
    if (this.closed && knock.kem !== kems.xWing) return 'knock';
    return (await verifyKnock(knock, { room: this.#self.room, who: id })) ? knock : 'signature';
  }

  #hearKnock(now: number, caller: Caller, read: Knock | 'same' | Why): Why | undefined {
    const { who, member, epoch, knock: text } = caller;
    if (who === this.#present.me) return undefined;
    let peer = this.#peers.get(who);
    if (read !== 'same') {
      if (typeof read === 'string') return read;
      const other = this.#members.get(member);
      if (member === toText(this.#self.cert.member) || (other && other !== peer)) return 'knock';
      if (!peer && this.#peers.size >= peersMax) return 'full';
      if (peer) this.#drop(now, peer, false);
      const { cert } = read;
      peer = {
        ...{ who, cert, member, knock: read, text, has: 0, seen: true, gone: false },
        ...{ kek: undefined, kekFor: 0 },
      };
      this.#peers.set(who, peer);
      this.#members.set(member, peer);
    }
    if (!peer) return 'knock';
    this.#follow(now, peer, epoch);
    const had = peer.has;
    peer.seen = true;
    peer.has = epoch;
    const { current } = this.#member;
    if (current?.number === epoch) {
      this.#changed ||= had !== epoch;
    } else {
      peer.kekFor = 0; // it may be that they do not have it
      this.#todo.push(peer);
    }
    this.#next?.todo.push(peer);
    return undefined;
  }

  /**
   * Sees to it that one can follow who has heard of an epoch that is not ours:
   * announced before the node forgot it, or begun and never announced.
   */
  #follow(now: number, peer: Peer, epoch: number): void {
    const { said } = this.#member;
    const other =
      epoch === said?.epoch &&
      epoch === this.#used &&
      peer.has !== epoch &&
      this.#lost &&
      !this.#left.some(({ member }) => same(member, peer.cert.member));
    if (this.#lost && !this.#leapt && epoch > 0 && peer.has !== epoch) {
      this.#far = this.#sayNow = this.#withAll = true;
    }
    const ours = epoch <= Math.max(this.#newest, this.#beyond);
    if ((ours && !other) || epoch > this.#newest + epochFar) return;
    this.#beyond = Math.max(this.#beyond, epoch);
    this.#far = this.#withAll = true;
    this.#goneBy = this.#lost ? now : earliest(this.#goneBy, now + goneAfter);
  }

  /** The newest epoch that this client or the node knows. */
  get #newest(): number {
    const { said, epochs } = this.#member;
    return Math.max(this.#epoch, said?.epoch ?? 0, epochs[0]?.number ?? 0);
  }

  /** Forgets one who has gone, and sees to it that they are shut out. */
  #drop(now: number, peer: Peer, removed: boolean): void {
    this.#forget(peer);
    const holder = { member: peer.cert.member, device: peer.cert.device };
    if (!this.#next) {
      const has = this.#member.current?.number === peer.has;
      if (has && this.#left.length < peersMax) this.#left.push(holder);
    } else if (peer.has !== this.#next.epoch) {
      this.#next.removed ||= removed;
      return;
    } else if (this.#next.left.length < peersMax) {
      this.#next.left.push(holder);
    }
    if (peer.has === 0) return;
    if (removed) this.#removed = true;
    else this.#goneBy = earliest(this.#goneBy, now + goneAfter);
  }

  #forget(peer: Peer): void {
    this.#peers.delete(peer.who);
    this.#members.delete(peer.member);
    peer.gone = true;
  }

  // --- what who tends has to do ---

  async serve(now: number): Promise<void> {
    if (!this.#tending) return;
    if (this.#sent && now >= this.#sent.at + answerMax) {
      this.refuse(now);
      return;
    }
    if (!this.#settled && now >= this.#settleAt) {
      // Somebody may have been let in, and have gone, when nobody was told.
      this.#settled = true;
      this.#goneBy = earliest(this.#goneBy, now + goneAfter);
    }
    const budget = await this.#write(now, budgetMax);
    if (this.#sent) return;
    if (!this.#next && isDue(this.#beginDue, now)) {
      await this.#begin(now);
      await this.#write(now, budget);
    }
    if (this.#next?.todo.length === 0) await this.#say(now, this.#next);
    else if (!this.#next && isDue(this.#sayDue, now)) await this.#say(now, undefined);
  }

  /** When something is to be done; `now` is when all was done that was due. */
  dueAfter(now: number): Time {
    return earliest(this.#tendDue, this.#serveDue(now));
  }

  #serveDue(now: number): Time {
    if (!this.#tending) return undefined;
    if (this.#todo.length > 0 || (this.#next?.todo.length ?? 0) > 0) return now;
    if (this.#sent) return this.#sent.at + answerMax;
    const settle = this.#settled ? undefined : this.#settleAt;
    return earliest(this.#beginDue, this.#sayDue, settle);
  }

  /** When to begin a new epoch. */
  get #beginDue(): Time {
    if (!this.#tending || this.#sent || this.#next) return undefined;
    const { lacks, said } = this.#member;
    const atOnce =
      this.#removed || lacks || this.#sequence > (said?.sequence ?? 0) || this.#stageChanged;
    let at: Time;
    if (atOnce) at = this.#settleAt;
    else if (this.#goneBy !== undefined) at = latest(this.#goneBy, this.#settleAt);
    if (at === undefined || this.#lastNew === undefined) return at;
    return latest(at, this.#lastNew + apart);
  }

  /** Whether somebody has come onto the stage or left it, or is on it with another cert. */
  get #stageChanged(): boolean {
    const { said } = this.#member;
    if (said?.stage.some((who) => !this.#present.has(who))) return true;
    return this.#present.stage.some((who) => {
      const cert = this.#certOf(who);
      return cert !== undefined && !this.#member.hasPlace(cert);
    });
  }

  /** The cert by which a person is here, if they have knocked. */
  #certOf(who: string): Cert | undefined {
    return who === this.#present.me ? this.#self.cert : this.#peers.get(who)?.cert;
  }

  /** Begins an epoch. Those on the stage are given it first. */
  async #begin(now: number): Promise<void> {
    const { said } = this.#member;
    let epoch = Math.max(this.#newest, this.#used, this.#beyond) + 1;
    if (said && epochLow(epoch) === epochLow(said.epoch)) epoch++; // in a frame they would look alike
    if (epoch > numberMax) return this.refuse(now); // no number is left
    const secret = crypto.getRandomValues(new Uint8Array(32));
    const commit = await commitTo(secret);
    const above = new Set(this.#present.stage);
    const [first, rest]: [Peer[], Peer[]] = [[], []];
    for (const peer of [...this.#peers.values()]) {
      if (!peer.seen) this.#forget(peer);
      else if (above.has(peer.who)) first.push(peer);
      else rest.push(peer);
    }
    const todo = [...first, ...rest];
    this.#next = { epoch, secret, commit, todo, left: [], removed: this.#removed };
    this.#used = epoch;
    this.#removed = false;
    this.#goneBy = undefined;
  }

  /**
   * Writes letters to those who have none, as many as a step may cost, and
   * returns what is left of that.
   */
  async #write(now: number, budget: number): Promise<number> {
    let left = budget;
    const { current } = this.#member;
    if (current && !(this.#next && this.#sent)) {
      const given = { ...current, epoch: current.number };
      const before = left;
      left = await this.#writeTo(now, this.#todo, given, left);
      this.#changed ||= left < before;
    } else {
      this.#todo = []; // they are given the next one
    }
    if (this.#next) left = await this.#writeTo(now, this.#next.todo, this.#next, left);
    return left;
  }

  /** Takes those whom it has written to off `todo`. */
  async #writeTo(now: number, todo: Peer[], given: Given, budget: number): Promise<number> {
    let left = budget;
    while (todo.length > 0 && left > 0) {
      // Of some at once: the browser seals them side by side.
      const some: Promise<void>[] = [];
      let taken = 0;
      for (let cost = 0; taken < todo.length && cost < Math.min(left, costAtOnce); taken++) {
        const peer = todo[taken];
        if (!peer || peer.gone || peer.has === given.epoch) continue;
        const again = peer.kek !== undefined && peer.kekFor !== 0 && peer.kekFor < given.epoch;
        cost += again ? rewrapCost : welcomeCost;
        some.push(this.#writeOne(now, peer, given, again));
      }
      todo.splice(0, taken);
      await Promise.all(some);
      left -= some.length === 0 ? 0 : costAtOnce;
    }
    return left;
  }

  async #writeOne(now: number, peer: Peer, given: Given, again: boolean): Promise<void> {
    const had = peer.has;
    peer.has = given.epoch;
    try {
      this.#outbox.post(peer.cert.member, await this.#letter(peer, given, again));
    } catch {
      ignore(this.#ignored, 'knock');
      peer.has = had;
      this.#drop(now, peer, false);
    }
  }

  /** Seals a secret to one. Nothing is sealed twice for an epoch by a kek. */
  async #letter(peer: Peer, { epoch, secret }: Given, again: boolean): Promise<Letter> {
    peer.kekFor = epoch;
    if (again && peer.kek) return rewrap(peer.kek, epoch, secret);
    const { room } = this.#self;
    const { letter, kek } = await welcome(
      peer.knock,
      { room, member: peer.cert.member, epoch },
      secret,
    );
    peer.kek = kek;
    return letter;
  }

  /** When to announce the epoch in force again. */
  get #sayDue(): Time {
    const { said, lacks } = this.#member;
    if (!this.#tending || this.#sent || this.#next || !said || lacks) return undefined;
    if (!this.#member.hasPlace(this.#self.cert)) return undefined;
    if (this.#sayNow || said.proven !== this.proven) return this.#settleAt;
    if (!this.#changed) return undefined;
    return latest(this.#settleAt, said.at + Math.max(sayEvery, said.holders * sayEach));
  }

  /** Announces an epoch that was made, or the one in force again. */
  async #say(now: number, next: Next | undefined): Promise<void> {
    const { said } = this.#member;
    const following = this.#following(now);
    if (following.sequence > numberMax) return this.refuse(now);
    const people = next || !said ? this.#seat(next?.epoch ?? 0) : said;
    const { places, stage } = people;
    const { epoch, commit } = next ?? (said as Said);
    const left = next ? next.left : this.#left;
    const holders = [...this.#peers.values()].filter(({ has }) => has === epoch);
    const others = [...left, ...holders.map(({ cert }) => cert)].filter(
      ({ member }) => !places.some(({ cert }) => same(cert.member, member)),
    );
    const mine = places.find(({ cert }) => sameCert(cert, this.#self.cert));
    const body: Omit<Announce, 'signature'> = {
      ...following,
      ...{ epoch, commit, slot: mine?.slot ?? 0, proven: this.proven },
      time: Math.max(Math.floor(now), 0),
      holders: places.length + others.length,
      roster: await hashRoster(places),
      audience: await hashAudience(others),
    };
    const announce = await makeAnnounce(this.#self.page, body, this.#self.room);
    const fresh = this.#withAll || !said || !same(body.roster, said.roster);
    this.#outbox.add({
      announce: {
        ...{ sequence: body.sequence, epoch, announce: toText(writeAnnounce(announce)) },
        ...(fresh ? { roster: toText(writeRoster(places)), stage: [...stage] } : {}),
      },
    });
    this.#sent = { at: now, far: this.#far };
    this.#leapt ||= this.#far;
    this.#changed = this.#sayNow = this.#far = this.#withAll = false;
  }

  /**
   * The number of the next announce, and the hash of the one before. When that
   * is not known, a number is left out.
   */
  #following(now: number): { sequence: number; before: Bytes } {
    const { said, heard } = this.#member;
    let base = this.#sequence;
    let step = 1;
    let before: Bytes = new Uint8Array(32);
    if (said && said.sequence >= base) {
      base = said.sequence;
      before = said.hash;
    } else if (heard.sequence === base) before = heard.hash;
    else if (base > 0) step = 2;
    if (this.#far) {
      step = Math.max(2, Math.floor(now / 1000) - base);
      if (!said) step += sequenceLater;
    }
    return { sequence: base + step, before };
  }

  /**
   * The roster of an epoch. Who was in the roster before keeps their slot; the
   * others are given the lowest that are free.
   */
  #seat(epoch: number): { places: Roster; stage: string[] } {
    const { said } = this.#member;
    const seats: { slot: number; cert: Cert; who: string }[] = [];
    const others: { cert: Cert; who: string }[] = [];
    for (const who of this.#present.stage) {
      const cert = this.#certOf(who);
      const peer = this.#peers.get(who);
      if (!cert || (peer && peer.has !== epoch)) continue;
      const kept = said?.places.find((place) => sameCert(place.cert, cert));
      if (kept) seats.push({ ...kept, who });
      else others.push({ cert, who });
    }
    const taken = new Set(seats.map(({ slot }) => slot));
    for (let slot = 0; slot < slots; slot++) {
      const other = taken.has(slot) ? undefined : others.shift();
      if (other) seats.push({ slot, ...other });
    }
    seats.sort((a, b) => a.slot - b.slot);
    return {
      places: seats.map(({ slot, cert }) => ({ slot, cert })),
      stage: seats.map(({ who }) => who),
    };
  }
}
