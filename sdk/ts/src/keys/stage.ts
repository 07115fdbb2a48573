/**
 * The voices of a stage, as one who is inside seals their own and opens the
 * others': which key, which slot, whose it is, and whether it may be played.
 * `docs/protocol/keys.md`, sections "Who does what" and "Voices". Nothing here
 * knows a clock or a browser.
 */

import { type Piece, Ring, type Shown } from './ring.ts';
import { epochLow, parseKid, senderKey } from './schedule.ts';
import { parseHeader } from './sframe.ts';
import { Hearer, type Said, Speaker, type Trust } from './voice.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** A secret that is in use. */
export interface Epoch {
  number: number;
  secret: Bytes;
  /** From when, in milliseconds, speakers seal with it. */
  from: number;
}

/** Who speaks in a slot. */
export interface Place {
  slot: number;
  who: string;
  /** By which the voice is signed: Ed25519, for `verify`. */
  page: CryptoKey;
  /** Hash of the cert. */
  cert: Bytes;
  /** The cert. */
  certificate: Bytes;
}

/** What those in a room have agreed on. */
export interface Agreed {
  /** Newest first; at most two. */
  epochs: readonly Epoch[];
  roster: readonly Place[];
}

/** One's own place, and what was sealed there. */
interface Own {
  place: Place;
  speaker: Speaker;
  epoch: number; // that it seals with; -1: none yet
}

interface Other {
  place: Place;
  hearer: Hearer;
  epochs: Set<number>; // that it knows
  heard: boolean; // ever
  by: number; // the newest connection by which a frame has come
  first: { low: number; ctr: bigint } | undefined; // and the first one that has
}

/** What a place goes by: whoever has it again, in whatever roster, has it still. */
const nameOf = ({ slot, who, cert }: Place) => `${slot} ${who} ${cert.join()}`;

/** What is heard, and of whom. */
export interface Heard extends Said {
  who: string;
  /** Whether it is proven to be theirs, by now. */
  isProven: () => boolean;
}

/** Frames are to be sealed one after the other, each when the one before is done. */
export class Stage {
  readonly #sign: CryptoKey;
  readonly #cert: Bytes;
  #batch: number;
  // By slots, for as long as the page is there, so that nothing is counted from
  // zero again.
  readonly #own = new Map<number, Own>();
  // By names, for as long as one of their epochs lives, so that nothing is
  // played twice.
  readonly #others = new Map<string, Other>();
  #agreed: Agreed = { epochs: [], roster: [] };
  readonly #ring = new Ring();

  /**
   * Of one who signs by a key of their page, `sign`, and whose cert has the hash
   * `cert`. A signature covers `batch` frames.
   */
  constructor(sign: CryptoKey, cert: Bytes, batch: number) {
    this.#sign = sign;
    this.#cert = cert;
    this.#batch = batch;
  }

