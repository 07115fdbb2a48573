// The app as one that is installed: it opens without the node, goes on when the
// node is there again, and keeps nothing about anybody.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { launch } from './browser.mjs';
import { House } from './house.mjs';
import { Person } from './person.mjs';
import { speech } from './speech.mjs';
import { step as stepWith } from './steps.mjs';

let house;
/** @type {Person} */ let ada;
/** @type {Person} */ let ben; // reads German
let people = [];
const closing = [];

const step = (name, seconds, walk) => stepWith(name, seconds, walk, () => ({ house, people }));

before(async () => {
  house = await House.open();
  closing.push(() => house.close());
  const browser = await launch(await speech('founder'));
  closing.push(() => browser.close());
  const sit = async (name, locale) =>
    Person.sit(await browser.newContext({ locale }), house, name, { ear: false });
  ada = await sit('Ada Lovelace', 'en-GB');
  ben = await sit('Ben Oakes', 'de-DE');
  people = [ada, ben];
});

after(async () => {
  const ends = await Promise.allSettled(closing.reverse().map((close) => close()));
  for (const { reason } of ends) if (reason) throw reason;
});

/** Waits until the app has been kept by this browser. */
const isKept = (who) => who.page.evaluate(async () => void (await navigator.serviceWorker.ready));

const headingIs = (who, text) => who.page.getByRole('heading', { level: 1, name: text }).waitFor();

step('a browser offers to install the app', 60, async () => {
  await ada.acceptInvite(house.invite);
  await ada.go('/invites');
  await ben.acceptInvite(await ada.giveInvite());
  for (const who of people) await isKept(who);
  const { errors, manifest } = await ada.cdp.send('Page.getAppManifest');
  assert.deepEqual(errors, []);
  assert.equal(manifest?.display ?? 'kStandalone', 'kStandalone');
  const { installabilityErrors } = await ada.cdp.send('Page.getInstallabilityErrors');
  // A window that leaves nothing behind offers nothing to install.
  assert.deepEqual(
    installabilityErrors.filter(({ errorId }) => errorId !== 'in-incognito'),
    [],
  );
});

step('what is kept is the app, and nothing about anybody', 30, async () => {
  const kept = await ada.page.evaluate(async () => {
    const out = [];
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) {
        const answer = await cache.match(request);
        out.push({ path: new URL(request.url).pathname, text: await answer.text() });
      }
    }
    return out;
  });
  assert.ok(kept.some(({ path }) => path === '/'));
  assert.ok(kept.filter(({ path }) => path.startsWith('/assets/')).length > 10);
  for (const { path, text } of kept) {
    assert.ok(!path.startsWith('/api/'), `${path} is kept`);
    assert.ok(!text.includes(ada.id) && !text.includes(ada.name), `${path} tells of somebody`);
  }
});

step('it opens without the node, at any address', 90, async () => {
  await house.stop('SIGKILL');
  for (const [who, words] of [
    [ada, 'One moment.'],
    [ben, 'Einen Moment.'],
  ]) {
    for (const path of ['/', '/settings', `/r/${'a'.repeat(26)}`]) {
      await who.go(path);
      await headingIs(who, words);
      await who.on('try-now').waitFor();
      const lang = await who.page.evaluate(() => document.documentElement.lang);
      assert.equal(lang, who === ada ? 'en' : 'de');
    }
  }
});

step('it goes on by itself when the node is there again', 60, async () => {
  await ada.go('/settings');
  await house.start();
  await headingIs(ada, 'Settings');
  await ada.page.getByText(ada.name).first().waitFor();
});

step('a page that is open gets its other screens without the node', 60, async () => {
  await ada.go('/');
  await ada.on('open-room-wide').waitFor();
  await house.stop('SIGKILL');
  await ada.page.evaluate(() => document.querySelector('a[href="/me"]').click());
  await ada.page.waitForURL('**/me');
  // Its script was never asked for before.
  await ada.page.waitForFunction(() =>
    performance
      .getEntriesByType('resource')
      .some(({ name, responseStatus }) => /\/people-.*\.js$/.test(name) && responseStatus === 200),
  );
  await house.start();
  await headingIs(ada, ada.name);
  assert.deepEqual(ada.errors, []);
  assert.deepEqual(ben.errors, []);
});
