// How people who know each other find each other, and how what is reported is
// judged, with a node. Ada and Dora read English at a desk, Ben German on a phone.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { launch } from './browser.mjs';
import { House } from './house.mjs';
import { Person } from './person.mjs';
import { speech } from './speech.mjs';
import { step as stepWith } from './steps.mjs';

let house;
/** @type {Person} */ let ada;
/** @type {Person} */ let ben;
/** @type {Person} */ let cleo; // who sells tea
/** @type {Person} */ let dora;
let people = [];
const closing = [];

const step = (name, seconds, walk) => stepWith(name, seconds, walk, () => ({ house, people }));

before(async () => {
  house = await House.open(['--invites.per_person', '3']);
  closing.push(() => house.close());
  const browser = await launch(await speech('founder'));
  closing.push(() => browser.close());
  const desk = { width: 1280, height: 800 };
  const sit = async (name, locale, viewport) =>
    Person.sit(await browser.newContext({ locale, viewport }), house, name, { ear: false });
  ada = await sit('Ada Lovelace', 'en-GB', desk);
  ben = await sit('Ben Müller', 'de-DE', { width: 390, height: 844 });
  cleo = await sit('Cleo Nova', 'en-GB', desk);
  dora = await sit('Dora Weiß', 'en-GB', desk);
  people = [ada, ben, cleo, dora];
});

after(async () => {
  const ends = await Promise.allSettled(closing.reverse().map((close) => close()));
  for (const { reason } of ends) if (reason) throw reason;
});

async function chooseHandle(who, handle) {
  await who.go('/me/edit');
  await who.on('profile-handle').fill(handle);
  await who.tap('save-profile');
  await who.page.waitForSelector('[data-test=save-profile][aria-disabled=true]');
}

/** Writes a list, looks, and waits until the house has answered for all of it. */
async function looksFor(who, list) {
  await who.go('/find');
  if (!(await who.on('find-on').isChecked())) await who.tap('find-on');
  await who.on('find-list').fill(list);
  await who.tap('find-look');
  await who.on('find-count').waitFor();
}

step('they come in', 60, async () => {
  await ada.acceptInvite(house.invite);
  await ada.go('/invites');
  const links = [];
  for (const _ of [ben, cleo, dora]) links.push(await ada.giveInvite());
  for (const guest of [ben, cleo, dora]) await guest.acceptInvite(links.pop());
  await chooseHandle(ada, 'ada_l');
  await chooseHandle(ben, 'ben_m');
});

step('Ada and Ben list each other and find each other; nobody is told whom', 90, async () => {
  const sent = [];
  for (const { page } of [ada, ben, cleo]) {
    page.on('request', (r) => r.url().includes('/discovery') && sent.push(r.postData() ?? ''));
  }
  await looksFor(ada, '@Ben_M\n+49 170 1234567');
  await ada.on('find-hitch').waitFor(); // nobody is found by a number
  await looksFor(ada, '@Ben_M\nsomebody@example.org');
  await ada.on('find-nobody').waitFor(); // Ben has not listed her
  await ada.accessible();
  await looksFor(ben, '@ada_l');
  await ben.on('find-nobody').waitFor(); // nothing was kept of her having listed him before
  await ada.tap('find-look');
  await ada.on(`found-${ben.id}`).waitFor();
  await ben.page.reload();
  await ben.on(`found-${ada.id}`).waitFor();
  await ben.accessible();
  await ada.tap(`found-follow-${ben.id}`);
  await ada.on(`found-follow-${ben.id}`).waitFor({ state: 'detached' });
  assert.ok(sent.length > 0);
  assert.doesNotMatch(sent.join(), /ben_m|ada_l|somebody|example/i);
});

step('who is listed by nobody finds nobody, and whoever stops is found no more', 60, async () => {
  await chooseHandle(cleo, 'cleo_n');
  await looksFor(cleo, '@ada_l');
  await cleo.on('find-nobody').waitFor();
  await ben.tap('find-on');
  await ben.on('find-list').waitFor({ state: 'detached' });
  await ada.page.reload();
  await ada.on('find-nobody').waitFor();
});

