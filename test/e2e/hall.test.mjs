// A room that grows becomes a hall, where frames are longer, and is a room
// again when people have gone: those who listen do not hear it happen.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { launch } from './browser.mjs';
import { House } from './house.mjs';
import { counted } from './meter.mjs';
import { Person } from './person.mjs';
import { speech } from './speech.mjs';
import { bestOfThree, say, step as stepWith } from './steps.mjs';

const concealedMax = 0.03; // share of a voice that a listener's browser may make up
const crowd = 6; // connections that make a hall; with fewer than three it is none

let house;
let ada, ben;
const guests = [];
const people = [];
const closing = [];
let room;

const step = (name, seconds, walk) => stepWith(name, seconds, walk, () => ({ house, people }));

before(async () => {
  house = await House.open([
    ...['--media.hall_listeners', String(crowd), '--media.hall_frame', '40ms'],
    ...['--invites.per_person', String(crowd)],
  ]);
  closing.push(() => house.close());
  const viewport = { width: 1280, height: 800 };
  const sit = async (browser, name, options) => {
    const context = await browser.newContext({ viewport, locale: 'en-GB' });
    const who = await Person.sit(context, house, name, options);
    people.push(who);
    return who;
  };
  const browsers = await Promise.all([
    launch(await speech('founder')),
    launch(await speech('guest')),
  ]);
  for (const browser of browsers) closing.push(() => browser.close());
  ada = await sit(browsers[0], 'Ada Lovelace');
  ben = await sit(browsers[1], 'Ben Oakes');
  for (const name of ['Cleo Nova', 'Dana Field', 'Eli Stern', 'Fay Lund']) {
    guests.push(await sit(browsers[1], name, { passkeys: false, ear: false }));
  }
});

after(async () => {
  const ends = await Promise.allSettled(closing.reverse().map((close) => close()));
  for (const { reason } of ends) if (reason) throw reason;
});

step('one speaks, one listens', 90, async () => {
  await ada.acceptInvite(house.invite);
  for (const who of people.slice(1)) {
    await ada.go('/invites');
    await who.acceptInvite(await ada.giveInvite());
  }
  await ada.go('/');
  room = await ada.openRoom('Night sounds');
  await ben.enter(room);
  await ada.openMicrophone();
  await ben.hears(ada, await ben.now());
  await frameIs(20);
});

step('a room becomes a hall and a room again, and nobody hears it', 240, async () => {
  const [last, ...others] = guests;
  for (const who of others) await who.enter(room);
  const best = await bestOfThree(
    async (take) => {
      if (take > 1) for (const who of others) await who.enter(room);
      await frameIs(20);
      // What the browser itself has counted: recording costs this machine too much.
      const before = await ben.stats(ada);
      await last.enter(room);
      await frameIs(40);
      for (const who of guests) {
        await who.tap('leave');
        await who.page.waitForURL(`${house.url}/`);
      }
      await frameIs(20);
      const reading = counted(before, await ben.stats(ada));
      say(
        `take ${take}: ${(100 * reading.concealed).toFixed(1)} % made up, ${reading.lost} packets lost`,
      );
      return reading;
    },
    (r) => r.concealed <= concealedMax && r.lost === 0,
  );
  assert.equal(best.lost, 0);
  assert.ok(best.concealed <= concealedMax, `${best.concealed} of the voice was made up`);
});

/** Waits until a packet carries so many milliseconds of a voice. */
async function frameIs(length) {
  const seconds = 1;
  for (let tries = 10; ; tries--) {
    const before = await ben.stats(ada);
    await wait(seconds * 1000);
    const after = await ben.stats(ada);
    const took = (after.timestamp - before.timestamp) / 1000;
    const rate = (after.packetsReceived - before.packetsReceived) / took;
    if (Math.abs(rate * length - 1000) < 200) {
      say(`${Math.round(rate)} packets a second`);
      return;
    }
    assert.ok(tries > 0, `${rate} packets a second, for frames of ${length} ms`);
  }
}
