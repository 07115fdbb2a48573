// What people say into their microphones, in English and in German.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as places from './places.mjs';
import { run } from './process.mjs';

const texts = {
  founder: [
    [
      'en',
      `The door is open, and whoever comes in may sit down and listen for a while. Nobody asks for
       a number, and nobody writes down what is said. A voice carries further than one would think
       on a quiet evening, across the square and up the stairs, between the columns.`,
    ],
    [
      'de',
      `Wer etwas sagen will, hebt die Hand, und jemand auf der Bühne bittet nach vorn. Dann sprechen
       zwei, und die anderen hören weiter zu, als wäre nichts geschehen. Draußen fährt die letzte
       Straßenbahn vorbei, und einer schließt leise das Fenster.`,
    ],
  ],
  guest: [
    [
      'de+f3',
      `Danke für die Einladung. Ich habe lange zugehört und möchte etwas dazu sagen: Städte werden
       nachts nicht leise, sie klingen nur anders. Man hört die Lüftungen, die Kühlschränke der
       Läden und ganz weit weg die Züge, und manchmal auch eine Amsel, die zu früh wach ist.`,
    ],
  ],
};

/** Makes the file of somebody's speech, 48 kHz mono with short pauses, and returns its path. */
export async function speech(who) {
  const parts = [];
  for (const [n, [voice, text]] of texts[who].entries()) {
    const part = join(places.sounds, `${who}-${n}.wav`);
    await run('espeak-ng', ['-v', voice, '-s', '160', '-w', part, text.replace(/\s+/g, ' ')]);
    parts.push(part);
  }
  const whole = join(places.sounds, `${who}.wav`);
  // Pauses are cut to a sixth of a second, so that silence is no pause.
  const short = ['silence', '1', '0.02', '0.3%', '-1', '0.17', '0.3%'];
  await run('sox', [
    ...parts,
    '-r',
    '48000',
    '-c',
    '1',
    '-b',
    '16',
    whole,
    ...short,
    'gain',
    '-n',
    '-6',
  ]);
  for (const part of parts) await rm(part);
  return whole;
}

/**
 * Makes the file of several who speak at once, so that there is always one who
 * makes no pause, and returns its path: what is not heard of it is lost.
 */
export async function babble() {
  const founder = await speech('founder');
  const whole = join(places.sounds, 'babble.wav');
  // The same again and again, from elsewhere, and higher or lower.
  const voices = [
    ['0', '0'],
    ['4', '-150'],
    ['9', '120'],
    ['14', '60'],
  ].map(([from, pitch]) => `|sox ${founder} -p trim ${from} 12 pitch ${pitch}`);
  await run('sox', ['-m', ...voices, '-c', '1', '-b', '16', whole, 'gain', '-n', '-4']);
  return whole;
}
