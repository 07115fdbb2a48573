// What nobody in the middle can do: the seal, in real browsers.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Cast } from './sealing/cast.mjs';
import { ms, say, step as stepWith } from './steps.mjs';

const silentMax = 1000; // ms for which a voice is played that is not the speaker's
const [chiLow, chiHigh] = [211.3, 302.0]; // 95 % of chi squared, 255 degrees of freedom

let cast;
let ada, ben;
let room;
const closing = [];
const both = (lock) => lock.holders === 2;
const nonces = new Map(); // by which page a key and a nonce were used

const step = (name, seconds, walk) => stepWith(name, seconds, walk, () => ({ people: [] }));

before(async () => {
  cast = await Cast.open(8);
  closing.push(() => cast.close());
  [ada, ben] = [await cast.sit(), await cast.sit()];
});

after(async () => {
  for (const close of closing.reverse()) await close();
});

/** Notes what a page has sealed since the last time, and that nothing was sealed so before. */
async function noteNonces(who, page) {
  const { nonces: used } = await who.do('look');
  for (const one of used) {
    assert.ok(!one.startsWith('unknown'), 'sealed by a key that nobody saw come');
    assert.ok(!nonces.has(one), `${one} by ${nonces.get(one)} and by ${page}`);
    nonces.set(one, page);
  }
  return used.length;
}

/** How many frames somebody's page plays in so many milliseconds. */
async function playedIn(who, time) {
  const before = await who.do('look');
  await wait(time);
  const after = await who.do('look');
  return { came: after.came - before.came, played: after.played - before.played };
}

step('two in a room have the same code, and one hears the other', 60, async () => {
  room = await ada.openRoom();
  for (const who of [ada, ben]) await who.do('tap', true);
  await ada.enter(room);
  await ada.do('speak');
  await ada.locked();
  await ben.enter(room);
  const [hers, his] = [await ada.locked(both), await ben.locked(both)];
  assert.match(hers.code, /^(\d{5} ){5}\d{5}$/);
  assert.equal(hers.code, his.code);
  assert.equal(his.steward, ada.id);
  assert.deepEqual(
    his.voices.map(({ who }) => who),
    [ada.id],
  );
  await ben.locked((l) => l.voices[0]?.trust === 'proven', 'proof');
  const { came, played } = await playedIn(ben, 2000);
  assert.ok(came > 20 && played === came, `${played} of ${came} frames are played`);
});

step('what a node sees of a voice looks like chance', 60, async () => {
  const before = (await ben.do('look')).bytes;
  await wait(12_000);
  const bytes = (await ben.do('look')).bytes.map((n, i) => n - before[i]);
  const all = bytes.reduce((sum, n) => sum + n, 0);
  const chi = bytes.reduce((sum, n) => sum + (n - all / 256) ** 2 / (all / 256), 0);
  say(`chi squared ${chi.toFixed(1)} over ${all} bytes; 95 % of chance is ${chiLow} to ${chiHigh}`);
  // One reading in twenty is outside of the band by chance: this one must not be far.
  assert.ok(chi > 180 && chi < 345, `${chi}`);
});

step('a relay that holds the secret and speaks for another is not heard', 120, async () => {
  for (const relay of ['unsigned', 'missigned', 'wrong key', 'spoilt']) {
    await ben.do('relay', 'pass');
    await ben.locked((l) => l.voices[0]?.trust === 'proven', 'proof');
    const { played: fine } = await playedIn(ben, 500);
    assert.ok(fine > 5, 'the voice itself is heard');
    const began = await ben.do('now');
    await ben.do('relay', relay);
    await wait(1500);
    const { last } = await ben.do('look');
    const { came, played } = await playedIn(ben, 2000);
    const trust = (await ben.do('lock')).voices[0]?.trust;
    say(`${relay}: played for ${ms(Math.max(0, last - began))}, then none of ${came}; ${trust}`);
    assert.ok(last - began <= silentMax + 100, `${relay}: ${last - began} ms`);
    assert.ok(came > 20, 'something came');
    assert.equal(played, 0, relay);
    const forged = relay === 'unsigned' || relay === 'missigned';
    if (forged) assert.ok(['forged', 'overdue'].includes(trust), trust);
  }
  await ben.do('relay', 'pass');
  await ben.locked((l) => l.voices[0]?.trust === 'proven', 'proof'); // and comes back
});

