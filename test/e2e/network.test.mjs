// A room over three nodes, in real browsers: the node of a speaker and a listener
// is killed, and another one is left in good order.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { launch } from './browser.mjs';
import { freeTCP, freeUDP, House } from './house.mjs';
import { Person } from './person.mjs';
import * as places from './places.mjs';
import { run, start } from './process.mjs';
import { ms, say, step as stepWith } from './steps.mjs';

const gapSpeaker = 1000; // ms without a speaker whose node is killed
const gapListener = 2000; // ms without a voice, for a listener whose node is killed
const gapLeft = 500; // ms at most while people leave a node; browsers on a busy machine make gaps of their own

let house;
const nodes = []; // the others
const closing = [];
/** @type {Person} */ let ada; // moderates, at the house
/** @type {Person} */ let ben; // speaks, at another node
/** @type {Person} */ let cleo; // listens there
let people = [];

const step = (name, seconds, walk) => stepWith(name, seconds, walk, () => ({ house, people }));

/** Whether the machine has time for sound; else what is measured is the machine. */
const isCalm = () => loadavg()[0] <= 2 * cpus().length;

/** Runs in the page: what is played, by how loud it is, looked at each 10 ms. */
function listenIn() {
  const playing = new Map(); // elements and their analysers
  const { set, get } = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'srcObject');
  let context;
  Object.defineProperty(HTMLMediaElement.prototype, 'srcObject', {
    get,
    set(stream) {
      set.call(this, stream);
      playing.get(this)?.source.disconnect();
      playing.delete(this);
      if (!stream) return;
      context ??= new AudioContext();
      const source = context.createMediaStreamSource(stream);
      const analyser = context.createAnalyser();
      analyser.fftSize = 1024;
      source.connect(analyser);
      playing.set(this, { source, analyser });
    },
  });
  const samples = new Float32Array(1024);
  let last = 0;
  let worst = 0;
  setInterval(() => {
    for (const { analyser } of playing.values()) {
      analyser.getFloatTimeDomainData(samples);
      if (samples.some((sample) => Math.abs(sample) > 0.01)) {
        const now = performance.now();
        if (last) worst = Math.max(worst, now - last);
        last = now;
        return;
      }
    }
  }, 10);
  window.gaps = {
    /** Begins anew. */
    begin() {
      worst = 0;
      last = performance.now();
    },
    /** The longest silence since then. */
    worst: () => Math.max(worst, performance.now() - last),
    /** Whether something is heard. */
    hears: () => performance.now() - last < 200,
  };
}

/** Another node of the network, on ports that nobody else has. */
async function open(region) {
  const [port, admin, media, trunk] = [
    await freeTCP(),
    await freeTCP(),
    await freeUDP(),
    await freeUDP(),
  ];
  const data = await mkdtemp(join(tmpdir(), 'stoa-e2e-'));
  closing.push(() => rm(data, { recursive: true }));
  const invited = await house.look(
    'network',
    'invite',
    '--region',
    region,
    '--operator',
    'example',
  );
  const url = `http://localhost:${port}`;
  const args = ['serve', '--addr', `localhost:${port}`, '--url', url, '--data', data];
  args.push('--media.listen', `127.0.0.1:${media}`, '--network.listen', `127.0.0.1:${trunk}`);
  args.push('--admin.addr', `127.0.0.1:${admin}`, '--join', /stoa-join-\S+/.exec(invited)[0]);
  const process = await start(places.node, args, /Stoa is at /);
  closing.push(() => process.stop('SIGKILL'));
  const peers = async () => {
    const text = await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text();
    return Number(/^stoa_media_peers (\d+)/m.exec(text)?.[1] ?? 0);
  };
  return { url, peers, ...process };
}

