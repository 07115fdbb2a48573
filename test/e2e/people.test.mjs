// What is around the rooms, with a node: profiles, search, clubs, and going away
// for good. Ada reads English at a desk, Ben German on a phone.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { launch } from './browser.mjs';
import { House } from './house.mjs';
import { Person } from './person.mjs';
import { speech } from './speech.mjs';
import { bestOfThree, ms, say, step as stepWith } from './steps.mjs';

let house;
/** @type {Person} */ let ada;
/** @type {Person} */ let ben;
/** @type {Person} */ let cleo; // whom nobody knows
let people = [];
const closing = [];
let club;

const step = (name, seconds, walk) => stepWith(name, seconds, walk, () => ({ house, people }));

before(async () => {
  house = await House.open(['--invites.per_person', '3']);
  closing.push(() => house.close());
  const browser = await launch(await speech('founder'));
  closing.push(() => browser.close());
  const sit = async (name, locale, viewport) =>
    Person.sit(await browser.newContext({ locale, viewport }), house, name, { ear: false });
  const desk = { width: 1280, height: 800 };
  ada = await sit('Ada Lovelace', 'en-GB', desk);
  ben = await sit('Ben Müller', 'de-DE', { width: 390, height: 844 });
  cleo = await sit('Cleo Nova', 'en-GB', desk);
  people = [ada, ben, cleo];
});

after(async () => {
  const ends = await Promise.allSettled(closing.reverse().map((close) => close()));
  for (const { reason } of ends) if (reason) throw reason;
});

const option = (who, test) => who.page.locator(`.opt:has([data-test=${test}])`).click();

/** Looks for something, and waits until something or nothing is found. */
async function search(who, words, finds) {
  await who.go('/search');
  await who.on('search').fill(words);
  await who.on(finds ? `found-${finds}` : 'search-nothing').waitFor();
}

step('they come in', 60, async () => {
  await ada.acceptInvite(house.invite);
  await ada.go('/invites');
  const links = [await ada.giveInvite(), await ada.giveInvite()];
  await ben.acceptInvite(links[0]);
  await cleo.acceptInvite(links[1]);
});

step('the hallway is there within a second, and can be pressed', 60, async () => {
  const { took } = await bestOfThree(
    async () => {
      const began = Date.now();
      await ada.page.goto(house.url, { waitUntil: 'commit' });
      await ada.on('open-room-wide').click({ trial: true });
      return { took: Date.now() - began };
    },
    ({ took }) => took <= 1000,
  );
  say(`after ${ms(took)}`);
  assert.ok(took <= 1000, ms(took));
});

step('Ben says who he is, and is told what cannot be', 60, async () => {
  await ben.go('/me/edit');
  await ben.on('profile-handle').fill('7');
  await ben.on('profile-bio').fill('Sammelt Geräusche von Zügen.');
  await ben.tap('save-profile');
  await ben.page.locator('#wrong-handle').waitFor();
  await ben.on('profile-handle').fill('ben_m');
  await ben.tap('save-profile');
  await ben.page.waitForSelector('[data-test=save-profile][aria-disabled=true]');
  await ben.accessible();
  const { body } = await ben.call('GET', '/me/profile');
  assert.equal(JSON.parse(body).bio, 'Sammelt Geräusche von Zügen.');
});

step('strangers find him by his whole handle, and by name when he wants that', 90, async () => {
  await search(ada, 'müller', undefined);
  await ada.accessible();
  await search(ada, '@ben_m', ben.id);
  await ben.go('/me/edit');
  await ben.on('findable').check();
  await ben.tap('save-profile');
  await ben.page.waitForSelector('[data-test=save-profile][aria-disabled=true]');
  await search(ada, 'mul', ben.id);
  await ada.accessible();
  await ada.tap(`found-${ben.id}`);
  await ada.page.getByText('Sammelt Geräusche von Zügen.').first().waitFor();
  await ada.tap('follow');
  await ada.on('level').waitFor();
});

step('Ada founds a club and asks Ben in, who reads its rules first', 90, async () => {
  await ada.go('/clubs');
  await ada.accessible();
  await ada.tap('found-club');
  await ada.on('club-about').fill('Freight trains, foxes, and whoever cannot sleep.');
  await ada.tap('save-club');
  await ada.on('edit-hitch').waitFor(); // it has no name
  await ada.on('club-name').fill('Night Trains');
  await ada.tap('add-rule');
  await ada.on('rule-0').fill('Whoever speaks may finish.');
  await option(ada, 'joining-nomination');
  await ada.tap('save-club');
  await ada.on('open-here').waitFor();
  club = new URL(ada.page.url()).pathname.split('/').at(-1);
  await ada.tap('nominate');
  await ada.on('by-handle').fill('@ben_m');
  await ada.tap('nominate-handle');
  await ada.page.getByText('Invited: @ben_m').first().waitFor();
  await ada.page.keyboard.press('Escape');
  await ada.accessible();

  await ben.go('/clubs');
  await ben.tap(`accept-${club}`);
  await ben.page.getByText('Whoever speaks may finish.').first().waitFor();
  await ben.tap('agree');
  await ben.on('clubs-mine').waitFor();
  await ben.tap(`club-${club}`);
  await ben.accessible();
});

