// Fails when the first view loads more than it may: 60 kB of script, 12 kB of
// style, gzipped.
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const assets = new URL('../dist/assets/', import.meta.url);
const limits = { js: 60_000, css: 12_000 };

for (const [kind, limit] of Object.entries(limits)) {
  const size = readdirSync(assets)
    .filter((name) => name.endsWith(`.${kind}`))
    .reduce((sum, name) => sum + gzipSync(readFileSync(new URL(name, assets))).length, 0);
  process.stdout.write(`${kind}: ${size} of ${limit} bytes gzipped\n`);
  if (size === 0 || size > limit) process.exitCode = 1;
}