  /** Has a signature cover so many frames from now on. */
  setBatch(frames: number): void {
    this.#batch = frames;
    for (const { speaker } of this.#own.values()) speaker.setBatch(frames);
  }

  /** Has what is said next say once more whose it was before: that may be lost. */
  repeat(): void {
    for (const { speaker } of this.#own.values()) speaker.repeat();
  }

  /** Takes in what is agreed on now. */
  async agree(agreed: Agreed): Promise<void> {
    this.#agreed = agreed;
    const { epochs, roster } = agreed;
    const oldest = epochs.at(-1)?.number ?? Number.POSITIVE_INFINITY;
    for (const [name, { hearer, epochs: known }] of this.#others) {
      hearer.forget(oldest);
      for (const number of known) if (number < oldest) known.delete(number);
      if (known.size === 0) this.#others.delete(name);
    }
    for (const place of roster) {
      if (this.#isMine(place)) continue;
      const other = this.#others.get(nameOf(place)) ?? {
        place,
        hearer: new Hearer(place.page, place.slot),
        epochs: new Set<number>(),
        heard: false,
        by: 0,
        first: undefined,
      };
      this.#others.set(nameOf(place), other);
      for (const { number, secret } of [...epochs].reverse()) {
        if (other.epochs.has(number)) continue;
        other.epochs.add(number); // before anything is waited for
        const sender = await senderKey(secret, place.slot, place.cert);
        other.hearer.rekey(number, sender);
      }
    }
  }

  /**
   * Seals what one says. Nothing, while one has no place on the stage or no key:
   * then it must not be sent.
   */
  async seal(
    now: number,
    payload: Bytes,
    redundant = false,
    repeats = 0,
  ): Promise<Bytes | undefined> {
    const { epochs, roster } = this.#agreed;
    const place = roster.find((one) => this.#isMine(one));
    const ready = epochs.filter(({ from }) => from <= now);
    if (!place || ready.length === 0) return undefined;
    const own = this.#own.get(place.slot) ?? {
      place,
      speaker: new Speaker(this.#sign, place.slot, this.#batch),
      epoch: -1,
    };
    this.#own.set(place.slot, own);
    const [{ number, secret } = { number: -1, secret: new Uint8Array(0) }] = ready;
    if (number > own.epoch) {
      own.epoch = number;
      await own.speaker.rekey(number, await senderKey(secret, place.slot, place.cert));
    }
    return own.speaker.seal(payload, redundant, repeats);
  }

  /**
   * What is said in a frame, if it may be played. Nothing, when it is nobody's
   * on the stage, has come before, or is of a voice that is not trusted. `by` is
   * the connection that it has come by: when a voice has come by a newer one, what
   * comes by the one before is only what is missing at its end. So each frame is
   * played once, and none is missing in the middle.
   */
  async open(now: number, sealed: Bytes, by = 0): Promise<Heard | undefined> {
    const header = parseHeader(sealed);
    if (!header) return undefined;
    const { slot, epochLow: low } = parseKid(header.kid);
    const other = this.#other(slot);
    if (!other || !this.#agreed.epochs.some(({ number }) => epochLow(number) === low)) {
      return undefined;
    }
    const { by: newest, first } = other;
    if (by < newest && first?.low === low && header.ctr >= first.ctr) return undefined;
    const opened = await other.hearer.open(now, sealed);
    if (!opened) return undefined;
    other.heard = true;
    if (by > other.by) {
      other.by = by;
      other.first = { low, ctr: header.ctr };
    }
    const { payload, redundant, kid, window, isProven } = opened;
    const { who, certificate } = other.place;
    this.#ring.keep(now, who, certificate, { sealed, kid, window });
    return plays(other.hearer.trust(now)) ? { payload, redundant, who, isProven } : undefined;
  }

  /** What to make of each of the others' voices now, of those that were heard. */
  trust(now: number): Map<string, Trust> {
    const trusts = new Map<string, Trust>();
    for (const { slot, who } of this.#agreed.roster) {
      const other = this.#other(slot);
      if (other?.heard) trusts.set(who, other.hearer.trust(now));
    }
    return trusts;
  }

  /** Whether one has a place on the stage. */
  get isUp(): boolean {
    return this.#agreed.roster.some((place) => this.#isMine(place));
  }

  /** What can be reported of a voice; it stays so until it is asked again. */
  hold(now: number, who: string): Piece[] {
    return this.#ring.hold(now, who);
  }

  /** What a report is to have of pieces that are held; they are dropped. */
  show(pieces: readonly number[]): Shown | undefined {
    const shown = this.#ring.show(pieces);
    this.#ring.release();
    return shown;
  }

  /** Who has a slot now, if it is not oneself. */
  #other(slot: number): Other | undefined {
    const place = this.#agreed.roster.find((one) => one.slot === slot);
    return place && this.#others.get(nameOf(place));
  }

  #isMine({ cert }: Place): boolean {
    return cert.every((byte, i) => byte === this.#cert[i]);
  }
}

/** Whether a voice is played that is trusted so. */
export const plays = (trust: Trust) => trust === 'proven' || trust === 'unproven';
