/**
 * Seals the frames of a voice from end to end, and signs them, so that a
 * listener who could seal them just as well (all who are inside hold the same
 * secret) can not be taken for the speaker: `docs/protocol/keys.md`, section
 * "Voices". `sdk/go/voice` is the same in Go, and `test/vectors/voice.json`
 * holds for both. Nothing here knows a clock or a network.
 */
import { join, same } from './bytes.ts';
import { epochLow, kid, parseKid, windowFrames, windowKey } from './schedule.ts';
import { Key, parseHeader, Window } from './sframe.ts';
import { Turns } from './turns.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** How many frames one signature covers at most. */
export const batchMax = 25;

/** How many more frames carry a proof at most, where packets are lost. */
export const repeatsMax = 5;

const repeatApart = 3; // frames, so that no burst takes them all
const flagProof = 1;
const flagRedundant = 2;
const hashLength = 10; // bytes of SHA-256: a second preimage costs 2^80
const signatureLength = 64;
// A proof: the key, the number of the first frame, how many frames, the
// signature, a hash of each.
const proofHead = 8 + 8 + 1 + signatureLength;
const label = new TextEncoder().encode('stoa voice 1');
const ed25519 = { name: 'Ed25519' };

/** What is made before it is needed. A frame that had to wait for it, in each
 * window, would make a listener's browser wait longer for all of them. */
interface Coming<T> {
  name: bigint;
  made: Promise<T>;
}

/** From which frame of a window on the next one's key is made. */
const aheadFrom = windowFrames - 50;

async function hashOf(sealed: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', sealed)).subarray(0, hashLength);
}

/** What says that frames of one key, behind one another, are the speaker's. */
interface Proof {
  kid: bigint;
  first: bigint;
  hashes: Bytes;
  signature: Bytes;
}

const countOf = ({ hashes }: Proof) => hashes.length / hashLength;

function proofStart({ kid, first, hashes }: Omit<Proof, 'signature'>): Bytes {
  const bytes = new DataView(new ArrayBuffer(17));
  bytes.setBigUint64(0, kid);
  bytes.setBigUint64(8, first);
  bytes.setUint8(16, hashes.length / hashLength);
  return new Uint8Array(bytes.buffer);
}

/** What the signature is over. The commitment to the key is not sent. */
const signed = (p: Omit<Proof, 'signature'>, commit: Bytes) =>
  join(label, proofStart(p), commit, p.hashes);

/** What is said in a frame: an Opus packet, or RED (RFC 2198) where it is redundant. */
export interface Said {
  payload: Bytes;
  redundant: boolean;
}

/** What is said, and by which key it was sealed. */
export interface Opened extends Said {
  kid: bigint;
  /** Key of its window. */
  window: Bytes;
  /** Whether it is proven to be its speaker's, by now. */
  isProven: () => boolean;
}

/** Reads what a frame carries. Nothing, when it is malformed. */
export function parse(bytes: Bytes): (Said & { proof?: Proof }) | undefined {
  const flags = bytes[0];
  if (flags === undefined || flags & ~(flagProof | flagRedundant)) return undefined;
  const rest = bytes.subarray(1);
  const redundant = (flags & flagRedundant) !== 0;
  if (!(flags & flagProof)) return { payload: rest, redundant };
  if (rest.length < proofHead) return undefined;
  const view = new DataView(rest.buffer, rest.byteOffset);
  const [key, first, count] = [view.getBigUint64(0), view.getBigUint64(8), view.getUint8(16)];
  const end = proofHead + count * hashLength;
  const beyond = BigInt.asUintN(64, first + BigInt(count)) < first;
  if (count === 0 || count > batchMax || rest.length < end || beyond) return undefined;
  const [signature, hashes] = [rest.subarray(17, proofHead), rest.subarray(proofHead, end)];
  return { proof: { kid: key, first, signature, hashes }, payload: rest.subarray(end), redundant };
}

// --- who speaks ---

/** Seals one's own frames, in the order in which it is asked to. */
export class Speaker {
  readonly #sign: CryptoKey;
  readonly #slot: number;
  readonly #turns = new Turns();
  #batch = batchMax;

  #epoch = -1;
  #sender: Bytes | undefined;
  #next = 0; // number of the next frame
  #key: Key | undefined;
  #commit: Bytes = new Uint8Array(0); // to the key
  #coming: Coming<{ key: Key; commit: Bytes }> | undefined; // of the next window

  #first = 0; // of the frames that no proof covers yet
  #hashes: Promise<Bytes>[] = []; // of theirs
  #closing: Promise<void> = Promise.resolve();
  #proof: Bytes = new Uint8Array(0); // to be carried
  #again = 0; // so many frames are still to carry it; -1: it is new
  #apart = 0; // frames until the next one that is