step('where a room wants it, nothing is heard that is not proven', 120, async () => {
  await ada.do('prove', true);
  await ben.locked((l) => l.proven, 'an announce that says so');
  await wait(1500);
  const { came, played } = await playedIn(ben, 4000);
  say(`${played} of ${came} frames are played, a second later`);
  assert.ok(came > 100 && played > 0.9 * came, 'the voice itself is heard');
  // Not even for the second after which unsigned frames are noticed.
  await ben.do('relay', 'unsigned');
  await wait(1200); // what was said before is still played
  const forged = await playedIn(ben, 3000);
  assert.ok(forged.came > 50, 'something came');
  assert.equal(forged.played, 0);
  await ben.do('relay', 'pass');
  await ada.do('prove', false);
  await ben.locked((l) => !l.proven && l.voices[0]?.trust === 'proven', 'proof');
});

step('whoever comes again seals with other keys, and no nonce comes twice', 120, async () => {
  say(`${await noteNonces(ada, 'the first page')} sealed by the first page`);
  const codes = new Set([(await ada.do('lock')).code]);
  const still = async (what) => {
    await ben.locked((l) => l.state === 'sealed' && l.voices[0]?.trust === 'proven', 'proof');
    const { played } = await playedIn(ben, 1500);
    assert.ok(played > 10, `${what}: ${played} frames are played`);
    const sealed = await noteNonces(ada, what);
    say(`${sealed} sealed after ${what}`);
    assert.ok(sealed > 10, what);
    codes.add((await ada.do('lock')).code);
  };
  await ada.do('replaceTrack');
  await still('a replaced track');
  await ada.do('reconnect');
  await still('a lost connection');

  // Loaded anew: the page, its worker and all that they knew are gone.
  await ada.page.reload();
  await ada.page.waitForFunction(() => 'bench' in window);
  await ada.do('tap', true);
  await ada.enter(room);
  await ada.do('speak');
  await ada.locked();
  await still('the page was loaded anew');

  // A second tab takes the seat over, and the first is silent.
  const second = await cast.again(ada);
  await second.do('tap', true);
  await second.enter(room);
  await second.do('speak');
  await second.locked();
  ada = second;
  await still('a second tab');

  // Another worker in the same page.
  await ada.do('leave');
  room = await ada.openRoom();
  await ada.enter(room);
  await ada.do('speak');
  await ada.locked();
  await ben.do('leave');
  await ben.enter(room);
  await still('another worker');
  say(`${nonces.size} keys and nonces, none twice; ${codes.size} codes`);
});

step('who is removed opens nothing of what follows', 60, async () => {
  const before = await ada.do('lock');
  await ada.do('remove', ben.id);
  const lock = await ada.locked((l) => l.epoch > before.epoch, 'new secret');
  assert.equal(lock.holders, 1);
  assert.notEqual(lock.code, before.code);
  assert.equal((await ben.do('lock')).state, 'waiting');
});

step(
  'in a closed room neither a quantum computer helps nor the length of packets',
  90,
  async () => {
    const [cleo, dana] = [await cast.sit(ben), await cast.sit(ben)];
    await dana.do('tap', true);
    const closed = await cleo.openRoom('closed');
    await cleo.enter(closed);
    await cleo.do('speak');
    await cleo.locked();
    await cleo.do('letIn', dana.id);
    await dana.enter(closed);
    assert.equal((await dana.locked(both)).code, (await cleo.locked(both)).code);

    // There is one packet as often as the other, of the same length, but for
    // those that carry a signature.
    const before = await dana.do('look');
    await wait(8000);
    const after = await dana.do('look');
    const lengths = Object.entries(after.lengths)
      .map(([length, n]) => [Number(length), n - (before.lengths[length] ?? 0)])
      .filter(([, n]) => n > 0);
    say(`packets of ${lengths.map(([length, n]) => `${length} bytes: ${n}`).join(', ')}`);
    const all = lengths.reduce((sum, [, n]) => sum + n, 0);
    const most = Math.max(...lengths.map(([, n]) => n));
    assert.ok(all > 0.95 * 8 * 50, `${all} packets in 8 s`);
    assert.ok(lengths.length <= 2 && most / all > 0.9, 'packets differ');
  },
);
