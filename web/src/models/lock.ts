import { computed, effect, signal } from '@preact/signals';
import { openDevice, openShelf, type SealedVoice, type Seat, toText } from '@stoa/client';
import { t } from '../words/index.ts';
import { account } from './account.ts';
import { announce } from './notices.ts';
import {
  accept,
  compare,
  judge,
  meet,
  type Pin,
  type PinState,
  type Pins,
  type Voice,
} from './pins.ts';
import { seat } from './visit.ts';

/** Who speaks in the room one is in, and whether they are whom one knows. */

const shelf = openShelf<Pins>('stoa.pins');

/** Whom one knows; nothing while it is being looked up. */
const known = signal<Pins | undefined>(undefined);
let cameIn = 0;

/** A voice of the room's roster, and what one knows of it. */
export interface KnownVoice extends SealedVoice {
  name: string;
  picture: string | undefined;
  mine: boolean;
  state: PinState;
  pin: Pin | undefined;
}

export const voices = computed<KnownVoice[]>(() => {
  const here = seat.value;
  const pins = known.value;
  if (!here || !pins) return [];
  const { people } = here.view.value;
  return here.lock.value.voices.map((voice) => ({
    ...voice,
    pin: undefined,
    ...judge(pins, voice, cameIn),
    name: people.find((p) => p.who === voice.who)?.name ?? t().lock.gone,
    picture: people.find((p) => p.who === voice.who)?.picture,
    mine: voice.who === here.me.value?.who,
  }));
});

/** Changes when somebody else speaks, or by another device; not with what is heard of them. */
const roster = computed(() =>
  (seat.value?.lock.value.voices ?? []).map((v) => `${v.who} ${v.device}`).join(),
);
const lookedUp = computed(() => known.value !== undefined);

/** Those whom one knows by another device than the one they speak by. */
export const changed = computed(() => voices.value.filter((v) => v.state === 'changed'));

/** Somebody's voice, if they have one. */
export const voiceOf = (who: string) => voices.value.find((v) => v.who === who);

/** Whether somebody whom one knows has come by a device that one does not. */
export function isStrange(voice: Voice): boolean {
  const pins = known.value;
  return pins !== undefined && judge(pins, voice, cameIn).state === 'changed';
}

/** All voices but one's own were in a roster whose code was compared. */
export const allCompared = computed(() => {
  const others = voices.value.filter((v) => !v.mine);
  return others.length > 0 && others.every((v) => v.state === 'verified');
});

/** One's own word that a voice is the person's. */
export const itIsThem = (voice: Voice) => change((pins) => accept(pins, voice, Date.now()));

/** One's own word that everybody has the same code. */
export const weCompared = (here: Seat) =>
  change((pins) => compare(pins, here.lock.peek().voices, Date.now()));

/** Forgets whom a person knew. */
export async function forgetPins(who: string): Promise<void> {
  await shelf.change(who, () => undefined);
}

async function change(how: (pins: Pins) => Pins): Promise<void> {
  const now = account.peek();
  if (now.kind !== 'in') return;
  known.value = await shelf.change(now.me.id, (pins) => how(pins ?? new Map()));
}

/** Remembers voices while one is in a room; returns how to stop. */
export function startLock(): () => void {
  const stops = [
    effect(() => {
      const here = seat.value;
      if (!here) return;
      cameIn = Date.now();
      known.value = undefined;
      void lookUp(here.me.peek()?.who ?? '');
    }),
    effect(() => {
      if (!roster.value || !lookedUp.value) return;
      const heard = seat.peek()?.lock.peek().voices ?? [];
      void change((pins) => meet(pins, heard, Date.now()));
    }),
    effect(() => {
      const news = changed.value.filter((v) => !told.has(v.device));
      told = new Set(changed.value.map((v) => v.device));
      for (const { name } of news) announce(t().lock.changed(name));
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

let told = new Set<string>();

/** One's own device is known from the start: another one in one's name is not. */
async function lookUp(me: string): Promise<void> {
  const { publicKey } = await openDevice(me);
  await change((pins) => accept(pins, { who: me, device: toText(publicKey) }, Date.now()));
}
