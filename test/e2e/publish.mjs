// Where what was measured is written down: docs/benchmarks.md.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const benchmarks = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));

/** Writes a section into the document, in place of the one of this heading that was there. */
export async function publish(heading, text) {
  const before = await readFile(benchmarks, 'utf8').catch(() => '# Benchmarks\n');
  const [head, rest = ''] = before.split(new RegExp(`^## ${heading}$`, 'm'));
  const after = rest.slice(rest.search(/^## /m) >>> 0);
  await writeFile(
    benchmarks,
    [head.trimEnd(), text.trimEnd(), after.trimEnd()].filter(Boolean).join('\n\n').concat('\n'),
  );
}
