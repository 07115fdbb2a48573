// One reading: the same speech over lines of one kind, by clients of several,
// and by one on a clean line, which tells whether the machine had time for it.
import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import * as places from '../places.mjs';
import { calm, hurry, run } from '../process.mjs';
import { wav } from '../wav.mjs';

const cleanMin = 0.98; // STOI of the clean line, below which the machine was too busy
const settle = 12_000; // ms at most until the room has noticed what is lost
const voidMax = 10; // readings in a row that tell of the machine

/**
 * What clients can: `plain` neither asks again nor understands RED, as with any
 * forwarder of packets; `stoa` is ours.
 */
export const clients = {
  plain: { nack: false, red: false },
  stoa: { nack: true, red: true },
};

/**
 * Has listeners of some kinds hear the speaker for so many seconds over lines
 * with the same losses, and returns what they heard, by kind.
 */
export async function take(stage, { loss, burst, seed, seconds, kinds = clients }) {
  for (let attempt = 1; ; attempt++) {
    if (attempt > 1) await calm();
    const heard = await listen(stage, { loss, burst, seed, seconds, kinds });
    if (heard.clean.stoi >= cleanMin) return heard;
    if (attempt === voidMax) {
      throw new Error(`the machine is too busy: a clean line has a STOI of ${heard.clean.stoi}`);
    }
  }
}

async function listen(stage, { loss, burst, seed, seconds, kinds }) {
  const lines = [];
  const sit = async (name, how, loss) => {
    const line = await stage.line({ loss, burst, seed });
    lines.push(line);
    await stage.listen(name, { line, ...how });
  };
  await sit('clean', clients.stoa, 0);
  for (const [name, how] of Object.entries(kinds)) await sit(name, how, loss);
  const names = ['clean', ...Object.keys(kinds)];
  if (loss > 0) await noticed(stage, names);
  hurry();
  await wait(2000); // for those who have begun to wait
  const tapes = await stage.record(['speaker', ...names], seconds);
  const said = tapes.get('speaker').samples;
  const heard = {};
  for (const name of names) {
    const { samples, counts } = tapes.get(name);
    const file = join(places.sounds, `loss-${name}.wav`);
    await writeFile(file, wav(said, samples));
    heard[name] = await read(file, counts, seconds);
    await stage.leave(name);
  }
  for (const line of lines) await line.close();
  return heard;
}

/** Waits until somebody waits for copies, but not for ever: few losses need none. */
async function noticed(stage, names) {
  for (const until = Date.now() + settle; Date.now() < until; ) {
    for (const name of names) if ((await stage.look(name)).target !== null) return;
    await wait(200);
  }
}

async function read(file, counts, seconds) {
  const share = (part) => part / counts.totalSamplesReceived;
  const reading = {
    concealed: share(counts.concealedSamples - counts.silentConcealedSamples),
    kbps: (8 * counts.bytesReceived) / seconds / 1000,
    load: loadavg()[0],
  };
  try {
    const { stoi, delay_ms } = JSON.parse(await run(places.meter, ['-likeness', '0.15', file]));
    return { stoi, delay: delay_ms.median, ...reading };
  } catch (error) {
    if (!/nothing that was said was heard/.test(error.message)) throw error;
    return { stoi: 0, delay: Number.NaN, ...reading };
  }
}
