// Fails when the first view loads more than it may: 60 kB of script, 13 kB of
// style, gzipped. What is loaded later, in a room, has limits of its own.
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const dist = new URL('../dist/', import.meta.url);
const assets = new URL('assets/', dist);
// What the page names is what comes first: its script, and all that this one needs.
const page = readFileSync(new URL('index.html', dist), 'utf8');
const named = [...page.matchAll(/(?:src|href)="\/assets\/([^"]+\.js)"/g)].map(([, name]) => name);
const limits = [
  ['first view', { test: (name) => named.includes(name) }, 60_000],
  ['style', /\.css$/, 13_000],
  ['worker of a room', /^keys\.worker-.*\.js$/, 30_000],
  ['coming in', /^coming-.*\.js$/, 8_000],
  ['people', /^people-.*\.js$/, 15_000],
  ['first steps', /^first-.*\.js$/, 4_000],
  ['clubs', /^clubs-.*\.js$/, 15_000],
  ['schedule', /^schedule-.*\.js$/, 15_000],
  ['activity', /^activity-.*\.js$/, 8_000],
  ['messages', /^messages-.*\.js$/, 60_000],
  ['finding each other', /^find-.*\.js$/, 30_000],
  ['reports and decisions', /^ward-.*\.js$/, 10_000],
  ['search', /^search-.*\.js$/, 4_000],
  ['opening a room', /^open-room-.*\.js$/, 5_000],
  ['order of the hallway', /^order-.*\.js$/, 4_000],
  ['all scripts', /\.js$/, 310_000],
];

for (const [what, names, limit] of limits) {
  const size = readdirSync(assets)
    .filter((name) => names.test(name))
    .reduce((sum, name) => sum + gzipSync(readFileSync(new URL(name, assets))).length, 0);
  process.stdout.write(`${what}: ${size} of ${limit} bytes gzipped\n`);
  if (size === 0 || size > limit) process.exitCode = 1;
}
