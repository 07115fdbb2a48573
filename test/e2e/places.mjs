// Where things are.
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export const node = at('bin/stoa');
export const meter = at('bin/m2e');
export const lossy = at('bin/lossy');
export const keys = at('bin/keys');
export const sounds = at('build/e2e');
export const pictures = at('build/shots');
export const failure = at('build/e2e-failure');

for (const path of [sounds, pictures]) await mkdir(path, { recursive: true });
