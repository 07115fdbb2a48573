// The steps of the walk through the house: one after the other, each on what
// the ones before have left.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { constants, loadavg, setPriority } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import * as places from './places.mjs';

let failed = '';

// Sound suffers first when a machine is busy. Where we may, we and what we
// start come before others.
if (process.getuid() === 0) setPriority(constants.priority.PRIORITY_HIGH);

/** A step. After one that has failed there is no walking on. */
export function step(name, seconds, walk, evidence) {
  test(name, { timeout: seconds * 1000 }, async (t) => {
    if (failed) {
      t.skip(`after "${failed}" has failed`);
      return;
    }
    const began = Date.now();
    try {
      await walk();
    } catch (error) {
      failed = name;
      await keep(evidence());
      throw error;
    }
    say(`${((Date.now() - began) / 1000).toFixed(1)} s, load average ${loadavg()[0].toFixed(1)}`);
  });
}

/** Prints a line with what was measured. */
export function say(line) {
  process.stdout.write(`    ${line}\n`);
}

export const ms = (milliseconds) => `${Math.round(milliseconds)} ms`;

/** Tries up to three times, until `good` of what was tried; returns the last. */
export async function bestOfThree(attempt, good) {
  for (let take = 1; ; take++) {
    const got = await attempt(take);
    if (good(got) || take === 3) return got;
  }
}

/** Keeps what tells why a step has failed. */
async function keep({ house, people }) {
  await rm(places.failure, { recursive: true, force: true });
  await mkdir(places.failure, { recursive: true });
  if (house) await writeFile(join(places.failure, 'node.log'), house.log);
  for (const { name, page, errors } of people) {
    const file = join(places.failure, name.replace(/\W+/g, '-'));
    await writeFile(`${file}.txt`, [page.url(), ...errors].join('\n'));
    await page.screenshot({ path: `${file}.png`, timeout: 3000 }).catch(() => {}); // it may be gone
  }
  say(`pictures and the node's log are in ${places.failure}`);
}
