// Checks the contrast of every pair of colours in use, by day and by night
// (WCAG 2.2: text 4.5 to 1, edges of controls 3 to 1), and of every face.
import { readFileSync } from 'node:fs';

const read = (name) => readFileSync(new URL(`../src/look/${name}`, import.meta.url), 'utf8');
const css = `${read('tokens.css')}${read('components.css')}`.replace(/\s+/g, ' ');

const colour = String.raw`oklch\(([^)]+)\)`;
const paired = new RegExp(String.raw`--([\w-]+): light-dark\( ?${colour}, ?${colour} ?\)`, 'g');
const tokens = Object.fromEntries(
  [...css.matchAll(paired)].map(([, name, ...both]) => [name, both]),
);
const face = new RegExp(
  String.raw`\[data-p="(\d)"\] \{ --a: ${colour}; --b: ${colour};( --f: var\(--pd\);)?`,
  'g',
);
const faces = [...css.matchAll(face)];
const dark = new RegExp(`--pd: ${colour}`).exec(css)?.[1];
const light = new RegExp(`--f: ${colour}`).exec(css)?.[1];

const text = 4.5;
const edge = 3;
const pairs = [
  ['ink', 'ground', text],
  ['ink', 'raised', text],
  ['ink', 'sunk', text],
  ['ink-2', 'ground', text],
  ['ink-2', 'raised', text],
  ['ink-2', 'sunk', text],
  ['live', 'ground', text],
  ['live', 'raised', text],
  ['on-live', 'live', text],
  ['mod', 'ground', text],
  ['mod', 'raised', text],
  ['mod', 'mod-2', text],
  ['ink', 'mod-2', text],
  ['danger', 'ground', text],
  ['danger', 'raised', text],
  ['raised', 'danger', text],
  ['ink', 'warn-2', text],
  ['ink', 'live-2', text],
  ['live', 'live-2', edge],
  ['ground', 'ink', text],
  ['raised', 'mod', text],
  ['line-2', 'ground', edge],
  ['line-2', 'raised', edge],
];

let checked = 0;
let failing = 0;

function check(what, a, b, least) {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  const ratio = (high + 0.05) / (low + 0.05);
  checked++;
  if (ratio >= least) return;
  failing++;
  process.stdout.write(`${what}: ${ratio.toFixed(2)}, ${least} is needed\n`);
}

/** Relative luminance of an oklch() colour, by way of linear sRGB. */
function luminance(oklch) {
  const [L, C, h] = oklch.trim().split(/[ /]+/).map(Number);
  const a = C * Math.cos((h * Math.PI) / 180);
  const b = C * Math.sin((h * Math.PI) / 180);
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const [red, green, blue] = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map((v) => Math.min(1, Math.max(0, v)));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

for (const [a, b, least] of pairs) {
  for (const [i, time] of ['day', 'night'].entries()) {
    check(`${a} on ${b} by ${time}`, tokens[a][i], tokens[b][i], least);
  }
}
for (const [, number, a, b, isDark] of faces) {
  check(`face ${number}, ground`, isDark ? dark : light, a, text);
  check(`face ${number}, figure`, isDark ? dark : light, b, text);
}
// A rewritten style sheet that this script cannot read must not look like a good one.
if (checked !== pairs.length * 2 + 16) throw new Error(`only ${checked} pairs were found`);
process.stdout.write(`contrast: ${checked} pairs, ${failing} failing\n`);
process.exitCode = failing > 0 ? 1 : 0;
