// @vitest-environment node
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';

const script = fileURLToPath(new URL('./verify.mjs', import.meta.url));
const files: Record<string, string> = {
  'index.html': '<!doctype html><script src="/assets/a.js"></script>',
  'theme.js': 'theme()',
  'assets/a.js': 'app()',
};

let dist = '';
let node: Server;
/** What the node answers for a path, in place of what it should. */
let instead: Record<string, string | number> = {};

beforeEach(async () => {
  instead = {};
  dist = mkdtempSync(join(tmpdir(), 'stoa-verify-'));
  mkdirSync(join(dist, 'assets'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dist, name), text);
  node = createServer((request, response) => {
    const path = request.url ?? '/';
    const other = instead[path];
    const text = typeof other === 'string' ? other : files[path.slice(1)];
    if (typeof other === 'number') response.statusCode = other;
    response.setHeader('content-encoding', 'gzip'); // as nodes do
    response.end(gzipSync(text ?? files['index.html'] ?? ''));
  });
  await new Promise<void>((resolve) => node.listen(0, '127.0.0.1', resolve));
});

afterEach(() => {
  node.close();
  rmSync(dist, { recursive: true });
});

/** How the comparison ends, and its last line. */
async function verify(...args: string[]) {
  const ran = await promisify(execFile)(process.execPath, [script, ...args]).then(
    ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
    (failed: { code: number; stdout: string; stderr: string }) => failed,
  );
  return { ...ran, last: (ran.stdout + ran.stderr).trimEnd().split('\n').at(-1) };
}

const here = () => `http://127.0.0.1:${(node.address() as AddressInfo).port}`;

test('a node that serves what was built', async () => {
  const { code, last } = await verify(here(), dist);
  expect([code, last]).toEqual([0, '6 compared, 0 different']);
});

test.each([
  ['a script with one byte more', '/assets/a.js', 'app();'],
  ['another page at the root', '/', `${files['index.html']}<script src="/x.js"></script>`],
  ['another page in a room', '/r/0123456789abcdefghijklmnop', 'a page'],
  ['a file that is not there', '/theme.js', 404],
])('%s is found', async (_, path, other) => {
  instead = { [path]: other };
  const { code, last, stdout } = await verify(here(), dist);
  expect([code, last]).toEqual([1, '6 compared, 1 different']);
  expect(stdout).toMatch(new RegExp(`^OTHER \\w+ ${path}$`, 'm'));
});

test('who does not answer is not taken for right', async () => {
  const nobody = here();
  await new Promise((resolve) => node.close(resolve));
  const { code, last } = await verify(nobody, dist);
  expect([code, last]).toEqual([1, '6 compared, 6 different']);
});

test('without a node, or anything built, it says so', async () => {
  expect(await verify()).toMatchObject({ code: 2, last: expect.stringContaining('which node?') });
  for (const name of Object.keys(files)) rmSync(join(dist, name));
  const { code, last } = await verify(here(), dist);
  expect([code, last]).toEqual([2, `nothing is built in ${dist}`]);
});
