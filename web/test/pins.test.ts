import { describe, expect, it } from 'vitest';
import {
  accept,
  compare,
  devicesMax,
  judge,
  meet,
  type Pins,
  peopleMax,
  type Voice,
} from '../src/models/pins.ts';

const day = 86_400_000;
const nobody: Pins = new Map();
const voice = (who: string, device = `${who}'s phone`): Voice => ({ who, device });
const [ada, ben, cleo] = [voice('ada'), voice('ben'), voice('cleo')];
const elsewhere = voice('ada', 'another');
const states = (known: Pins, visit: number, ...voices: Voice[]) =>
  voices.map((v) => judge(known, v, visit).state);

describe('whom one knows', () => {
  it('a first device is remembered without a word, and known on the next visit', () => {
    const known = meet(nobody, [ada, ben], 100);
    expect(states(known, 90, ada, ben, cleo)).toEqual(['new', 'new', 'new']);
    expect(states(known, 200, ada, ben, cleo)).toEqual(['known', 'known', 'new']);
    expect(judge(known, ada, 200).pin?.since).toBe(100);
  });

  it('another device of somebody known is noticed, and stays so', () => {
    const known = meet(nobody, [ada], 100);
    const later = meet(known, [elsewhere, ben], 100 + 9 * day);
    expect(states(later, 100 + 9 * day, elsewhere, ada, ben)).toEqual(['changed', 'known', 'new']);
  });

  it('of two devices under one name at once, the second is noticed', () => {
    expect(states(meet(nobody, [ada, elsewhere], 100), 0, ada, elsewhere)).toEqual([
      'new',
      'changed',
    ]);
  });

  it('until one says that it is them; the first one stays known', () => {
    const known = accept(meet(nobody, [ada], 100), elsewhere, 300);
    expect(states(known, 400, elsewhere, ada)).toEqual(['known', 'known']);
    expect(accept(known, elsewhere, 500)).toBe(known);
  });

  it('nobody is verified whom nobody has verified', () => {
    let known = meet(nobody, [ada, ben], 100);
    known = accept(meet(known, [ada, ben, cleo], 3 * day), elsewhere, 4 * day);
    expect(states(known, 5 * day, ada, ben, cleo, elsewhere)).not.toContain('verified');
  });

  it('a compared code speaks for the devices that were there, and no others', () => {
    const known = compare(meet(nobody, [ada, ben], 100), [elsewhere, cleo], 300);
    expect(states(known, 400, elsewhere, cleo, ada, ben)).toEqual([
      'verified',
      'verified',
      'known',
      'known',
    ]);
    expect(judge(known, cleo, 400).pin).toEqual({ device: cleo.device, since: 300, compared: 300 });
    const again = compare(known, [cleo], 900);
    expect(judge(again, cleo, 0).pin).toEqual({ device: cleo.device, since: 300, compared: 900 });
    expect(judge(meet(again, [voice('cleo', 'new')], 999), voice('cleo', 'new'), 0).state).toBe(
      'changed',
    );
  });

  it('nothing is written when nothing is news', () => {
    const known = meet(nobody, [ada], 100);
    expect(meet(known, [ada], 100 + day - 1)).toBe(known);
    expect(meet(known, [elsewhere], 100 + 2 * day)).toBe(known);
    expect(meet(known, [], 900)).toBe(known);
    expect(meet(known, [ada], 100 + day).get('ada')?.heard).toBe(100 + day);
  });

  it('who was not heard for longest is given up when there are too many', () => {
    const crowd = Array.from({ length: peopleMax }, (_, n) => [
      `p${n}`,
      { pins: [{ device: 'd', since: 0 }], heard: 0 },
    ]) as [string, { pins: { device: string; since: number }[]; heard: number }][];
    let known: Pins = new Map(crowd);
    known = meet(known, [voice('p0', 'd')], day); // is heard again
    known = meet(known, [ada], day);
    expect(known.size).toBe(peopleMax);
    expect([known.has('p0'), known.has('p1'), known.has('ada')]).toEqual([true, false, true]);
  });

  it('a person has as many devices as fit, the newest', () => {
    let known = nobody;
    for (let n = 0; n <= devicesMax; n++) known = accept(known, voice('ada', `d${n}`), n);
    expect(known.get('ada')?.pins.length).toBe(devicesMax);
    expect(judge(known, voice('ada', 'd0'), 99).state).toBe('changed');
    expect(judge(known, voice('ada', `d${devicesMax}`), 99).state).toBe('known');
  });

  it('a device whose code was compared gives way last', () => {
    let known = compare(nobody, [ada], 1);
    for (let n = 0; n <= devicesMax; n++) known = accept(known, voice('ada', `d${n}`), 2 + n);
    expect(states(known, 99, ada, voice('ada', 'd1'))).toEqual(['verified', 'changed']);
    for (let n = 0; n <= devicesMax; n++) known = compare(known, [voice('ada', `v${n}`)], 20 + n);
    expect(known.get('ada')?.pins.length).toBe(devicesMax);
    expect(states(known, 99, ada)).toEqual(['changed']);
  });
});
