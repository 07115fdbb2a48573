/**
 * One client's view of what those in a room agree on: `docs/protocol/keys.md`,
 * section "Who does what". It has no clock and no network: it is told the time
 * and what the node says, and says what is to be asked. It lives as long as a
 * visit does, and nothing of it is kept. `sdk/go/group` is the same in Go.
 *
 * What it does takes its time (a browser's keys do), so that one thing is done
 * after another, in the order in which it was told.
 */
import { type KeyNotice, Outbox, type Request } from './asking.ts';
import { makeBox } from './letters.ts';
import { type Epoch, type Ignored, ignore, Member, type Said, type Self } from './member.ts';
import {
  hashCert,
  hashPeople,
  kems,
  makeCert,
  makeKnock,
  parseID,
  toText,
  writeCert,
  writeKnock,
} from './messages.ts';
import { earliest, Present, type Standing, type Time } from './present.ts';
import { roomCode } from './schedule.ts';
import type { Place } from './stage.ts';
import { Steward } from './steward.ts';
import { Turns } from './turns.ts';
import { Reader, Writer } from './words.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const ed25519 = { name: 'Ed25519' };

/** The key by which a person's device is known to others: Ed25519. */
export interface Device {
  /** The private key: it signs, and cannot be exported. */
  key: CryptoKey;
  publicKey: Bytes;
}

export interface Visit {
  /** The id of the room. */
  room: string;
  /** Of the person. */
  who: string;
  device: Device;
  closed: boolean;
}

/** Who speaks in a slot, and by which device. */
export interface Voice extends Place {
  device: Bytes;
}

/** What those who seal and open frames need to know, and what a person may be shown. */
export interface State {
  /** Whose secrets can be used, newest first; at most two. */
  epochs: readonly Epoch[];
  roster: readonly Voice[];
  holders: number;
  /** When the announce in force was made, by the announcer's clock. */
  since: number | undefined;
  /** Listeners are to play only what is proven. */
  proven: boolean;
  /** 30 digits; empty without the secret of the newest epoch. */
  code: string;
  /** The epoch in force, 0 without its secret. */
  epoch: number;
  steward: string | undefined;
  tending: boolean;
  ignored: Ignored;
}

/** The room, as far as its keys are concerned. */
export interface Scene {
  /** Who is on the stage, longest-standing first. */
  stage: readonly Standing[];
  closed: boolean;
  /** Listeners are to play only what is proven. */
  proven: boolean;
}

export class Group {
  readonly #room: string;
  readonly #self: Self;
  readonly #present: Present;
  readonly #member: Member;
  readonly #steward: Steward;
  readonly #outbox = new Outbox();
  readonly #ignored: Ignored = new Map();
  readonly #turns = new Turns();
  #voices: { of: Said | undefined; all: readonly Voice[] } = { of: undefined, all: [] };
  #at = 0; // of the last step

  /** The view of a client that is about to come in, with keys of its own. */
  static async make({ room, who, device, closed }: Visit): Promise<Group> {
    const about = { room: parseID(room), who: parseID(who) };
    if (!about.room || !about.who) throw new TypeError('no id of a room or a person');
    const ids = { room: about.room, who: about.who };
    const page = (await crypto.subtle.generateKey(ed25519, false, [
      'sign',
      'verify',
    ])) as CryptoKeyPair;
    const keys = {
      member: crypto.getRandomValues(new Uint8Array(8)),
      page: new Uint8Array(await crypto.subtle.exportKey('raw', page.publicKey)),
      device: device.publicKey,
    };
    const cert = await makeCert(device.key, keys, ids);
    const box = await makeBox(closed ? kems.xWing : kems.x25519);
    const knock = await makeKnock(page.privateKey, { cert, kem: box.kem, key: box.key }, ids);
    const text = toText(writeKnock(knock));
    const self = { room: ids.room, cert, page: page.privateKey, box, knock: text };
    return new Group(room, who, self, closed);
  }

