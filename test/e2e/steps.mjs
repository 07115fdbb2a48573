// The steps of the walk through the house: one after the other, each on what
// the ones before have left.
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import * as places from './places.mjs';
import { calm } from './process.mjs';

let failed = '';

/** A step. After one that has failed there is no walking on. */
export function step(name, seconds, walk, evidence) {
  test(name, async (t) => {
    if (failed) {
      t.skip(`after "${failed}" has failed`);
      return;
    }
    const began = Date.now();
    const late = AbortSignal.timeout(seconds * 1000);
    try {
      await Promise.race([
        walk(),
        once(late, 'abort').then(() => {
          throw new Error(`it took longer than ${seconds} s`);
        }),
      ]);
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

/** Three readings, or six where more wants to run than there are cores for it. */
const enough = () => (loadavg()[0] > cpus().length ? 6 : 3);

/**
 * Takes up to three readings, until one is `good`; returns the last. Void ones
 * do not count, as long as they are not too many; from the third on one will do
 * that is good enough by what can be told `instead`.
 */
export async function bestOfThree(read, good, instead = () => false) {
  const voidMax = 6;
  for (let take = 1, counted = 0; ; take++) {
    await calm();
    const reading = await read(take);
    if (!reading.void) counted++;
    else if (take - counted >= 3 && instead(reading)) return reading;
    else if (take - counted > voidMax) throw new Error(reading.void);
    if (!reading.void && (good(reading) || counted >= enough())) return reading;
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
