/** A receiver waits for copies for so long after it has last lost something. */
const memory = 10_000; // ms
/** From here on a share of lost packets is more than a hiccup. */
const lossMin = 0.01;
/** A copy comes with the frame that carries it, and that takes its time too. */
const slack = 20; // ms

/** What a browser has counted of one stream since it began (RTCInboundRtpStreamStats). */
export interface Counts {
  packetsReceived?: number;
  packetsLost?: number;
  /** How often it has asked for packets again. */
  nackCount?: number;
}

/**
 * How long one receiver waits for what is missing. Copies help only those who
 * are still waiting when they come, and waiting is delay: so a receiver waits
 * while it loses packets and while there are copies, and else not at all.
 */
export class Patience {
  #before: Required<Counts> = { packetsReceived: 0, packetsLost: 0, nackCount: 0 };
  #lostAt = Number.NEGATIVE_INFINITY;

  /**
   * The delay to hold sound back for, in milliseconds, or `null` for the
   * browser's own choice. `farthest` is how much later the last copy of a frame
   * comes; 0 when there are none.
   */
  target(now: number, counts: Counts, farthest: number): number | null {
    const { packetsReceived = 0, packetsLost = 0, nackCount = 0 } = counts;
    const before = this.#before;
    this.#before = { packetsReceived, packetsLost, nackCount };
    // What was asked for and came is not counted as lost, but it was late.
    const missed = packetsLost - before.packetsLost + (nackCount - before.nackCount);
    if (missed > lossMin * (packetsReceived - before.packetsReceived)) this.#lostAt = now;
    return farthest > 0 && now - this.#lostAt < memory ? farthest + slack : null;
  }
}