step(
  'Ada writes to Ben, who is asked first, and answers; Cleo knows nothing of it',
  90,
  async () => {
    await ben.go('/messages');
    await ben.on('no-talks').waitFor();
    await ada.go(`/p/${ben.id}`);
    await ada.tap('write-to');
    await ada.on('write-message').fill('Do you hear the 4:12?');
    await ada.tap('send-message');
    await ada.on('line').waitFor();
    await ada.accessible();
    const talk = new URL(ada.page.url()).pathname.split('/').at(-1);
    await ben.page.locator('[data-test=requests] summary').click();
    await ben.tap(`talk-${talk}`);
    await ben.page.getByText('Do you hear the 4:12?').first().waitFor();
    await ben.accessible();
    await ben.tap('accept-talk');
    await ben.on('write-message').fill('Jede Nacht.');
    await ben.tap('send-message');
    await ada.page.getByText('Jede Nacht.').first().waitFor();
    await ada.on('write-message').fill('Said too soon.');
    await ada.tap('send-message');
    await ben.page.getByText('Said too soon.').first().waitFor();
    await ada.page.getByText('Said too soon.').first().click();
    await ada.page.getByRole('button', { name: 'Take back: Said too soon.' }).click();
    await ben.on('line-taken').waitFor();
    assert.equal(await ben.page.getByText('Said too soon.').count(), 0);
    await ada.accessible();
    const { body } = await ada.call('GET', `/conversations/${talk}`);
    assert.equal(JSON.parse(body).people.length, 2);
    for (const path of [`/conversations/${talk}`, `/conversations/${'0'.repeat(26)}`]) {
      const { status, body: problem } = await cleo.call('GET', path);
      assert.deepEqual([status, JSON.parse(problem).code], [404, 'no_conversation']);
    }
    await ben.tap('talk-people');
    await ben.tap('silence');
    await ben.accessible();
    await ben.page.keyboard.press('Escape');
    await ben.on('silent').first().waitFor();
    await ben.go('/messages');
    await ben.on('silent').first().waitFor();
    await ben.accessible();
  },
);

step('a room of its members does not exist for others', 60, async () => {
  await ada.go(`/c/${club}`);
  await ada.tap('open-here');
  await ada.on('room-title').fill('The 4:12 to Vienna');
  await option(ada, 'visibility-members');
  await ada.tap('open-room-now');
  await ada.on('bar').waitFor();
  const room = new URL(ada.page.url()).pathname.split('/').at(-1);
  await ben.go('/');
  await ben.on(`card-${room}`).waitFor();
  await cleo.go('/');
  await cleo.page.getByRole('heading', { level: 1 }).waitFor();
  assert.equal(await cleo.page.locator(`[data-test=card-${room}]`).count(), 0);
  for (const path of [`/rooms/${room}`, `/rooms/${'0'.repeat(26)}`]) {
    const { status, body } = await cleo.call('GET', path);
    assert.deepEqual([status, JSON.parse(body).code], [404, 'no_room']);
  }
  await search(cleo, 'vienna', undefined);
  await ben.go('/search');
  await ben.on('search').fill('vienna');
  await ben.on(`card-${room}`).waitFor();
  await ben.go('/');
  await ben.enter(room);
  await ben.tap('leave');
});

step('a room of the club is planned, Ben means to come, and Ada opens it early', 120, async () => {
  await ada.go('/schedule');
  await ada.page.getByRole('heading', { level: 1 }).waitFor();
  await ada.accessible();
  await ada.tap('plan-room');
  await ada.on('plan-title').fill('Signals at night');
  // As the browser's own field says it: the time of the wall, ten minutes from now.
  const soon = await ada.page.evaluate(() => {
    const at = new Date(Date.now() + 600_000);
    return new Date(at - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  });
  await ada.on('plan-when').fill(soon);
  await ada.on('plan-club').selectOption(club);
  await option(ada, 'plan-members');
  await ada.accessible();
  await ada.tap('save-plan');
  await ada.on('plan-starts').waitFor();
  const plan = new URL(ada.page.url()).pathname.split('/').at(-1);
  await ada.accessible();

  await ben.go('/schedule');
  await ben.tap(`plan-${plan}`);
  await ben.tap('going');
  await ben.page.waitForSelector('[data-test=going][aria-pressed=true]');
  await ben.accessible();
  const feed = JSON.parse((await ben.call('GET', '/me/calendar')).body).url;
  const read = async () => (await fetch(feed)).text(); // as a program does, without a cookie
  assert.match(await read(), /BEGIN:VCALENDAR[\s\S]*SUMMARY:Signals at night/);
  assert.equal((await cleo.call('GET', `/plans/${plan}`)).status, 404);
  await search(cleo, 'signals', undefined);
  await search(ben, 'signals', plan);

  await ada.go(`/plan/${plan}`);
  await ada.tap('open-plan');
  await ada.on('bar').waitFor();
  const room = new URL(ada.page.url()).pathname.split('/').at(-1);
  await ben.go('/');
  await ben.on(`card-${room}`).waitFor();
  assert.equal((await cleo.call('GET', `/rooms/${room}`)).status, 404);
  await ben.call('POST', '/me/calendar/renew', {});
  assert.ok(!(await read()).includes('SUMMARY'), 'the old address still says something');
});

step('who erases their account is gone from search, club and graph at once', 90, async () => {
  await ben.go('/me/stored');
  await ben.on('class-clubs').waitFor();
  await ben.accessible();
  await ben.tap('erase');
  await ben.tap('erase-passkey');
  await ben.page.waitForURL('**/goodbye');
  await ben.accessible();
  await search(ada, 'mul', undefined);
  await search(ada, '@ben_m', undefined);
  const { body } = await ada.call('GET', `/clubs/${club}`);
  assert.equal(JSON.parse(body).members, 1);
  assert.deepEqual(JSON.parse((await ada.call('GET', '/me/following')).body).people, []);
  const { status } = await ada.call('GET', `/people/${ben.id}`);
  assert.equal(status, 404);
});

step('nothing has gone wrong in a page', 10, () => {
  for (const { name, errors } of people) assert.deepEqual(errors, [], name);
});
