// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { Patience } from '../src/patience.ts';

/** Seconds of fifty packets each, of which so many are lost, and the targets that follow. */
function targets(losses: number[], farthest: number | ((second: number) => number)) {
  const patience = new Patience();
  let packetsReceived = 0;
  let packetsLost = 0;
  return losses.map((lost, second) => {
    packetsReceived += 50 - lost;
    packetsLost += lost;
    const reach = typeof farthest === 'number' ? farthest : farthest(second);
    return patience.target(second * 1000, { packetsReceived, packetsLost }, reach);
  });
}

describe('a receiver', () => {
  it('does not wait on a clean line, whatever others lose', () => {
    expect(targets([0, 0, 0], 80)).toStrictEqual([null, null, null]);
  });

  it('waits for the farthest copy while it loses packets, and for ten seconds more', () => {
    const losses = [5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    expect(targets(losses, 80)).toStrictEqual([...Array(10).fill(100), null, null]);
  });

  it('does not wait for copies that nobody sends', () => {
    expect(targets([5, 5, 5], 0)).toStrictEqual([null, null, null]);
    expect(targets([5, 5, 5], (second) => (second < 2 ? 80 : 0))).toStrictEqual([100, 100, null]);
  });

  it('waits as long as new distances ask for', () => {
    expect(targets([5, 5], (second) => (second === 0 ? 80 : 240))).toStrictEqual([100, 260]);
  });

  it('takes what it had to ask for as lost', () => {
    const patience = new Patience();
    const counts = { packetsReceived: 50, packetsLost: 0 };
    expect(patience.target(0, { ...counts, nackCount: 3 }, 80)).toBe(100);
  });

  it('counts a packet that came after all for nothing', () => {
    expect(targets([0, -1, 0], 80)).toStrictEqual([null, null, null]);
  });
});
