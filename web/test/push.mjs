// What the service worker does with what a house pushes, in Chromium: it shows it in
// the language of who is told, one for each thing, and leads to where it belongs in a
// page that is open. Chromium reaches no push service here: it is handed the message
// as if it had come from one (CDP, ServiceWorker.deliverPushMessage).
import assert from 'node:assert/strict';
import { launch } from './browser.mjs';
import { dist, load } from './run.mjs';

const { module, close } = await load('/test/double.ts');
const double = new module.Double(dist);
const origin = await double.listen(0);
const browser = await launch();
const context = await browser.newContext({ locale: 'en' });
await context.grantPermissions(['notifications'], { origin });
const page = await context.newPage();
page.setDefaultTimeout(30_000);
const step = (words) => process.stdout.write(`${words}\n`);

step('the worker is there');
await page.goto(origin);
await page.evaluate(async () => void (await navigator.serviceWorker.ready));
const cdp = await context.newCDPSession(page);
let registrationId;
cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
  registrationId = registrations.find(({ scopeURL }) => scopeURL === `${origin}/`)?.registrationId;
});
await cdp.send('ServiceWorker.enable');
const within = async (what, look) => {
  for (const late = Date.now() + 30_000; ; ) {
    const got = await look();
    if (got) return got;
    assert.ok(Date.now() < late, `${what} does not come`);
    await new Promise((again) => setTimeout(again, 50));
  }
};
await within('a registration', () => registrationId);

const push = (message) =>
  cdp.send('ServiceWorker.deliverPushMessage', {
    ...{ origin, registrationId, data: JSON.stringify(message) },
  });
const worker = await within('a worker', () => context.serviceWorkers()[0]);
/** What stands there, as people see it. */
const standing = () =>
  worker.evaluate(async () =>
    (await self.registration.getNotifications()).map(({ title, body, tag, lang, data }) => ({
      ...{ title, body, tag, lang, data },
    })),
  );
const some = (count) =>
  within(`${count} notifications`, async () => {
    const there = await standing();
    return there.length === count && there;
  });

step('who looks at the app is not told beside it');
await page.bringToFront();
const focused = () =>
  worker.evaluate(async () =>
    (await self.clients.matchAll({ type: 'window', includeUncontrolled: true })).some(
      (c) => c.focused,
    ),
  );
assert.equal(await focused(), true);
await push({ kind: 'follow', who: 'Bo', path: '/p/b', tag: 'person b', lang: 'en' });
await new Promise((then) => setTimeout(then, 500));
assert.deepEqual(await standing(), []);

step('who does not look is told, in their language, and once of one thing');
// Each page of a test believes that it is looked at, unless it is told otherwise.
await cdp.send('Emulation.setFocusEmulationEnabled', { enabled: false });
const elsewhere = await context.newPage();
await elsewhere.goto('about:blank');
await elsewhere.bringToFront();
await within('another page in front', async () => !(await focused()));
const room = { who: 'Ada', room: 'Tea', path: '/r/abc', tag: 'room abc' };
await push({ ...room, kind: 'live', lang: 'de' });
assert.deepEqual(await some(1), [
  ...[{ title: 'Ada ist auf einer Bühne', body: 'Tea', tag: 'room abc', lang: 'de' }].map((n) => ({
    ...n,
    data: '/r/abc',
  })),
]);
await push({ ...room, kind: 'ping', lang: 'en' });
await within('the newer one', async () => (await standing())[0]?.title === 'Ada asks you to come');
assert.equal((await standing()).length, 1);
await push({
  kind: 'digest',
  count: 3,
  names: ['Ada', 'Bo'],
  path: '/activity',
  tag: 'digest',
  lang: 'en',
});
const both = await some(2);
assert.ok(both.some(({ title, body }) => title === '3 things new' && body === 'Ada and Bo'));

step('it leads to where it belongs, in the page that is open');
const pages = context.pages().length;
await worker.evaluate(async () => {
  const [notification] = await self.registration.getNotifications({ tag: 'room abc' });
  const event = new NotificationEvent('notificationclick', { notification });
  // An event that nobody pressed must not wait; that it would is looked away from.
  Object.defineProperty(event, 'waitUntil', { value: (work) => work.catch(() => {}) });
  self.dispatchEvent(event);
});
await page.waitForURL(`${origin}/r/abc`);
assert.equal(context.pages().length, pages);
const rest = await some(1);
assert.equal(rest[0].tag, 'digest');

step('when the browser changes where it is pushed to, the house is told');
const ada = double.account('Ada Lovelace');
await context.addCookies([{ name: 'stoa_session', value: double.login(ada).id, url: origin }]);
double.news.key = 'BPv_';
/** A change as a browser tells it; `now`: it has a new subscription already. */
const change = ({ old = true, now = false, may = true } = {}) =>
  worker.evaluate(
    async ([old, now, may]) => {
      const subscription = (endpoint) => ({
        endpoint,
        options: { applicationServerKey: new Uint8Array([4, 1, 2]).buffer },
        toJSON: () => ({ endpoint, keys: { p256dh: 'BPv_', auth: 'AAE' } }),
        unsubscribe: async () => void told.push('unsubscribed'),
      });
      const told = [];
      // No push service can be reached here to make a real one.
      Object.defineProperty(self.registration.pushManager, 'subscribe', {
        configurable: true,
        value: async ({ applicationServerKey }) => {
          const bytes = applicationServerKey instanceof ArrayBuffer;
          told.push(
            bytes ? [...new Uint8Array(applicationServerKey)].join() : applicationServerKey,
          );
          if (!may) throw new DOMException('no', 'NotAllowedError');
          return subscription('https://push.example/again');
        },
      });
      const event = new Event('pushsubscriptionchange');
      let done;
      Object.defineProperties(event, {
        oldSubscription: { value: old ? subscription('https://push.example/old') : null },
        newSubscription: { value: now ? subscription('https://push.example/new') : null },
        waitUntil: {
          value: (work) => {
            done = work;
          },
        },
      });
      self.dispatchEvent(event);
      await done;
      return told;
    },
    [old, now, may],
  );
const pushedTo = () => double.news.pushed.get(ada.id)?.endpoint;
assert.deepEqual(await change(), ['4,1,2']);
assert.deepEqual(double.news.pushed.get(ada.id), {
  ...{ endpoint: 'https://push.example/again', key: 'BPv_', secret: 'AAE' },
});
assert.deepEqual(await change({ now: true }), []);
assert.equal(pushedTo(), 'https://push.example/new');
assert.deepEqual(await change({ old: false }), ['BPv_']); // the key of the house
assert.equal(pushedTo(), 'https://push.example/again');

step('and where nobody allows it any more, or is signed in, nothing is pushed');
assert.deepEqual(await change({ may: false }), ['4,1,2']);
assert.equal(pushedTo(), undefined);
await context.clearCookies();
assert.deepEqual(await change(), ['4,1,2', 'unsubscribed']);
assert.equal(pushedTo(), undefined);

await browser.close();
await double.stop();
await close();
