// How well one hears another: both sides are recorded, and test/meter compares.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import * as places from './places.mjs';
import { run } from './process.mjs';

const rate = 48000;

/**
 * Records `speaker`'s microphone and what `listener` hears of it, while
 * `during` runs, and returns what the meter says. `name` is that of the file,
 * which stays for a closer look.
 */
export async function measure(name, speaker, listener, during) {
  await Promise.all([speaker.record(speaker), listener.record(speaker)]);
  await during();
  const [said, heard] = await Promise.all([speaker.recorded(), listener.recorded()]);
  const file = join(places.sounds, `${name}.wav`);
  await writeFile(file, stereo(said, heard));
  return JSON.parse(await run(places.meter, [file]));
}

/** Just listening, for so many seconds. */
export const forSeconds = (seconds) => () => wait(seconds * 1000);

/** A WAV file of two recordings, from when both had begun. */
function stereo(left, right) {
  const from = Math.max(left.at, right.at);
  const skip = ({ at, samples }) => samples.subarray(Math.round(((from - at) / 1000) * rate));
  const [a, b] = [skip(left), skip(right)];
  const frames = Math.min(a.length, b.length);
  const wav = Buffer.alloc(44 + 4 * frames);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(wav.length - 8, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20); // PCM
  wav.writeUInt16LE(2, 22); // channels
  wav.writeUInt32LE(rate, 24);
  wav.writeUInt32LE(4 * rate, 28);
  wav.writeUInt16LE(4, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(4 * frames, 40);
  const sample = (v) => Math.max(-32768, Math.min(32767, Math.round(v * 32767)));
  for (let i = 0; i < frames; i++) {
    wav.writeInt16LE(sample(a[i]), 44 + 4 * i);
    wav.writeInt16LE(sample(b[i]), 46 + 4 * i);
  }
  return wav;
}
