/**
 * What everybody in a room has to know: which announce is in force, and the
 * secrets that letters have brought. `docs/protocol/keys.md`, section "Who does
 * what". `sdk/go/group` is the same in Go.
 */
import type { Announced, Outbox } from './asking.ts';
import { same } from './bytes.ts';
import { type Box, type Kek, openRewrap, openWelcome } from './letters.ts';
import {
  type Announce,
  type Cert,
  fromText,
  hashAnnounce,
  hashRoster,
  type Letter,
  parseAnnounce,
  parseID,
  parseLetter,
  parseRoster,
  type Roster,
  toText,
  verifyAnnounce,
  verifyCert,
  writeCert,
} from './messages.ts';
import { isDue, latest, type Present, type Time } from './present.ts';
import { commitTo, epochLow } from './schedule.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** Milliseconds that a member waits for a secret before knocking again. */
export const knockEvery = 1500;
/** That a speaker waits with a secret, until all have it. */
export const speakAfter = 300;
/** That the epoch before is kept. */
export const forgetAfter = 10_000;

// Bounds of what a member remembers.
const keksMax = 4;
const waitingMax = 4;
const epochsMax = 2;

/** Why something that was heard is ignored. */
export type Why =
  | 'malformed' // not a message, or of another room
  | 'signature' // not by who it is said to be by
  | 'stale' // an announce that is not newer
  | 'chain' // an announce that does not follow from the one before
  | 'epoch' // an announce of an older epoch
  | 'commit' // a secret that is not the one announced, or an announce of another
  | 'roster' // an announce whose roster is not there, or not by one in it
  | 'late' // a letter for an epoch that has gone
  | 'sealed' // a letter that does not open
  | 'knock' // a knock by which nobody can be let in
  | 'full' // a knock when too many are there
  | 'unasked'; // an answer to nothing, or knocks for one who does not tend

/** What was ignored, counted. */
export type Ignored = Map<Why, number>;

export function ignore(ignored: Ignored, why: Why): void {
  ignored.set(why, (ignored.get(why) ?? 0) + 1);
}

/** An announce that was taken. */
export interface Said extends Announce {
  hash: Bytes;
  places: Roster;
  /** Whose the certs are. */
  stage: readonly string[];
  /** Who has announced it. */
  by: string;
  /** When it was heard. */
  at: number;
}

/** A secret that is used, and from when speakers do. */
export interface Epoch {
  number: number;
  secret: Bytes;
  commit: Bytes;
  from: number;
}

/** A secret, and of which epoch. */
export interface Given {
  epoch: number;
  secret: Bytes;
  commit: Bytes;
}

/** By what a client goes in one visit. */
export interface Self {
  room: Bytes;
  cert: Cert;
  page: CryptoKey;
  box: Box;
  /** As it is sent. */
  knock: string;
}

export const sameCert = (a: Cert, b: Cert) => same(writeCert(a), writeCert(b));

export class Member {
  readonly #self: Self;
  readonly #present: Present;
  readonly #ignored: Ignored;
  readonly #outbox: Outbox;

  said: Said | undefined;
  /** The number and hash of the one that came last, taken or not. */
  heard: { sequence: number; hash: Bytes } = { sequence: 0, hash: new Uint8Array(32) };
  /** An announce has come since coming in. */
  heardAfresh = false;
  /** Newest first. */
  epochs: Epoch[] = [];

  #kept: Announced | undefined; // by one who is not on the stage yet
  #forgetAt: Time; // the second of the epochs
  #waiting: Given[] = []; // for their announce
  #keks: Kek[] = []; // newest first
  #knocked = 0;
  #lackedAt: Time;

  constructor(self: Self, present: Present, ignored: Ignored, outbox: Outbox) {
    this.#self = self;
    this.#present = present;
    this.#ignored = ignored;
    this.#outbox = outbox;
  }

  /** The epoch in force, if its secret is there. */
  get current(): Epoch | undefined {
    const [newest] = this.epochs;
    const { said } = this;
    if (!said || !newest || newest.number !== said.epoch) return undefined;
    return same(newest.commit, said.commit) ? newest : undefined;
  }

