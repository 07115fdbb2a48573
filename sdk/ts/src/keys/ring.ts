/**
 * What was said in the last two minutes, sealed as it came, with the keys that
 * have opened it: so that a listener can show moderators what somebody has
 * said, though nobody records. It is in the memory of one worker, for two
 * minutes, and what is not reported goes with it: `docs/protocol/keys.md`,
 * section "Reports".
 */

type Bytes = Uint8Array<ArrayBuffer>;

/** For how many milliseconds a frame is remembered. */
export const remembered = 120_000;

/** How many frames of all voices: eight for as long. */
const framesMax = 8 * 120 * 50;

const sweepEvery = 1000; // ms

/** A frame as it came, and what has opened it. */
export interface Heard {
  sealed: Bytes;
  kid: bigint;
  /** Key of its window. */
  window: Bytes;
}

/** A stretch of a voice that can be reported: what one window's key opens. */
export interface Piece {
  id: number;
  /** When its first and its last frame came, in milliseconds since 1970. */
  from: number;
  to: number;
  frames: number;
}

interface Stretch {
  id: number;
  who: string;
  cert: Bytes;
  kid: bigint;
  window: Bytes;
  frames: { at: number; sealed: Bytes }[];
}

/** What is to be shown of a voice. */
export interface Shown {
  cert: Bytes;
  windows: { kid: bigint; key: Bytes }[];
  frames: Bytes[];
}

export class Ring {
  #stretches: Stretch[] = []; // by their newest frames, the oldest first
  #held: Stretch[] = [];
  #frames = 0;
  #swept = Number.NEGATIVE_INFINITY;
  #last = 0;

  /** Remembers a frame of who speaks by a cert. */
  keep(now: number, who: string, cert: Bytes, { sealed, kid, window }: Heard): void {
    let at = this.#stretches.findLastIndex((one) => one.window === window && one.who === who);
    if (at < 0) {
      at = this.#stretches.push({ id: ++this.#last, who, cert, kid, window, frames: [] }) - 1;
    }
    const [stretch] = this.#stretches.splice(at, 1) as [Stretch];
    this.#stretches.push(stretch);
    stretch.frames.push({ at: now, sealed });
    this.#frames++;
    if (now - this.#swept >= sweepEvery) this.forget(now);
  }

  /** Forgets what is too old, or too much. */
  forget(now: number): void {
    this.#swept = now;
    for (const { frames } of this.#stretches) {
      const fresh = frames.findIndex(({ at }) => now - at <= remembered);
      this.#frames -= frames.splice(0, fresh < 0 ? frames.length : fresh).length;
    }
    this.#stretches = this.#stretches.filter(({ frames }) => frames.length > 0);
    while (this.#frames > framesMax) {
      this.#frames -= this.#stretches.shift()?.frames.length ?? 0;
    }
  }

  /**
   * Keeps what there is of a voice now for a report, however long somebody
   * writes on it, instead of what was kept so before. The newest comes last.
   */
  hold(now: number, who: string): Piece[] {
    this.forget(now);
    this.#held = this.#stretches
      .filter((one) => one.who === who)
      .map((one) => ({ ...one, frames: [...one.frames] }))
      .sort((a, b) => a.id - b.id);
    return this.#held.map(({ id, frames }) => ({
      ...{ id, from: frames[0]?.at ?? now, to: frames.at(-1)?.at ?? now },
      frames: frames.length,
    }));
  }

  /** Drops what was kept for a report. */
  release(): void {
    this.#held = [];
  }

  /**
   * What is to be shown of pieces that are held. Nothing, when there are none
   * of one cert: a report is about one visit of one person.
   */
  show(pieces: readonly number[]): Shown | undefined {
    const held = this.#held.filter(({ id }) => pieces.includes(id));
    const cert = held.at(-1)?.cert;
    // Of one name there is one key: sixteen epochs later it comes again.
    const all = held.filter(
      (one, i) => one.cert === cert && held.findIndex(({ kid }) => kid === one.kid) === i,
    );
    if (!cert || all.length === 0) return undefined;
    return {
      cert,
      windows: all.map(({ kid, window }) => ({ kid, key: window })),
      frames: all.flatMap(({ frames }) => frames.map(({ sealed }) => sealed)),
    };
  }
}
