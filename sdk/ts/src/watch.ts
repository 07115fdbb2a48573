/**
 * When a connection is suspect, and which node is next. A node says ten times a
 * second to those on the stage, and once a second to those who listen, that it is
 * there; whoever does not hear it for a while need not wait for ICE, which takes
 * seconds. Nothing here knows a browser or a clock.
 */
import type { NodeAt } from './http.ts';

/** Milliseconds between two looks. */
export const lookEvery = { stage: 100, audience: 500 } as const;

const bearsUsual = { stage: 350, audience: 1_500 } as const; // ms of silence
const bearsMost = 8; // times as much
const calmAfter = 30_000; // ms without a switch, and one bears no more than usual
const livelyFrom = 5; // packets between two looks
const livelyFor = 20_000; // ms after which nobody misses anything
const hesitation = 300; // ms at most, of one who listens: not all at once

/**
 * Watches what comes over one connection. A look that comes late proves little:
 * the page, or the machine, may have slept. It counts as two that are on time, and
 * if packets came meanwhile they are seen by the same look.
 */
export class Watch {
  #count: number | undefined;
  #looked: number | undefined;
  #silence = 0;
  #lively = Number.NEGATIVE_INFINITY; // when

  /** Takes in how many packets have come by now; looks come every so many milliseconds. */
  look(now: number, count: number, every: number): void {
    const passed = this.#looked === undefined ? 0 : now - this.#looked;
    this.#looked = now;
    if (count !== this.#count) {
      if (count - (this.#count ?? count) >= livelyFrom) this.#lively = now;
      this.#count = count;
      this.#silence = 0;
    } else {
      this.#silence += Math.min(Math.max(passed, 0), 2 * every);
    }
  }

  /** Whether voices came lately: a node keeps quiet where nobody speaks for long. */
  isLively(now: number): boolean {
    return now - this.#lively < livelyFor;
  }

  /** For how many milliseconds nothing has come, as far as that is proven. */
  get silence(): number {
    return this.#silence;
  }
}

/**
 * How much silence one bears. Each switch soon after another doubles it: where the
 * line is to blame, and not the node, switching does not help.
 */
export class Bearing {
  #times = 1;
  #switched = Number.NEGATIVE_INFINITY;

  of(now: number, onStage: boolean): number {
    if (now - this.#switched > calmAfter) this.#times = 1;
    return (onStage ? bearsUsual.stage : bearsUsual.audience) * this.#times;
  }

  /** Notes a switch for silence. */
  switched(now: number): void {
    const soon = now - this.#switched <= calmAfter;
    this.#times = soon ? Math.min(2 * this.#times, bearsMost) : 1;
    this.#switched = now;
  }
}

/** How long to hesitate before a switch for silence; `chance` is from 0 to 1. */
export function hesitate(onStage: boolean, chance: number): number {
  return onStage ? 0 : chance * hesitation;
}

/**
 * The nodes to turn to when `at` is gone, first to last: of the same region, then
 * the rest, both in the order in which they came with the grant, which is another
 * one for each client, so that none is flooded.
 */
export function alternates(nodes: readonly NodeAt[], at: string): string[] {
  const name = nameOf(nodes, at);
  const region = nodes.find(({ id }) => id === name)?.region;
  const others = nodes.filter(({ id }) => id !== name);
  const near = others.filter((node) => node.region === region);
  return [...near, ...others.filter((node) => node.region !== region)].map(({ id }) => id);
}

/** The node after one that was tried, or else the first. */
export function following(
  ranked: readonly string[],
  tried: string | undefined,
): string | undefined {
  const at = tried === undefined ? -1 : ranked.indexOf(tried);
  return ranked[(at + 1) % Math.max(ranked.length, 1)];
}

/** The id of a node that may be said to be '': the one that has let us in. */
export function nameOf(nodes: readonly NodeAt[], at: string): string {
  return at || (nodes.find(({ here }) => here)?.id ?? '');
}

interface Count {
  type: string;
  packetsReceived?: number;
  bytesReceived?: number;
}

/**
 * How much has come, by a browser's statistics; checks of the connection itself
 * are not among it. Nothing, when they say nothing of it.
 */
export function received(stats: Iterable<Count>): number | undefined {
  let sum: number | undefined;
  for (const { type, packetsReceived, bytesReceived } of stats) {
    const came = packetsReceived ?? bytesReceived;
    if (type === 'candidate-pair' && came !== undefined) sum = (sum ?? 0) + came;
  }
  return sum;
}
