/**
 * Whom one has heard by which device: a device's key is remembered with the
 * person the first time it is in a roster. Another one is to be noticed, since
 * a node could name anybody's key as theirs. These are the rules; `lock.ts`
 * keeps what they say.
 */

/** A device of somebody. Times are milliseconds since 1970. */
export interface Pin {
  /** Its public key, base64url. */
  device: string;
  since: number;
  /** When the room's code was compared with it in the roster. */
  compared?: number;
}

/** Whom one knows, those first who were not heard for longest. */
export type Pins = ReadonlyMap<string, { pins: readonly Pin[]; heard: number }>;

export interface Voice {
  who: string;
  device: string;
}

/**
 * `new`: remembered on this visit. `known`: from before, by themselves or by
 * one's own word. `verified`: in a roster whose code was compared. `changed`:
 * the person is known, by other devices.
 */
export type PinState = 'new' | 'known' | 'verified' | 'changed';

export const peopleMax = 5_000;
export const devicesMax = 8; // of one person
const day = 86_400_000;

const pinOf = (known: Pins, { who, device }: Voice) =>
  known.get(who)?.pins.find((pin) => pin.device === device);

/** What to make of a voice. `visit` is when one came in. */
export function judge(known: Pins, voice: Voice, visit: number): { state: PinState; pin?: Pin } {
  if (!known.has(voice.who)) return { state: 'new' };
  const pin = pinOf(known, voice);
  if (!pin) return { state: 'changed' };
  if (pin.compared !== undefined) return { state: 'verified', pin };
  return { state: pin.since < visit ? 'known' : 'new', pin };
}

/** Remembers who is heard for the first time. Of whom is known, nothing is taken on. */
export function meet(known: Pins, voices: readonly Voice[], now: number): Pins {
  return voices.reduce((so, voice) => {
    const there = so.get(voice.who);
    if (!there) return put(so, voice, { since: now }, now);
    // To be written once a day is enough to know who was not heard for long.
    const stale = now - there.heard >= day && pinOf(so, voice) !== undefined;
    return stale ? moved(so, voice.who, { ...there, heard: now }) : so;
  }, known);
}

/** Takes a voice's device on as the person's: somebody says that it is. */
export const accept = (known: Pins, voice: Voice, now: number): Pins =>
  pinOf(known, voice) ? known : put(known, voice, { since: now }, now);

/** Takes all voices on, and that the code of their roster was compared. */
export const compare = (known: Pins, voices: readonly Voice[], now: number): Pins =>
  voices.reduce(
    (so, voice) => put(so, voice, { since: pinOf(so, voice)?.since ?? now, compared: now }, now),
    known,
  );

function put(known: Pins, { who, device }: Voice, pin: Omit<Pin, 'device'>, heard: number): Pins {
  const others = (known.get(who)?.pins ?? []).filter((p) => p.device !== device);
  if (others.length >= devicesMax) others.splice(leastWorth(others), 1);
  const pins = [...others, { device, ...pin }];
  return moved(known, who, { pins, heard });
}

/** The oldest that was not compared; the oldest of all when each of them was. */
const leastWorth = (pins: readonly Pin[]) =>
  Math.max(
    pins.findIndex((p) => p.compared === undefined),
    0,
  );

/** The newest last, and who was not heard for longest given up. */
function moved(known: Pins, who: string, entry: { pins: readonly Pin[]; heard: number }): Pins {
  const next = new Map(known);
  next.delete(who);
  next.set(who, entry);
  for (const oldest of next.keys()) {
    if (next.size <= peopleMax) break;
    next.delete(oldest);
  }
  return next;
}
