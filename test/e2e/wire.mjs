// Three people and a node, for test/wire, which watches the wire meanwhile:
// `node wire.mjs CERT KEY`. It says on its last line, as JSON, what must be
// nowhere on the wire, and what the node has logged.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { get } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { launch } from './browser.mjs';
import { House } from './house.mjs';
import { Person } from './person.mjs';
import { speech } from './speech.mjs';

const [cert, key] = process.argv.slice(2);

/** What must be nowhere, each once: by what it is. */
const canaries = new Map();

const vague = new Set(['id', 'who', 'by', 'from', 'steward']); // kinds that may be any id's

function add(key, canary) {
  const known = canaries.get(key);
  if (!known || (vague.has(known.kind) && !vague.has(canary.kind))) canaries.set(key, canary);
}

const note = (kind, text, more = {}) => add(text, { kind, text, ...more });

const noteToken = (kind, text) => note(kind, text, { opaque: true });

/** Bytes that have no text of their own. */
function noteBytes(kind, bytes) {
  const base64 = Buffer.from(bytes).toString('base64');
  add(base64, { kind, bytes: base64 });
}

/** Words that nobody has said before, with a letter that can be written in many ways. */
function words(kind, before) {
  const rare = Array.from({ length: 14 }, () => String.fromCharCode(97 + randomInt(26))).join('');
  const all = `${before} ü${rare}`;
  note(kind, all);
  note(`word of a ${kind}`, rare);
  return all;
}

/** Notes what page and node say to each other, inside TLS. */
function overhear(text) {
  for (const [, kind, value] of text.matchAll(/"(\w+)":"([0-9a-v]{26})"/g)) noteToken(kind, value);
  for (const [, value] of text.matchAll(/"([0-9a-v]{26})"/g)) noteToken('id', value);
  for (const [, value] of text.matchAll(/"(v4\.public\.[\w-]+)"/g)) noteToken('grant', value);
  for (const [, value] of text.matchAll(/ice-pwd:([\w+/]+)/g)) noteToken('ICE password', value);
  for (const [, kind, value] of text.matchAll(/"(ceremony|challenge)":"([\w-]{16,})"/g)) {
    noteToken(kind, value);
  }
}

const closing = [];

async function sit(house, microphone, name, settings) {
  const browser = await launch(microphone, { trusting: true });
  closing.push(() => browser.close());
  const context = await browser.newContext({ locale: 'en-GB' });
  context.on('request', (request) => overhear(request.postData() ?? ''));
  context.on('response', async (response) => {
    // Nobody waits for the body of what a page has left.
    if (response.url().includes('/api/v1/')) overhear(await response.text().catch(() => ''));
  });
  const person = await Person.sit(context, house, name, settings);
  person.page.on('websocket', (socket) => {
    for (const way of ['framesent', 'framereceived']) {
      socket.on(way, ({ payload }) => overhear(payload.toString()));
    }
  });
  return person;
}

/** Notes what somebody has that nobody else may. */
async function noteSecrets(who) {
  for (const { value } of await who.context.cookies()) noteToken('cookie', value);
  if (who.recoveryCode) {
    noteToken('recovery code', who.recoveryCode);
    noteToken('recovery code', who.recoveryCode.replace(/\W/g, ''));
  }
  const device = await who.device();
  if (device) noteBytes('device key', device.split(',').map(Number));
  for (const { credentialId, userHandle } of await who.passkeys()) {
    noteBytes('passkey', Buffer.from(credentialId, 'base64'));
    if (userHandle) noteBytes('handle of a passkey', Buffer.from(userHandle, 'base64'));
  }
  await who.call('GET', '/me/sessions');
}

function noteInvite(link) {
  noteToken('invite', link.split('/').at(-1));
  return link;
}

async function comeIn(house, ada, ben, cleo) {
  await ada.acceptInvite(noteInvite(house.invite));
  await ada.go('/invites');
  const links = [noteInvite(await ada.giveInvite()), noteInvite(await ada.giveInvite())];
  await ben.acceptInvite(links[0]);
  await cleo.acceptInvite(links[1]);
  await ada.go('/');
}

/** One room from its opening to its end, with all that people do in it. */
async function meet(house, ada, ben, cleo) {
  const room = await ada.openRoom(words('title', 'Tea'));
  await Promise.all([ben.enter(room), cleo.enter(room)]);
  await ada.on(`person-${cleo.id}`).waitFor();
  await Promise.all([ben.connects(0), cleo.connects(0)]);
  await ada.openMicrophone();
  await Promise.all([ben.hears(ada, await ben.now()), cleo.hears(ada, await cleo.now())]);

  await cleo.tap('hand');
  await ada.isTold(`${cleo.name} has raised a hand.`);
  await ben.tap('hand');
  await ada.isTold(`${ben.name} has raised a hand.`);
  await ada.tap(`ask-up-${ben.id}`);
  await ben.on('asked').waitFor();
  await ben.tap('accept-stage');
  await ben.isTold('You are on the stage, muted.');
  await ben.openMicrophone();
  await Promise.all([ada.hears(ben, await ada.now()), cleo.hears(ben, await cleo.now())]);
  await house.counts();
  await wait(3000);

  await writeAndAsk(ada, ben, cleo);

  await ada.doAbout(cleo, 'remove');
  await ada.tap('remove-sure');
  await cleo.on('room-over').waitFor();
  await ada.hears(ben, await ada.now());
  await ada.tap('menu');
  await ada.tap('end');
  await ada.tap('end-sure');
  await ben.on('room-over').waitFor();
}

