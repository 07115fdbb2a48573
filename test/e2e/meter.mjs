// How well one hears another: both sides are recorded, and test/meter compares.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import * as places from './places.mjs';
import { hurry, run } from './process.mjs';
import { wav } from './wav.mjs';

const rate = 48000;
const stalledMax = 80; // ms; Chromium drops what waits for longer than 100

/**
 * Records `speaker`'s microphone and what `listener` hears of it, while
 * `during` runs, and returns what the meter says. `name` is that of the file,
 * which stays for a closer look.
 *
 * When the machine was too busy for sound, on either side, the reading is
 * `void`: it tells of the machine and not of what is tested.
 */
export async function measure(name, speaker, listener, during) {
  hurry();
  const before = await listener.stats(speaker);
  await Promise.all([speaker.record(speaker), listener.record(speaker)]);
  await during();
  const [said, heard] = await Promise.all([speaker.recorded(), listener.recorded()]);
  const after = await listener.stats(speaker);
  const file = join(places.sounds, `${name}.wav`);
  await writeFile(file, wav(...together(said, heard)));
  const stalled = Math.max(said.stalled, heard.stalled);
  if (stalled > stalledMax) {
    const why = `the browser's sound stood still for ${Math.round(stalled)} ms`;
    return { void: why, ...counted(before, after) };
  }
  return { ...JSON.parse(await run(places.meter, [file])), ...counted(before, after) };
}

/** What the browser has counted in between, on the listener's side. */
export function counted(before, after) {
  const [delay, emitted, concealed, silent, all, lost] = [
    'jitterBufferDelay',
    'jitterBufferEmittedCount',
    'concealedSamples',
    'silentConcealedSamples',
    'totalSamplesReceived',
    'packetsLost',
  ].map((name) => after[name] - before[name]);
  return { buffer_ms: (1000 * delay) / emitted, concealed: (concealed - silent) / all, lost };
}

/** A reading in words. */
export function words(r) {
  if (r.void)
    return `${r.void}; ${(100 * r.concealed).toFixed(1)} % concealed, ${r.lost} packets lost`;
  return [
    `STOI ${r.stoi.toFixed(3)}`,
    `mouth to ear ${r.delay_ms.median.toFixed(0)} ms (95 %: ${r.delay_ms.p95.toFixed(0)} ms)`,
    `${r.buffer_ms.toFixed(0)} ms of it in the listener's buffer`,
    `longest gap ${r.longest_gap_ms} ms`,
    `${(100 * r.concealed).toFixed(1)} % concealed`,
    `load average ${r.load_average.toFixed(1)}`,
  ].join(', ');
}

/** Just listening, for so many seconds. */
export const forSeconds = (seconds) => () => wait(seconds * 1000);

/** Two recordings, from when both had begun, as 16-bit samples. */
function together(left, right) {
  const from = Math.max(left.at, right.at);
  return [left, right].map(({ at, samples }) => {
    const whole = (v) => Math.max(-32768, Math.min(32767, Math.round(v * 32767)));
    return Int16Array.from(samples.subarray(Math.round(((from - at) / 1000) * rate)), whole);
  });
}
