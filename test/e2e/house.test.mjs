// Three people in real browsers, with real speech, and one node.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { launch, launchPlain } from './browser.mjs';
import { House } from './house.mjs';
import { forSeconds, measure } from './meter.mjs';
import { Person } from './person.mjs';
import { picture, pictures } from './pictures.mjs';
import { speech } from './speech.mjs';
import { bestOfThree, ms, say, step as stepWith } from './steps.mjs';

const stiMin = 0.95; // STOI from which every word is understood
const delayMax = 150; // ms from mouth to ear, in the middle

let house;
const closing = [];
/** @type {Person} */ let ada; // founds the house and moderates
/** @type {Person} */ let ben; // comes up to the stage
/** @type {Person} */ let cleo; // listens, in a browser without passkeys
let people = [];
let room;

const step = (name, seconds, walk) => stepWith(name, seconds, walk, () => ({ house, people }));

const desktop = { width: 1280, height: 800 };
const phone = { width: 390, height: 844 };

before(async () => {
  const [founder, guest] = await Promise.all([speech('founder'), speech('guest')]);
  house = await House.open();
  closing.push(() => house.close());
  const sit = async (microphone, name, viewport) => {
    const browser = await launch(microphone);
    closing.push(() => browser.close());
    const context = await browser.newContext({ viewport, locale: 'en-GB' });
    return await Person.sit(context, house, name);
  };
  ada = await sit(founder, 'Ada Lovelace', desktop);
  ben = await sit(guest, 'Ben Okri', phone);
  const plain = await launchPlain(guest, 'en-GB');
  closing.push(() => plain.close());
  cleo = await Person.sit(plain.context, house, 'Cleo Nova', { passkeys: false });
  people = [ada, ben, cleo];
});

after(async () => {
  for (const close of closing.reverse()) await close();
});

step('three people come in by invites', 60, async () => {
  await ada.acceptInvite(house.invite);
  await ada.go('/invites');
  const links = [await ada.giveInvite(), await ada.giveInvite()];
  assert.equal(new Set(links).size, 2);
  await ben.acceptInvite(links[0]);
  await cleo.acceptInvite(links[1]);
  assert.match(cleo.recoveryCode, /\w{4,}/);
  await ada.page.reload();
  await ada.page.locator('[data-test="invite-used"]:visible').nth(1).waitFor();
  const again = await ada.call('GET', `/invites/${links[0].split('/').at(-1)}`);
  assert.equal(again.status, 404);
});

step('a room that one opens is seen by the others', 60, async () => {
  await ada.go('/');
  room = await ada.openRoom('Night sounds');
  const opened = await ada.now();
  await Promise.all([ben.on(`card-${room}`).waitFor(), cleo.on(`card-${room}`).waitFor()]);
  say(`in the hallway after ${ms((await ben.now()) - opened)} at most`);
  await Promise.all([ben.enter(room), cleo.enter(room)]);
  await ada.on(`person-${ben.id}`).waitFor();

  const pressed = await ada.now();
  await ada.openMicrophone();
  const [first, second] = await Promise.all([ben.hears(ada, pressed), cleo.hears(ada, pressed)]);
  say(`heard ${ms(first - pressed)} and ${ms(second - pressed)} after the microphone was opened`);
});

step('what is said is understood', 90, async () => {
  const best = await bestOfThree(
    async (take) => {
      const reading = await measure(`take-${take}`, ada, ben, forSeconds(10));
      const { stoi, delay_ms, longest_gap_ms, load_average } = reading;
      say(`take ${take}: STOI ${stoi}, mouth to ear ${delay_ms.median} ms (95 %: ${delay_ms.p95} ms), longest gap ${longest_gap_ms} ms, load average ${load_average}`);
      return reading;
    },
    (r) => r.stoi >= stiMin && r.delay_ms.median <= delayMax,
  );
  assert.ok(best.stoi >= stiMin, `STOI ${best.stoi}`);
  assert.ok(best.delay_ms.median <= delayMax, `mouth to ear ${best.delay_ms.median} ms`);
});