step(
  'Ada reports Cleo, and those who judge are named on the machine of the house',
  60,
  async () => {
    await ada.go(`/p/${cleo.id}`);
    await ada.tap('report-person');
    await ada.tap('reason-spam');
    await ada.on('report-words').fill('She sells tea in every room.');
    await ada.accessible();
    await ada.tap('report-send');
    await ada.page.waitForURL(`${house.url}/p/${cleo.id}`);
    await ada.go('/me/reports');
    await ada.on('my-reports').getByText('Cleo Nova').waitFor();
    assert.equal((await ben.call('GET', '/queue')).status, 404); // not for everybody
    for (const who of [ben, dora]) await house.look('warden', 'add', who.id);
    assert.match(await house.look('warden', 'list'), /Ben Müller[\s\S]*Dora Weiß/);
  },
);

step('Ben keeps her out for three days: she is out at once, and reads why', 60, async () => {
  await ben.go('/queue');
  await ben.accessible();
  await ben.tap(`entry-${cleo.id}`);
  await ben.page.getByText('She sells tea in every room.').first().waitFor();
  await ben.tap('decide-suspend');
  await ben.tap('decide-now');
  await ben.on('decide-hitch').waitFor(); // without a reason nothing is decided
  await ben.on('decide-days').fill('3');
  await ben.on('decide-why').fill('Hier wird nichts verkauft.');
  await ben.accessible();
  await ben.tap('decide-now');
  await cleo.go('/');
  await cleo.page.getByRole('heading', { level: 1 }).waitFor();
  await ben.tap('decide-yes');
  await cleo.page.waitForSelector('h1:text-is("A house of open rooms.")'); // by itself
  assert.match(await cleo.on('toast').textContent(), /signed out/);
  await cleo.go('/signin'); // she tries to come in again
  await cleo.on('suspended').waitFor();
  await cleo.on('my-decisions').getByText('Hier wird nichts verkauft.').waitFor();
  const text = await cleo.page.textContent('body');
  assert.doesNotMatch(text, /Ada|Ben|Dora/); // neither who reported, nor who decided
  assert.equal((await cleo.call('GET', '/rooms')).status, 403);
  await cleo.accessible();
});

step('she answers, and it is not Ben who judges the answer', 60, async () => {
  await cleo.tap('answer');
  await cleo.on('answer-text').fill('It was a gift.');
  await cleo.tap('answer-send');
  await cleo.on('answer').waitFor({ state: 'detached' });
  await ben.go(`/queue/${cleo.id}`);
  await ben.on('answered').getByText('It was a gift.').waitFor();
  assert.equal(await ben.on('decide').count(), 0);
  await dora.go(`/queue/${cleo.id}`);
  await dora.tap('decide-lift');
  await dora.on('decide-why').fill('A gift is no trade.');
  await dora.tap('decide-now');
  await dora.tap('decide-yes');
  await dora.on('decide-yes').waitFor({ state: 'detached' });
  await cleo.tap('look-again');
  await cleo.on('suspended').waitFor({ state: 'detached' });
  assert.equal((await cleo.call('GET', '/rooms')).status, 200);
});

step('all of it is in the log, for wardens only', 60, async () => {
  await dora.go('/queue');
  await dora.tap('to-log');
  await dora.on('log').waitFor();
  const text = await dora.on('log').textContent();
  assert.match(text, /A gift is no trade\.[\s\S]*Hier wird nichts verkauft\./);
  await dora.accessible();
  const told = await house.look('warden', 'log');
  assert.match(told, /A gift is no trade\.[\s\S]*Hier wird nichts verkauft\./);
  assert.equal((await cleo.call('GET', '/queue/log')).status, 404);
  await ada.go('/me/reports');
  await ada.on('my-reports').getByText('Decided').first().waitFor();
});

step('nothing has gone wrong in a page', 10, () => {
  for (const { name, errors } of people) assert.deepEqual(errors, [], name);
});