  /** Whether an announce or a secret has not come. */
  get lacks(): boolean {
    return !this.current || this.heard.sequence > (this.said?.sequence ?? 0);
  }

  /** Who is on the stage and connected, in the order in which they are to let others in. */
  get line(): string[] {
    const all = [...(this.said?.stage ?? []), ...this.#present.stage];
    return [...new Set(all)].filter((who) => this.#present.connected(who));
  }

  /** Whether a cert is in the roster in force. */
  hasPlace(cert: Cert): boolean {
    return this.said?.places.some((place) => sameCert(place.cert, cert)) ?? false;
  }

  // --- knocking ---

  /** Comes in, for the first time or again. */
  enter(now: number): void {
    // Nothing came of it, and the node may have forgotten it.
    if (!this.current) this.said = undefined;
    this.heardAfresh = false;
    this.#knock(now);
  }

  #knock(now: number): void {
    this.#knocked = now;
    this.#lackedAt = now;
    const { knock, cert } = this.#self;
    const epoch = this.epochs[0]?.number ?? 0;
    this.#outbox.add({ knock: { member: toText(cert.member), knock, epoch } });
  }

  /** Knocks when a secret has not come for too long. With nobody on the stage it cannot come. */
  knockAgain(now: number, tending: boolean): void {
    const unseated = this.#present.has(this.#present.me) && !this.hasPlace(this.#self.cert);
    const waits = !tending && (this.lacks || unseated) && this.line.length > 0;
    if (this.#present.entered === undefined || !waits) this.#lackedAt = undefined;
    else if (this.#lackedAt === undefined) this.#lackedAt = now;
    else if (isDue(this.#knockDue, now)) this.#knock(now);
  }

  get #knockDue(): Time {
    if (this.#lackedAt === undefined) return undefined;
    return latest(this.#lackedAt, this.#knocked) + knockEvery;
  }

  /** When something is to be done. */
  get due(): Time[] {
    return [this.#forgetAt, this.#knockDue];
  }

  forget(now: number): void {
    if (!isDue(this.#forgetAt, now)) return;
    this.epochs.length = 1;
    this.#forgetAt = undefined;
  }

  // --- announces ---

  /** Judges an announce. Returns it when it is to be taken. */
  async hearAnnounce(now: number, notice: Announced): Promise<Said | undefined> {
    const bytes = fromText(notice.announce);
    const announce = bytes && parseAnnounce(bytes);
    if (!announce) return this.#ignore('malformed');
    const hash = await hashAnnounce(announce);
    this.heard = { sequence: announce.sequence, hash };
    this.heardAfresh = true;
    if (this.said && same(this.said.hash, hash)) return undefined; // said again to who knocks again
    const said = await this.#judge(now, announce, hash, notice);
    if (typeof said === 'string') return this.#ignore(said);
    if (this.#present.has(said.by)) return said;
    this.#kept = notice;
    return undefined;
  }

  /** The announce that waits for its announcer to be on the stage; it waits no more. */
  takeKept(): Announced | undefined {
    const kept = this.#kept;
    this.#kept = undefined;
    return kept;
  }

  #ignore(why: Why): undefined {
    ignore(this.#ignored, why);
  }

  async #judge(now: number, a: Announce, hash: Bytes, notice: Announced): Promise<Said | Why> {
    const last = this.said;
    if (last) {
      if (a.sequence <= last.sequence) return 'stale';
      if (a.sequence === last.sequence + 1 && !same(a.before, last.hash)) return 'chain';
      if (a.epoch < last.epoch) return 'epoch';
      if (a.epoch === last.epoch && !same(a.commit, last.commit)) return 'commit';
    }
    const people =
      last && same(a.roster, last.roster)
        ? { places: last.places, stage: last.stage }
        : await this.#people(a, notice);
    if (typeof people === 'string') return people;
    const at = people.places.findIndex(({ slot }) => slot === a.slot);
    const [place, by] = [people.places[at], people.stage[at]];
    if (!place || by === undefined) return 'roster';
    if (!(await verifyAnnounce(a, place.cert.page, this.#self.room))) return 'signature';
    return { ...a, hash, ...people, by, at: now };
  }

  /** The roster that an announce names, if it is there and each is who they are said to be. */
  async #people(
    { roster }: Announce,
    notice: Announced,
  ): Promise<{ places: Roster; stage: readonly string[] } | Why> {
    const bytes = fromText(notice.roster ?? '');
    const places = bytes && parseRoster(bytes);
    if (!places || !same(await hashRoster(places), roster)) return 'roster';
    const stage = notice.stage ?? [];
    if (stage.length !== places.length) return 'signature';
    const checks = places.map(({ cert }, i) => this.#isOf(cert, stage[i] ?? ''));
    return (await Promise.all(checks)).every(Boolean) ? { places, stage } : 'signature';
  }

  /** Whether a cert is a person's, by its signature or because it was before. */
  async #isOf(cert: Cert, who: string): Promise<boolean> {
    const { said } = this;
    const known = said?.places.findIndex((place) => sameCert(place.cert, cert)) ?? -1;
    if (known >= 0 && said?.stage[known] === who) return true;
    const id = parseID(who);
    return id !== undefined && verifyCert(cert, { room: this.#self.room, who: id });
  }

  /**
   * Puts an announce into force. Secrets that have waited for it are used now;
   * `made` is one that this client has made itself.
   */
  take(now: number, said: Said, made: Given | undefined): void {
    this.said = said;
    this.#kept = undefined;
    for (const given of made ? [made, ...this.#waiting] : this.#waiting) {
      const lateOwn = given === made && !same(made.commit, said.commit);
      if (given.epoch === said.epoch && !lateOwn) this.#give(now, given);
    }
    this.#waiting = this.#waiting.filter(({ epoch }) => epoch > said.epoch);
  }

  // --- letters ---

  /** Takes in a letter. Returns whether it was for this client. */
  async hearLetter(now: number, text: string): Promise<boolean> {
    const bytes = fromText(text);
    const letter = bytes && parseLetter(bytes);
    if (!letter) this.#ignore('malformed');
    else if (this.said && letter.epoch < this.said.epoch) this.#ignore('late');
    else {
      const secret = await this.#open(letter);
      if (secret) {
        await this.#receive(now, letter.epoch, secret);
        return true;
      }
      this.#ignore('sealed');
    }
    return false;
  }

  async #open(letter: Letter): Promise<Bytes | undefined> {
    if (letter.enc) {
      const { room, cert, box } = this.#self;
      const opened = await openWelcome(box, { room, member: cert.member }, letter);
      if (opened) this.#keks = [opened.kek, ...this.#keks].slice(0, keksMax);
      return opened?.secret;
    }
    for (const kek of this.#keks) {
      const secret = await openRewrap(kek, letter);
      if (secret) return secret;
    }
    return undefined;
  }

  async #receive(now: number, epoch: number, secret: Bytes): Promise<void> {
    const given = { epoch, secret, commit: await commitTo(secret) };
    if (this.said?.epoch === epoch) {
      this.#give(now, given);
    } else if (!this.#waiting.some((one) => one.epoch === epoch && same(one.secret, secret))) {
      this.#waiting = [...this.#waiting, given].slice(-waitingMax);
    }
  }

  /** Takes a secret of the epoch in force, if it is the one that was announced. */
  #give(now: number, { epoch, secret, commit }: Given): void {
    if (!this.said || !same(commit, this.said.commit)) {
      this.#ignore('commit');
      return;
    }
    if (this.current) return;
    // Of two that look alike in a frame only one can be there.
    const others = this.epochs.filter(({ number }) => epochLow(number) !== epochLow(epoch));
    const fresh = { number: epoch, secret, commit, from: now + speakAfter };
    this.epochs = [fresh, ...others].slice(0, epochsMax);
    this.#forgetAt = this.epochs.length > 1 ? now + forgetAfter : undefined;
  }
}
