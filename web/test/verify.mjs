// Compares the app that a node serves with the one that was built here from
// source, file by file: `node web/test/verify.mjs https://stoa.example`, after
// `npm run build`, or both by `make verify-web NODE=https://stoa.example`.
//
// It sees what the node serves to whoever asks now and here. A node that serves
// something else to somebody else is not found by it.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const bodyMax = 16 << 20; // bytes of one file
const wait = 30_000; // ms for one file

const [node = '', dist = fileURLToPath(new URL('../dist/', import.meta.url))] =
  process.argv.slice(2);
if (!/^https?:\/\//.test(node)) {
  process.stderr.write('which node? make verify-web NODE=https://stoa.example\n');
  process.exit(2);
}

/** What is asked of the node, and the file that it is to be answered with. */
const asked = readdirSync(dist, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => relative(dist, join(entry.parentPath, entry.name)).split(sep).join('/'))
  .filter((name) => name !== 'index.html')
  .sort()
  .map((name) => ({ path: `/${name}`, name }));
if (asked.length === 0) {
  process.stderr.write(`nothing is built in ${dist}\n`);
  process.exit(2);
}
// The page stands for every path that is no file.
for (const path of ['/', '/index.html', '/r/0123456789abcdefghijklmnop', '/settings']) {
  asked.push({ path, name: 'index.html' });
}

const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');

let different = 0;
for (const { path, name } of asked) {
  const built = hash(readFileSync(join(dist, name)));
  const served = await fetched(path);
  const same = served === built;
  if (!same) different++;
  process.stdout.write(`${same ? 'same ' : 'OTHER'} ${built.slice(0, 16)} ${path}\n`);
  if (!same) process.stdout.write(`      ${served.slice(0, 60)}\n`);
}
process.stdout.write(`${asked.length} compared, ${different} different\n`);
if (different > 0) process.exitCode = 1;

/** The hash of what the node serves, or why there is none. */
async function fetched(path) {
  try {
    const answer = await fetch(new URL(path, node), {
      headers: { accept: 'text/html, */*' },
      redirect: 'error',
      signal: AbortSignal.timeout(wait),
    });
    if (answer.status !== 200) return `status ${answer.status}`;
    const parts = [];
    let size = 0;
    for await (const part of answer.body) {
      size += part.length;
      if (size > bodyMax) return 'far too large';
      parts.push(part);
    }
    return hash(Buffer.concat(parts));
  } catch (error) {
    return `no answer: ${error.cause?.code ?? error.message}`;
  }
}