  private constructor(room: string, who: string, self: Self, closed: boolean) {
    this.#room = room;
    this.#self = self;
    this.#present = new Present(who);
    this.#member = new Member(self, this.#present, this.#ignored, this.#outbox);
    this.#steward = new Steward(
      ...([self, this.#present, this.#member, this.#ignored, this.#outbox, closed] as const),
    );
  }

  /** The key by which one signs one's voice, and the hash of the cert that says so. */
  async voice(): Promise<{ sign: CryptoKey; cert: Bytes }> {
    return { sign: this.#self.page, cert: await hashCert(this.#self.cert) };
  }

  /** Who reads and writes by the keys of this client. */
  desk(): { writer: Writer; reader: Reader } {
    const { room, cert, page } = this.#self;
    const who = parseID(this.#present.me);
    if (!who) throw new TypeError('no id of a person');
    return { writer: new Writer({ room, who }, cert, page), reader: new Reader(room) };
  }

  /**
   * The client is seated, for the first time or again: the node may know nothing
   * of it any more, and requests that were not answered are lost.
   */
  entered(now: number): Promise<void> {
    return this.#turn(now, async () => {
      this.#steward.enter();
      this.#outbox.clear();
      this.#present.entered = now;
      this.#member.enter(now);
    });
  }

  /**
   * Who is on the stage by the room's events, longest-standing first, and
   * whether the room is closed.
   */
  see(now: number, { stage, closed, proven }: Scene): Promise<void> {
    return this.#turn(now, async () => {
      this.#present.see(stage);
      this.#steward.closed = closed;
      this.#steward.proven = proven;
      const kept = this.#member.takeKept();
      if (kept) await this.#hearAnnounce(now, kept);
    });
  }

  /** Takes in what the node says. */
  hear(now: number, notice: KeyNotice): Promise<void> {
    return this.#turn(now, async () => {
      const { announce, letter, knocks, untended } = notice;
      if (announce?.room === this.#room) {
        await this.#hearAnnounce(now, announce);
      } else if (letter?.room === this.#room) {
        if (await this.#member.hearLetter(now, letter.letter)) this.#steward.acted();
      } else if (knocks?.room === this.#room) {
        await this.#steward.hearKnocks(now, knocks);
      } else if (untended?.room === this.#room) {
        this.#steward.hearUntended(now);
      } else {
        ignore(this.#ignored, 'malformed');
      }
    });
  }

  /** The answer to a request to tend: the newest announce that the node has, 0 for none. */
  tended(now: number, sequence: number, epoch: number): Promise<void> {
    return this.#turn(now, async () => this.#steward.tended(now, sequence, epoch));
  }

  /** The answer to an announce that was stale, or to anything else that only who tends may ask. */
  refused(now: number): Promise<void> {
    return this.#turn(now, async () => this.#steward.refuse(now));
  }

  /** Does what is due. */
  tick(now: number): Promise<void> {
    return this.#turn(now, async () => {});
  }

  /** When `tick` wants to be called; nothing: not before something else is. */
  get due(): Time {
    return earliest(...this.#member.due, this.#steward.dueAfter(this.#at));
  }

  /** What is to be asked of the node, in this order. */
  take(): Request[] {
    return this.#outbox.take();
  }

  /** What is known, when all is done that was told before. */
  state(): Promise<State> {
    return this.#turns.take(async () => {
      const { said, current, epochs, line } = this.#member;
      if (said && this.#voices.of !== said) this.#voices = { of: said, all: await voicesOf(said) };
      return {
        ...{ epochs, roster: said ? this.#voices.all : [], steward: line[0] },
        ...{ holders: said?.holders ?? 0, since: said?.time, proven: said?.proven ?? false },
        code: said && current ? await roomCode(current.secret, await hashPeople(said)) : '',
        ...{ epoch: current?.number ?? 0, tending: this.#steward.tending },
        ignored: new Map(this.#ignored),
      };
    });
  }

  async #hearAnnounce(now: number, notice: NonNullable<KeyNotice['announce']>): Promise<void> {
    const before = this.#member.said?.epoch;
    const said: Said | undefined = await this.#member.hearAnnounce(now, notice);
    if (!said) return;
    this.#member.take(now, said, this.#steward.made);
    this.#steward.told(now, said, said.epoch !== before);
  }

  #turn(now: number, act: () => Promise<void>): Promise<void> {
    return this.#turns.take(async () => {
      await act();
      this.#at = now;
      this.#member.forget(now);
      this.#steward.standInLine(now);
      await this.#steward.serve(now);
      this.#member.knockAgain(now, this.#steward.tending);
    });
  }
}

function voicesOf({ places, stage }: Said): Promise<Voice[]> {
  const voices = places.map(async ({ slot, cert }, i) => ({
    ...{ slot, who: stage[i] ?? '', device: cert.device },
    ...{ cert: await hashCert(cert), certificate: writeCert(cert) },
    page: await crypto.subtle.importKey('raw', cert.page, ed25519, false, ['verify']),
  }));
  return Promise.all(voices);
}