before(async () => {
  const sound = join(places.sounds, 'sweep.wav');
  const chirp = ['synth', '0.2', 'sawtooth', '140-320', 'gain', '-6', 'repeat', '300'];
  await run('sox', ['-n', '-r', '48000', '-c', '1', '-b', '16', sound, ...chirp]);
  const door = `127.0.0.1:${await freeTCP()}`;
  const init = ['--region', 'eu', '--region', 'us', '--operator', 'example', '--address', door];
  house = await House.open(['--network.listen', door], undefined, undefined, (data) =>
    run(places.node, ['network', 'init', '--data', data, ...init]),
  );
  closing.push(() => house.close());
  nodes.push(await open('us'), await open('us'));
  const sit = async (name, far) => {
    const browser = await launch(sound);
    closing.push(() => browser.close());
    const context = await browser.newContext({
      viewport: { width: 1280, height: 800 },
      locale: 'en-GB',
    });
    await context.addInitScript(listenIn);
    // Where somebody's media go is a matter of who answers first.
    await context.route('**/livez', (route) =>
      route
        .request()
        .url()
        .startsWith(far ? nodes[0].url : house.url)
        ? route.fulfill({ status: 200, body: 'ok' })
        : route.abort(),
    );
    return await Person.sit(context, house, name, { ear: false });
  };
  [ada, ben, cleo] = [
    await sit('Ada Lovelace', false),
    await sit('Ben Oakes', true),
    await sit('Cleo Nova', true),
  ];
  people = [ada, ben, cleo];
});

after(async () => {
  const ends = await Promise.allSettled(closing.reverse().map((close) => close()));
  for (const { reason } of ends) if (reason) throw reason;
});

const hear = (...who) =>
  Promise.all(
    who.map(({ page }) =>
      page.waitForFunction(() => window.gaps.hears(), undefined, { timeout: 20_000 }),
    ),
  );
const begin = () => Promise.all(people.map(({ page }) => page.evaluate(() => window.gaps.begin())));
const worst = (who) => who.page.evaluate(() => window.gaps.worst());

step('two people are at another node, one of them on the stage', 90, async () => {
  await ada.acceptInvite(house.invite);
  await ada.go('/invites');
  const links = [await ada.giveInvite(), await ada.giveInvite()];
  await ben.acceptInvite(links[0]);
  await cleo.acceptInvite(links[1]);
  await ada.go('/');
  const room = await ada.openRoom('Over three nodes');
  await Promise.all([ben.on(`card-${room}`).waitFor(), cleo.on(`card-${room}`).waitFor()]);
  await Promise.all([ben.enter(room), cleo.enter(room)]);
  await ada.on(`person-${ben.id}`).waitFor();
  await ben.tap('hand');
  await ada.tap(`ask-up-${ben.id}`);
  await ben.on('asked').waitFor();
  await ben.tap('accept-stage');
  await ben.microphoneIs(false);
  await ben.openMicrophone();
  await hear(ada, cleo);
  for (let i = 0; (await nodes[1].peers()) < 1 && i < 100; i++) await wait(100);
  say(`connections: ${await nodes[0].peers()} at one node, ${await nodes[1].peers()} at the other`);
  await wait(3000);
  assert.ok((await nodes[0].peers()) >= 2, 'they are somewhere else');
});

step('their node is killed', 60, async () => {
  await begin();
  await nodes[0].stop('SIGKILL');
  await wait(6000);
  await hear(ada, cleo);
  const [adas, cleos] = [await worst(ada), await worst(cleo)];
  say(`Ada is without Ben for ${ms(adas)}, Cleo, whose node it was too, for ${ms(cleos)}`);
  assert.ok(!isCalm() || adas <= gapSpeaker, `a speaker is not heard for ${adas} ms`);
  assert.ok(!isCalm() || cleos <= gapListener, `a listener hears nothing for ${cleos} ms`);
});

step('their node is left', 60, async () => {
  await wait(3000);
  say(`connections: ${await nodes[1].peers()} at the node that is left`);
  await begin();
  await nodes[1].stop('SIGTERM');
  await wait(2000);
  await hear(ada, cleo);
  const [adas, cleos] = [await worst(ada), await worst(cleo)];
  say(`Ada is without Ben for ${ms(adas)}, Cleo for ${ms(cleos)}`);
  assert.ok(
    !isCalm() || Math.max(adas, cleos) <= gapLeft,
    `somebody hears nothing for ${Math.max(adas, cleos)} ms`,
  );
});

step('nothing has gone wrong in a page', 10, () => {
  for (const { name, errors } of people) assert.deepEqual(errors, [], name);
});
