import { effect, signal } from '@preact/signals';
import type { Lock } from '@stoa/client';
import { account } from './account.ts';
import { seat } from './visit.ts';

/**
 * By which devices people have spoken here before. The first that is seen of
 * somebody is taken for theirs; another one later is asked about, for it may be
 * theirs, or somebody else's.
 */

/** The devices of each person, those seen last at the end. */
export type Pins = ReadonlyMap<string, readonly string[]>;

/** `first`: seen here for the first time; `other`: not one that they had before. */
export type Known = 'known' | 'first' | 'other';

const peopleMax = 500;
const devicesMax = 5; // of each

/** Who is known by what, of the person who is here. */
export const pins = signal<Pins>(new Map());
/** Whose device was seen for the first time in this visit. */
const firstSeen = signal<ReadonlySet<string>>(new Set());

/** Takes in who speaks by which device. Those of whom nothing is known are taken for known. */
export function seen(pins: Pins, voices: Lock['voices']): Pins {
  const news = voices.filter(({ who, device }) => device && !pins.has(who));
  return news.reduce((all, { who, device }) => pinned(all, who, device), pins);
}

/** Takes a device for somebody's. */
export function pinned(pins: Pins, who: string, device: string): Pins {
  const others = (pins.get(who) ?? []).filter((one) => one !== device);
  const all = new Map(pins);
  all.delete(who); // the last is the one seen last
  all.set(who, [...others, device].slice(-devicesMax));
  return new Map([...all].slice(-peopleMax));
}

/** Whether somebody has a device that they had before. */
export function isKnown(pins: Pins, who: string, device: string): boolean {
  return pins.get(who)?.includes(device) ?? false;
}

/** What is known of a voice. Of oneself all is. */
export function knownOf({ who, device }: Lock['voices'][number]): Known {
  if (account.value.kind === 'in' && account.value.me.id === who) return 'known';
  if (!isKnown(pins.value, who, device)) return 'other';
  return firstSeen.value.has(who) ? 'first' : 'known';
}

/** It is them: from now on the device is known. */
export function accept(who: string, device: string): void {
  pins.value = pinned(pins.peek(), who, device);
}

/** Notes by which devices people speak; returns how to stop. */
export function startPins(): () => void {
  const stops = [
    effect(() => {
      const { value } = account;
      if (value.kind === 'in') pins.value = read(value.me.id);
      firstSeen.value = new Set();
    }),
    effect(() => {
      const { value } = account;
      const lock = seat.value?.lock.value;
      if (value.kind !== 'in' || !lock) return;
      const others = lock.voices.filter(({ who }) => who !== value.me.id);
      const before = pins.peek();
      const after = seen(before, others);
      if (after === before) return;
      const fresh = [...after.keys()].filter((who) => !before.has(who));
      firstSeen.value = new Set([...firstSeen.peek(), ...fresh]);
      pins.value = after;
    }),
    effect(() => {
      const all = pins.value;
      const { value } = account;
      if (value.kind === 'in' && all.size > 0) write(value.me.id, all);
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

const keyOf = (me: string) => `stoa.pins.${me}`;

function read(me: string): Pins {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(keyOf(me)) ?? '[]');
    return new Map(kept as [string, string[]][]);
  } catch {
    return new Map(); // it was not written by us
  }
}

function write(me: string, pins: Pins): void {
  localStorage.setItem(keyOf(me), JSON.stringify([...pins]));
}
