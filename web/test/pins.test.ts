import { describe, expect, it } from 'vitest';
import { isKnown, type Pins, pinned, seen } from '../src/models/pins.ts';

const voice = (who: string, device: string) => ({ who, device, trust: 'proven' as const });

describe('the devices of people', () => {
  it('are taken for theirs when nothing is known of somebody', () => {
    const pins = seen(new Map(), [voice('ada', 'a'), voice('ben', 'b')]);
    expect(isKnown(pins, 'ada', 'a')).toBe(true);
    expect(isKnown(pins, 'ben', 'a')).toBe(false);
  });

  it('are not, when another one is known', () => {
    const before = seen(new Map(), [voice('ada', 'a')]);
    const after = seen(before, [voice('ada', 'x')]);
    expect(after).toBe(before);
    expect(isKnown(after, 'ada', 'x')).toBe(false);
    const accepted = pinned(after, 'ada', 'x');
    expect([isKnown(accepted, 'ada', 'x'), isKnown(accepted, 'ada', 'a')]).toEqual([true, true]);
  });

  it('are remembered of so many people, and so many of each', () => {
    let pins: Pins = new Map();
    for (let n = 0; n < 600; n++) pins = seen(pins, [voice(`person ${n}`, 'a')]);
    expect(pins.size).toBe(500);
    expect([pins.has('person 0'), pins.has('person 599')]).toEqual([false, true]);
    for (let n = 0; n < 9; n++) pins = pinned(pins, 'person 599', `device ${n}`);
    expect(pins.get('person 599')).toHaveLength(5);
  });
});