  /**
   * A speaker who signs with a key that was made for this visit alone. A
   * signature covers `batch` frames.
   */
  constructor(sign: CryptoKey, slot: number, batch: number) {
    this.#sign = sign;
    this.#slot = slot;
    this.setBatch(batch);
  }

  /** Has a signature cover so many frames from now on. */
  setBatch(frames: number): void {
    this.#batch = Math.min(Math.max(Math.floor(frames), 1), batchMax);
  }

  /** Begins an epoch, which must be newer than the one before: a number is used once. */
  rekey(epoch: number, sender: Bytes): Promise<void> {
    return this.#turns.take(async () => {
      if (epoch <= this.#epoch) throw new RangeError('not a new epoch');
      await this.#close();
      this.#epoch = epoch;
      this.#sender = sender;
      this.#next = 0;
      this.#key = undefined;
    });
  }

  /**
   * Has the next frame carry the newest proof once more: the frame that did so may
   * have been lost with a connection.
   */
  repeat(): void {
    if (!this.#proof.length || this.#again < 0) return;
    this.#again = Math.max(this.#again, 1);
    this.#apart = 0;
  }

  /**
   * Seals what is said. Where packets are lost, each proof is carried by
   * `repeats` more frames. An empty payload, a pause, stays what it is.
   */
  seal(payload: Bytes, redundant = false, repeats = 0): Promise<Bytes> {
    return this.#turns.take(async () => {
      if (!payload.length) return payload;
      const key = await this.#turn();
      await this.#closing;
      if (this.#hashes.length >= this.#batch) await this.#close(); // it was made smaller
      const proof = this.#carry(Math.min(repeats, repeatsMax));
      const flags = (proof.length ? flagProof : 0) | (redundant ? flagRedundant : 0);
      const plain = join(Uint8Array.of(flags), proof, payload);
      const number = this.#next++; // used up, whatever comes of it
      const sealed = await key.seal(BigInt(number), plain);
      if (!this.#hashes.length) this.#first = number;
      // A frame waits for nothing that only later ones need.
      this.#hashes.push(hashOf(sealed));
      if (number % windowFrames === aheadFrom) {
        const following = BigInt(Math.floor(number / windowFrames) + 1);
        this.#coming = this.#prepare(kid(this.#epoch, this.#slot, following));
      }
      if (this.#hashes.length >= this.#batch) void this.#close();
      return sealed;
    });
  }

  /** The key of the window that the next frame is in. */
  async #turn(): Promise<Key> {
    if (!this.#sender) throw new RangeError('no epoch has begun');
    if (this.#key && this.#next % windowFrames) return this.#key;
    await this.#close();
    const name = kid(this.#epoch, this.#slot, BigInt(Math.floor(this.#next / windowFrames)));
    const coming = this.#coming?.name === name ? this.#coming : undefined;
    const { key, commit } = await (coming ?? this.#prepare(name)).made;
    this.#coming = undefined;
    this.#commit = commit;
    this.#key = key;
    return key;
  }

  /** Makes the key that goes by a name. */
  #prepare(name: bigint): Coming<{ key: Key; commit: Bytes }> {
    const sender = this.#sender ?? new Uint8Array(0);
    const made = (async () => {
      const { key, commit } = await windowKey(sender, parseKid(name).window);
      return { key: await Key.derive(name, key), commit };
    })();
    made.catch(() => {}); // whoever needs it is told
    return { name, made };
  }

  /** Signs what was sealed since the last proof, one batch after the other. */
  #close(): Promise<void> {
    this.#closing = this.#closing.then(() => this.#conclude());
    return this.#closing;
  }

  async #conclude() {
    if (!this.#key || !this.#hashes.length) return;
    const { kid } = this.#key;
    const hashes = join(...(await Promise.all(this.#hashes)));
    const made = { kid, first: BigInt(this.#first), hashes };
    const by = await crypto.subtle.sign(ed25519, this.#sign, signed(made, this.#commit));
    this.#proof = join(proofStart(made), new Uint8Array(by), made.hashes);
    this.#again = -1;
    this.#apart = 0;
    this.#hashes = [];
  }

  /** The proof that waits, if it is this frame's turn. */
  #carry(repeats: number): Bytes {
    if (this.#again < 0) this.#again = 1 + repeats;
    if (this.#apart > 0) this.#apart--;
    else if (this.#again > 0) {
      this.#again--;
      this.#apart = repeatApart - 1;
      return this.#proof;
    }
    return new Uint8Array(0);
  }
}

// --- who hears ---

/** How many milliseconds a frame may be without a proof. */
export const proofWait = 1000;

// Bounds of what is remembered of one voice.
const forgedHold = 5000; // ms for which a voice is not trusted after a forgery
const pardonEvery = 10_000; // ms: so often frames of one batch may stay without a proof
const epochsMax = 2; // at once, while one follows the other
const windowsMax = 3n; // of an epoch, whose keys are kept
const windowsFar = 720n; // an hour: how far a frame may be from the last that opened
const pendingMax = 1024; // frames without a proof
const proofsMax = 8; // for frames that come after theirs

/** What to make of a voice. What is `overdue` or `forged` is not played. */
export type Trust = 'unproven' | 'proven' | 'overdue' | 'forged';

interface Stretch {
  number: bigint;
  window: Bytes; // of which the key is
  key: Key;
  commit: Bytes;
  seen: Window;
}

/** A frame that is without a proof. */
interface Pending {
  kid: bigint;
  ctr: bigint;
  hash: Bytes;
  commit: Bytes; // to the key
  at: number; // when it came
  proven: boolean;
  passed: boolean; // one that came later is proven
}

interface Epoch {
  number: number;
  sender: Bytes;
  windows: Map<bigint, Stretch>;
  coming: Coming<Stretch> | undefined;
  last: bigint; // window of the last frame that opened; -1: none has
}

/** Opens the frames of one voice and checks whose they are. */
export class Hearer {
  readonly #signer: CryptoKey;
  readonly #slot: number;
  readonly #turns = new Turns();
  #epochs: Epoch[] = []; // newest last
  #pending: Pending[] = []; // as they came
  #proofs: Proof[] = []; // good ones, newest last
  #proven = false;
  #overdue = false;
  #pardon = Number.NEGATIVE_INFINITY; // when a lost proof was passed over last
  #forged = Number.NEGATIVE_INFINITY; // when something was found to be

  /** One who knows the speaker in a slot by the key that they sign with. */
  constructor(signer: CryptoKey, slot: number) {
    this.#signer = signer;
    this.#slot = slot;
  }

  /** Adds an epoch, newer than those before. The one before the last is forgotten. */
  rekey(number: number, sender: Bytes) {
    const newest = this.#epochs.at(-1);
    if (newest && number <= newest.number) throw new RangeError('not a new epoch');
    this.#epochs.push({ number, sender, windows: new Map(), coming: undefined, last: -1n });
    this.#epochs = this.#epochs.slice(-epochsMax);
  }

  /** Drops all epochs before one. */
  forget(before: number) {
    this.#epochs = this.#epochs.filter(({ number }) => number >= before);
  }

  /**
   * What is said in the frame that `sealed` is, which may be played for as long as `trust`
   * says so. Nothing, when it is not this voice's, or has come before. `now` is
   * in milliseconds.
   */
  open(now: number, sealed: Bytes): Promise<Opened | undefined> {
    return this.#turns.take(async () => {
      if (!sealed.length) return undefined; // a pause
      const header = parseHeader(sealed);
      const found = header && (await this.#find(header.kid));
      const [opened, hash] = await Promise.all([found?.stretch.key.open(sealed), hashOf(sealed)]);
      if (!found || !opened || !found.stretch.seen.take(opened.ctr)) return undefined;
      this.#keep(found.epoch, found.stretch);
      this.#lookAhead(found.epoch, found.stretch, opened.ctr);
      const said = parse(opened.frame);
      if (!said || opened.ctr / BigInt(windowFrames) !== found.stretch.number) {
        this.#forged = now; // it opens, and no speaker of ours would seal that
        return undefined;
      }
      if (this.#pending.length === pendingMax) {
        this.#pending.shift();
        this.#overdue = true;
      }
      const { kid, ctr } = opened;
      const { commit } = found.stretch;
      const frame = { kid, ctr, hash, commit, at: now, proven: false, passed: false };
      if (!this.#covered(now, frame)) this.#pending.push(frame);
      // The frame does not wait for it, and what comes next does.
      const { proof } = said;
      if (proof) void this.#turns.take(() => this.#check(now, proof));
      const { payload, redundant } = said;
      const { window } = found.stretch;
      return { payload: payload.slice(), redundant, kid, window, isProven: () => frame.proven };
    });
  }

  /** What opens the frames that go by `kid`. */
  async #find(kid: bigint): Promise<{ epoch: Epoch; stretch: Stretch } | undefined> {
    const { epochLow: low, slot, window } = parseKid(kid);
    const epoch = this.#epochs.findLast(({ number }) => epochLow(number) === low);
    if (!epoch || slot !== this.#slot) return undefined;
    const known = epoch.windows.get(window);
    if (known) return { epoch, stretch: known };
    // A window that was seen is not made anew: what has come would be new again.
    const { last } = epoch;
    if (last >= 0n && (window + windowsMax <= last || window > last + windowsFar)) return undefined;
    const coming = epoch.coming?.name === kid ? epoch.coming : this.#prepare(epoch, kid);
    return { epoch, stretch: await coming.made };
  }

  /** Makes what opens the frames that go by `kid`. */
  #prepare(epoch: Epoch, kid: bigint): Coming<Stretch> {
    const made = (async () => {
      const { window: number } = parseKid(kid);
      const { key: window, commit } = await windowKey(epoch.sender, number);
      return { number, window, key: await Key.derive(kid, window), commit, seen: new Window() };
    })();
    made.catch(() => {}); // whoever needs it is told
    return { name: kid, made };
  }

  /** Makes what opens the next window, when a frame late in this one has opened. */
  #lookAhead(epoch: Epoch, { number }: Stretch, ctr: bigint) {
    if (ctr % BigInt(windowFrames) < aheadFrom) return;
    const following = kid(epoch.number, this.#slot, number + 1n);
    if (epoch.coming?.name === following || epoch.windows.has(number + 1n)) return;
    epoch.coming = this.#prepare(epoch, following);
  }

  /** Remembers a window by which a frame has opened. */
  #keep(epoch: Epoch, stretch: Stretch) {
    if (stretch.number > epoch.last) epoch.last = stretch.number;
    epoch.windows.set(stretch.number, stretch);
    for (const number of epoch.windows.keys()) {
      if (number + windowsMax <= epoch.last) epoch.windows.delete(number);
    }
  }

  /** Takes in a proof. One that has been checked before says nothing new. */
  async #check(now: number, proof: Proof) {
    const { kid, first } = proof;
    const said = this.#proofs.some(
      (p) => p.kid === kid && p.first === first && same(p.signature, proof.signature),
    );
    if (said) return;
    // Of a frame that waits for it, whose epoch may be over, or of one that may
    // still come.
    const waits = this.#pending.find((frame) => frame.kid === kid);
    const commit = waits?.commit ?? (await this.#find(kid))?.stretch.commit;
    if (!commit) return; // it covers nothing that came
    const text = signed(proof, commit);
    if (!(await crypto.subtle.verify(ed25519, this.#signer, proof.signature, text))) {
      this.#forged = now;
      return;
    }
    this.#proofs = [...this.#proofs, proof].slice(-proofsMax);
    let last = -1; // how many before the last that is covered are not
    const rest: Pending[] = [];
    for (const frame of this.#pending) {
      if (this.#covered(now, frame)) last = rest.length;
      else rest.push(frame);
    }
    // Only what is proven now makes good for what never was: anybody inside can
    // say an old proof again. The voice has been silent for it; what came with
    // it is not held against it once more.
    if (last >= 0 && this.#overdue) {
      this.#overdue = false;
      this.#pending = rest.slice(last);
      return;
    }
    for (const frame of rest.slice(0, Math.max(last, 0))) frame.passed = true;
    this.#pending = rest;
  }

  /** Whether a proof covers a frame; what it says is noted. */
  #covered(now: number, frame: Pending): boolean {
    const { kid, ctr, hash } = frame;
    const proof = this.#proofs.find(
      (p) => p.kid === kid && ctr >= p.first && ctr < p.first + BigInt(countOf(p)),
    );
    if (!proof) return false;
    const at = Number(ctr - proof.first) * hashLength;
    frame.proven = same(hash, proof.hashes.subarray(at, at + hashLength));
    if (frame.proven) this.#proven = true;
    else this.#forged = now;
    return true;
  }

  /** What to make of the voice now. */
  trust(now: number): Trust {
    const late = before(this.#pending, ({ at }) => now - at <= proofWait);
    if (late && !this.#passOver(now, late)) {
      this.#pending.splice(0, late);
      this.#overdue = true;
    }
    if (now - this.#forged < forgedHold) return 'forged';
    if (this.#overdue) return 'overdue';
    return this.#proven ? 'proven' : 'unproven';
  }
  /**
   * Lets frames be whose proof was lost: those before one that is proven, of one batch
   * at most, and not often. The first of them are late.
   */
  #passOver(now: number, late: number): boolean {
    const passed = before(this.#pending, (frame) => !frame.passed);
    if (passed < late || passed > batchMax || now - this.#pardon < pardonEvery) return false;
    this.#pardon = now;
    this.#pending.splice(0, passed);
    return true;
  }
}

/** How many come before the first one that `is` says of. */
function before<T>(list: readonly T[], is: (one: T) => boolean): number {
  const at = list.findIndex(is);
  return at < 0 ? list.length : at;
}
