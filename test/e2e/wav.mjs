// WAV files, as test/meter reads them.
const rate = 48000;

/** A file of two channels of 16-bit samples, as long as the shorter one. */
export function wav(left, right) {
  const frames = Math.min(left.length, right.length);
  const file = Buffer.alloc(44 + 4 * frames);
  file.write('RIFF', 0);
  file.writeUInt32LE(file.length - 8, 4);
  file.write('WAVEfmt ', 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20); // PCM
  file.writeUInt16LE(2, 22); // channels
  file.writeUInt32LE(rate, 24);
  file.writeUInt32LE(4 * rate, 28);
  file.writeUInt16LE(4, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36);
  file.writeUInt32LE(4 * frames, 40);
  for (let i = 0; i < frames; i++) {
    file.writeInt16LE(left[i], 44 + 4 * i);
    file.writeInt16LE(right[i], 46 + 4 * i);
  }
  return file;
}
