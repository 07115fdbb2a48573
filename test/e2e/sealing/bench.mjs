// What the seal costs: `make bench-keys`. Prints a table, writes it into
// docs/benchmarks.md, and fails where a bar is missed.
import { execFileSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { Stage } from '../loss/stage.mjs';
import { clients, take } from '../loss/take.mjs';
import { publish } from '../publish.mjs';
import { Cast } from './cast.mjs';

const bars = { delay: 5, join: 600, failover: 3000, joins: 100, rekey: 1500 };
const seconds = 15; // of speech in a reading
const takes = { delay: 7, rekey: 3 };
const crowd = 5000;

const say = (line) => process.stdout.write(`${line}\n`);
const median = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)];
const load = () => loadavg()[0].toFixed(1);
const rounded = (all) => all.map((n) => Math.round(n)).join(', ');

const rows = [];
const missed = [];

/** Notes a reading, which is to be at most (or at least) as much as its bar. */
function note(what, unit, bar, reading, all, atLeast = false) {
  const ok = atLeast ? reading >= bar : reading <= bar;
  const cells = [
    what,
    `${atLeast ? '≥' : '≤'} ${bar} ${unit}`,
    `**${Math.round(reading)} ${unit}**`,
  ];
  rows.push([...cells, all, load()].join(' | '));
  say(`${what}: ${Math.round(reading)} ${unit} (${all}), load ${load()}`);
  if (!ok) missed.push(`${what}: ${reading} ${unit}, ${cells[1]}`);
}

/** A page in which frames pass no worker: what is said and heard is not sealed. */
function unsealed() {
  for (const side of [RTCRtpSender, RTCRtpReceiver]) {
    Object.defineProperty(side.prototype, 'transform', { set() {}, get: () => null });
  }
}

/** A page whose frames pass a worker that does nothing to them. */
function passed() {
  const pass = 'onrtctransform = ({ transformer: t }) => t.readable.pipeTo(t.writable)';
  const script = URL.createObjectURL(new Blob([pass], { type: 'text/javascript' }));
  const worker = new Worker(script);
  window.RTCRtpScriptTransform = new Proxy(RTCRtpScriptTransform, {
    construct: (Transform, [, options]) => new Transform(worker, options),
  });
}

async function delay() {
  const found = { sealed: [], passed: [], unsealed: [] };
  for (let seed = 1; seed <= takes.delay; seed++) {
    for (const [kind, prelude] of Object.entries({ sealed: undefined, passed, unsealed })) {
      const stage = await Stage.open(prelude); // one at a time: the machine is small
      try {
        const kinds = { stoa: clients.stoa };
        const { stoa } = await take(stage, { loss: 0, burst: 1, seed, seconds, kinds });
        found[kind].push(stoa.delay);
        say(
          `  ${kind}: ${Math.round(stoa.delay)} ms from mouth to ear, STOI ${stoa.stoi.toFixed(3)}`,
        );
      } finally {
        await stage.close();
      }
    }
  }
  const all = Object.entries(found).map(([kind, delays]) => `${kind} ${rounded(delays)}`);
  const [sealed, through, without] = Object.values(found).map(median);
  say(`  medians: sealed ${sealed}, passed ${through}, unsealed ${without} ms`);
  note('added from mouth to ear', 'ms', bars.delay, sealed - without, all.join('; '));
  note('of it by sealing, on the same path', 'ms', bars.delay, sealed - through, 'as above');
}

/** Two on the stage and a crowd that listens, in a room. */
async function room(people) {
  const cast = await Cast.open(people);
  const [ada, ben] = [await cast.sit(), await cast.sit()];
  const id = await ada.openRoom();
  await ada.enter(id);
  await ada.do('speak');
  await ada.locked();
  await ben.enter(id);
  await ben.locked();
  await ada.do('comeUp', ben.id);
  await ben.do('stepUp');
  await ben.locked((lock) => lock.voices.length === 2);
  return { cast, ada, ben, id };
}

async function joining() {
  const { cast, ada, ben, id } = await room(140);
  try {
    const listener = await cast.sit(ben);
    const guests = cast.crowd(id);
    await guests.join(50);
    const heard = [];
    for (let n = 0; n < 9; n++) {
      heard.push(await listener.do('hear', id));
      await listener.do('leave');
      await listener.page.reload();
      await listener.page.waitForFunction(() => 'bench' in window);
      await wait(500);
    }
    const what = 'from coming in to the first sound, beside 50 who listen';
    note(what, 'ms', bars.join, median(heard), rounded(heard));

    // The steward's tab goes while fifty knock.
    const { all_ms: all } = await guests.join(50, () => ada.page.close());
    note('50 let in while the steward’s tab goes', 'ms', bars.failover, all, 'the last of them');
  } finally {
    await cast.close();
  }
}

async function thousands() {
  const { cast, ada, id } = await room(crowd + 12);
  try {
    const guests = cast.crowd(id);
    const rates = [];
    for (let left = crowd; left > 0; left -= 500) {
      const { joined, all_ms: all } = await guests.join(Math.min(500, left));
      rates.push((1000 * joined) / all);
      say(`  ${joined} let in within ${Math.round(all)} ms`);
    }
    const each = `500 at once, ${rounded(rates)}`;
    note('let in by one tab', 'a second', bars.joins, median(rates), each, true);

    const spent = [];
    for (let n = 0; n < takes.rekey; n++) {
      await wait(35_000); // for what who tends owes to those who went before
      const { epoch } = await ada.do('lock');
      const removed = guests.people[n].id;
      const at = await ada.do('remove', removed);
      const { last_at: last, held, opened_by_gone: opened } = await guests.expect(epoch + 1);
      spent.push(last - at);
      say(`  ${held} have the next secret ${Math.round(last - at)} ms after a removal`);
      if (opened > 0) missed.push('who was removed holds the next secret');
    }
    const what = `a new secret for ${crowd}, from a removal to the last`;
    note(what, 'ms', bars.rekey, median(spent), rounded(spent));
  } finally {
    await cast.close();
  }
}

// All, or those that are named, which are printed and not written down.
const parts = { delay, joining, thousands };
const named = process.argv.slice(2);
for (const [name, part] of Object.entries(parts)) {
  if (named.length === 0 || named.includes(name)) await part();
}
const chromium = execFileSync('chromium', ['--version'], { encoding: 'utf8' }).trim();
const text = `## Keys

What it costs to seal a voice from end to end, and to give everybody its keys.

| what | bar | median | all | load |
|---|---|---|---|---|
${rows.map((row) => `| ${row} |`).join('\n')}

\`make bench-keys\`: ${chromium} for the speakers, the steward and who listens; \`test/keys\` for the crowd, each a whole client of the agreement in Go behind a WebSocket of its own; node, browsers and crowd on one machine with ${cpus().length} processors. "Unsealed" is the same page with the transforms left out, which only this bench can do. A joiner has loaded the page; what is counted is grant, WebSocket, seat, keys, ICE, DTLS, the welcome and the first sample that was not made up. The crowd knocks all at once.
`;
if (named.length === 0) await publish('Keys', text);
say(`\n${text}`);
if (missed.length > 0) {
  say(`missed:\n  ${missed.join('\n  ')}`);
  process.exitCode = 1;
}