/** What people do in it beside speaking. */
async function writeAndAsk(ada, ben, cleo) {
  const message = words('message', 'Psst');
  await cleo.on('write').fill(message);
  await cleo.tap('send');
  await Promise.all([ada, ben].map((who) => who.reads(message)));
  await ben.tap('react');
  await ben.tap('react-👏');
  await ada.on('reactions-sum').waitFor();
  await ben.page.keyboard.press('Escape');
  await ada.tap('menu');
  await ada.tap('pin');
  await ada.on('pin-url').fill('pinned.example/plan');
  await ada.on('pin-text').fill(words('link', 'Plan'));
  await ada.tap('pin-now');
  await cleo.on('links').waitFor();
  await ada.tap('menu');
  await ada.tap('poll-new');
  await ada.on('question').fill(words('question', 'Tea?'));
  await ada.on('answer-0').fill(words('answer', 'Yes'));
  await ada.on('answer-1').fill(words('answer', 'No'));
  await ada.tap('ask-now');
  await cleo.tap('option-1');
  await ada.tap('close-poll');
  await cleo.on('hide-poll').waitFor();
}

/** One that nobody else may know of, which one leaves. */
async function meetClosed(ada, ben) {
  await ada.go(`/p/${ben.id}`);
  await ada.tap('follow');
  await ada.go('/');
  await ben.go('/');
  const room = await ada.openRoom(words('title', 'Supper'), 'closed', [ben]);
  await ben.enter(room);
  await ben.connects(0);
  await ada.openMicrophone();
  await ben.hears(ada, await ben.now());
  await wait(2000);
  await ben.tap('leave');
  await ben.page.waitForURL(`${ben.house.url}/`);
}

/** Somebody comes in again by the code that is kept for that. */
async function recover(cleo) {
  await cleo.context.clearCookies();
  await cleo.go('/signin');
  await cleo.on('recovery-input').fill(cleo.recoveryCode);
  await cleo.tap('signin-recovery');
  cleo.recoveryCode = await cleo.on('recovery-code').textContent();
  await cleo.tap('recovery-kept');
  await cleo.page.waitForURL(`${cleo.house.url}/`);
}

/** Speaks to the node in clear, which it does not understand, and logs. */
async function knockInClear(house) {
  const { port } = new URL(house.url);
  await new Promise((done, failed) => {
    get({ host: 'localhost', port, path: '/' }, (answer) => answer.resume().on('end', done)).on(
      'error',
      failed,
    );
  });
}

/** Does one thing after the other, and says how long each takes. */
async function inTurn(steps) {
  for (const [name, step] of Object.entries(steps)) {
    const began = Date.now();
    await step();
    process.stderr.write(`    ${name}: ${((Date.now() - began) / 1000).toFixed(1)} s\n`);
  }
}

async function walk() {
  const [founder, guest] = await Promise.all([speech('founder'), speech('guest')]);
  const house = await House.open(['--log_level', 'debug'], undefined, { cert, key });
  closing.push(() => house.close());
  const people = await Promise.all([
    sit(house, founder, words('name', 'Ada')),
    sit(house, guest, words('name', 'Ben')),
    sit(house, guest, words('name', 'Cleo'), { passkeys: false }),
  ]);
  const [ada, ben, cleo] = people;
  const secrets = () => Promise.all(people.map(noteSecrets));
  await inTurn({
    'three people come in by invites': () => comeIn(house, ada, ben, cleo),
    'they meet in a room': () => meet(house, ada, ben, cleo),
    'one comes in again by a recovery code': async () => {
      await secrets();
      await recover(cleo);
    },
    'two meet in a closed room': () => meetClosed(ada, ben),
    'somebody asks in clear': async () => {
      await knockInClear(house);
      await house.counts();
      await secrets();
    },
  });
  for (const { name, errors } of people) assert.deepEqual(errors, [], name);
  return house;
}

try {
  const house = await walk();
  for (const close of closing.splice(0).reverse()) await close();
  process.stdout.write(`${JSON.stringify({ canaries: [...canaries.values()], log: house.log })}\n`);
} finally {
  await Promise.allSettled(closing.reverse().map((close) => close()));
}
