/**
 * The service worker: the app opens without the node, and a page goes on with the
 * scripts that it began with while the node gets another version.
 *
 * It keeps the files of its own build, which `offline` in vite.config.ts names,
 * and no answer of the API: nothing about anybody is in its cache. A page is asked
 * of the node first. It does not take over from the one before it as long as a
 * page of that one is open (Service Workers, 2.2.1: waiting worker).
 *
 * It shows what the house pushes, where no page of ours is looked at, and leads to
 * where it belongs in a page that is open, else in a new one. When the browser
 * changes where it is pushed to, the house is told.
 */

import { type Pushed, shown } from './words/pushed.ts';

/** What there is of ServiceWorkerGlobalScope, which the types of pages lack. */
interface Scope {
  location: Location;
  addEventListener(type: 'install' | 'activate', on: (event: Lasting) => void): void;
  addEventListener(type: 'fetch', on: (event: Asked) => void): void;
  addEventListener(type: 'push', on: (event: Told) => void): void;
  addEventListener(type: 'notificationclick', on: (event: Pressed) => void): void;
  addEventListener(type: 'pushsubscriptionchange', on: (event: Changed) => void): void;
  registration: ServiceWorkerRegistration;
  clients: {
    matchAll(which: { type: 'window'; includeUncontrolled: true }): Promise<Page[]>;
    openWindow(url: string): Promise<unknown>;
  };
}
interface Page {
  readonly focused: boolean;
  focus(): Promise<unknown>;
  postMessage(message: unknown): void;
}
interface Told extends Lasting {
  data: { json(): unknown } | null;
}
interface Pressed extends Lasting {
  notification: Notification;
}
interface Changed extends Lasting {
  readonly oldSubscription?: PushSubscription | null;
  readonly newSubscription?: PushSubscription | null;
}
interface Lasting extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Asked extends Event {
  request: Request;
  respondWith(answer: Promise<Response>): void;
}

// The build puts its version and its files here.
const [version, ...files] = JSON.parse('__BUILD__') as string[];

const page = '/';
const prefix = 'stoa-';
const own = prefix + version;
const scope = self as unknown as Scope;

scope.addEventListener('install', (event) => event.waitUntil(keep()));
scope.addEventListener('activate', (event) => event.waitUntil(forgetOthers()));
scope.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== scope.location.origin) return;
  if (request.mode === 'navigate') event.respondWith(opened(request));
  else if (files.includes(url.pathname)) event.respondWith(kept(request, url.pathname));
});

scope.addEventListener('push', (event) => event.waitUntil(show(event)));
scope.addEventListener('notificationclick', (event) => event.waitUntil(follow(event)));

scope.addEventListener('pushsubscriptionchange', (event) => event.waitUntil(change(event)));

const pages = () => scope.clients.matchAll({ type: 'window', includeUncontrolled: true });

/** Who looks at a page of ours is told there. */
async function show({ data }: Told): Promise<void> {
  if ((await pages()).some(({ focused }) => focused)) return;
  const of = data?.json() as Pushed;
  const [title, body] = shown(of);
  await scope.registration.showNotification(title, {
    ...{ body, tag: of.tag, lang: of.lang ?? 'en', data: of.path },
    icon: '/icon-512.png',
  });
}

/** Goes where a notification leads: in a page that is open, or in a new one. */
async function follow({ notification }: Pressed): Promise<void> {
  notification.close();
  const path = String(notification.data);
  const [open] = await pages();
  if (!open) return void (await scope.clients.openWindow(path));
  open.postMessage({ go: path });
  await open.focus();
}

const push = '/api/v1/me/push';

/**
 * The browser has given up where it was pushed to (Push API, section 11.3): it is
 * pushed to where it says now, or under a new subscription for the same house. Where
 * there is none to be had, or nobody is signed in here any more, it is not pushed to.
 */
async function change({ oldSubscription: before, newSubscription }: Changed): Promise<void> {
  const now = newSubscription ?? (await subscribe(before).catch(() => null));
  if (!now) return void (await fetch(push, { method: 'DELETE' }));
  const answer = await fetch(push, {
    method: 'PUT',
    // The language stays as it is: a worker does not know that of the app.
    headers: { 'content-type': 'application/json', 'accept-language': '*' },
    body: JSON.stringify(to(now)),
  });
  if (!answer.ok) await now.unsubscribe();
}

/** A subscription as the node wants it. What pages have for it would not be in this file. */
function to(subscription: PushSubscription) {
  const { endpoint, keys } = subscription.toJSON();
  return { endpoint, key: keys?.p256dh, secret: keys?.auth };
}

async function subscribe(before: PushSubscription | null | undefined) {
  const applicationServerKey = before?.options.applicationServerKey ?? (await keyOfHouse());
  return scope.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
}

async function keyOfHouse(): Promise<string> {
  const told = await (await fetch('/api/v1/me/news/settings')).json();
  return told.push.key;
}

/** Keeps all files, or none: then the worker is not installed. */
async function keep(): Promise<void> {
  const cache = await caches.open(own);
  const headers = { Accept: 'text/html, */*' }; // as who looks asks for a page
  await cache.addAll(
    [page, ...files].map((path) => new Request(path, { cache: 'no-cache', headers })),
  );
}

async function forgetOthers(): Promise<void> {
  const names = await caches.keys();
  const others = names.filter((name) => name.startsWith(prefix) && name !== own);
  await Promise.all(others.map((name) => caches.delete(name)));
}

/** What the node answers, and the kept page where it does not, or what stands before it is in trouble. */
async function opened(request: Request): Promise<Response> {
  try {
    const answer = await fetch(request);
    if (answer.status < 500) return answer;
    return (await caches.match(page, { cacheName: own })) ?? answer;
  } catch (lost) {
    const answer = await caches.match(page, { cacheName: own });
    if (answer) return answer;
    throw lost;
  }
}

async function kept(request: Request, path: string): Promise<Response> {
  return (await caches.match(path, { cacheName: own })) ?? fetch(request);
}
