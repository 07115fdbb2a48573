import { type ReadonlySignal, signal } from '@preact/signals';
import {
  type ChosenKind,
  type NewsSettings,
  newsSettings,
  notPushHere,
  type PushTo,
  pushHere,
  setNewsSettings,
  type ToldNow,
  type Versioned,
} from '@stoa/client';
import { house } from './account.ts';
import { resource } from './resource.ts';

/** How one is told, and whether this browser is told while the app is closed. */

export const telling = resource<Versioned<ToldNow>>(() => newsSettings(house));

/** The kinds, in the order in which they are shown. */
export const kinds: readonly ChosenKind[] = [
  ...([
    'live',
    'ping',
    'message',
    'message_asked',
    'follow',
    'found',
    'club_invited',
    'club_admitted',
    'club_role',
  ] as const),
  ...(['club_asked', 'plan_soon', 'plan_open', 'plan_moved', 'plan_cancelled'] as const),
  ...(['plan_hosting', 'invited_came', 'decision'] as const),
];

/** What cannot be off: the house has to say it, or there are messages all the same. */
export const alwaysHere: ReadonlySet<ChosenKind> = new Set([
  'decision',
  'message',
  'message_asked',
]);

/** The time zone of this browser. */
export const zoneHere = () => Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

/** Minutes of the day as a field for times has them, and back. */
export const timeOf = (minute: number) =>
  [Math.floor(minute / 60), minute % 60].map((n) => String(n).padStart(2, '0')).join(':');
export function minuteOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return hours * 60 + minutes;
}

/** What is kept of what the node says. */
export const settingsOf = ({ push: _, ...settings }: ToldNow): NewsSettings => settings;

export async function saveTelling(settings: NewsSettings, version: string): Promise<void> {
  telling.set(await setNewsSettings(house, settings, version));
}

/** Whether this browser tells one while the app is closed, or why not. */
export type PushState = 'on' | 'can' | 'blocked' | 'unsupported' | 'none';

const permission = signal<NotificationPermission | 'unsupported'>(asked());
export const allowed: ReadonlySignal<NotificationPermission | 'unsupported'> = permission;

function asked(): NotificationPermission | 'unsupported' {
  const can = 'Notification' in globalThis && 'PushManager' in globalThis;
  return can && 'serviceWorker' in navigator ? Notification.permission : 'unsupported';
}

export function pushState({ push }: ToldNow): PushState {
  if (!push) return 'none';
  const may = allowed.value;
  if (may === 'unsupported') return may;
  if (may === 'denied') return 'blocked';
  return push.here && may === 'granted' ? 'on' : 'can';
}

/** Base64url, as keys are written; and as they are in bytes. */
const textOf = (bytes: ArrayBuffer | null) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes ?? new ArrayBuffer(0))))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
const bytesOf = (text: string) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));

/** A subscription as the node wants it. */
export const pushTo = (s: PushSubscription): PushTo => ({
  endpoint: s.endpoint,
  key: textOf(s.getKey('p256dh')),
  secret: textOf(s.getKey('auth')),
});

/**
 * Asks the browser, and has the node push to it. The quiet hours of somebody who has
 * chosen nothing yet are those of where this browser is.
 */
export async function turnPushOn({ value, version }: Versioned<ToldNow>): Promise<boolean> {
  const key = value.push?.key;
  if (!key) return false;
  permission.value = await Notification.requestPermission();
  if (permission.value !== 'granted') return false;
  const worker = await navigator.serviceWorker.ready;
  const options = { userVisibleOnly: true, applicationServerKey: bytesOf(key) };
  const before = await worker.pushManager.getSubscription();
  if (before && textOf(before.options.applicationServerKey) !== key) await before.unsubscribe();
  await pushHere(house, pushTo(await worker.pushManager.subscribe(options)));
  if (version === '"0"') {
    const settings = settingsOf(value);
    await saveTelling({ ...settings, quiet: { ...settings.quiet, zone: zoneHere() } }, version);
  }
  await telling.refresh();
  return true;
}

export async function turnPushOff(): Promise<void> {
  await notPushHere(house);
  const worker = await navigator.serviceWorker.getRegistration();
  await (await worker?.pushManager.getSubscription())?.unsubscribe();
  await telling.refresh();
}
