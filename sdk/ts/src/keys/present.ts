/** Who is on the stage by the room's events. */

/** A person on the stage. `away`: their connection is lost. */
export interface Standing {
  who: string;
  away: boolean;
}

const stageMax = 32;

export class Present {
  readonly me: string;
  /** Since when one is seated; nothing before that. */
  entered: number | undefined;
  #stage: readonly Standing[] = [];

  constructor(me: string) {
    this.me = me;
  }

  /** Takes in who is on the stage, longest-standing first. */
  see(stage: readonly Standing[]): void {
    const first = new Map<string, Standing>();
    for (const one of stage) if (!first.has(one.who)) first.set(one.who, one);
    this.#stage = [...first.values()].slice(0, stageMax);
  }

  get stage(): readonly string[] {
    return this.#stage.map(({ who }) => who);
  }

  has(who: string): boolean {
    return this.#stage.some((one) => one.who === who);
  }

  /** Whether somebody is on the stage and connected. Of oneself, the events may not know it yet. */
  connected(who: string): boolean {
    const found = this.#stage.find((one) => one.who === who);
    if (!found) return false;
    return !found.away || (who === this.me && this.entered !== undefined);
  }
}

// --- times, in milliseconds; what never comes is undefined ---

export type Time = number | undefined;

export const isDue = (at: Time, now: number): at is number => at !== undefined && now >= at;

export function earliest(...times: Time[]): Time {
  const known = times.filter((time) => time !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}

export const latest = (first: number, ...times: Time[]): number =>
  Math.max(first, ...times.filter((time) => time !== undefined));
