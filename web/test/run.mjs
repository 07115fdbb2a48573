// Loads a TypeScript module of the tests in node, by the build tool that is there anyway.
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));

export async function load(path) {
  const vite = await createServer({
    root,
    configFile: false,
    logLevel: 'error',
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
    appType: 'custom',
    optimizeDeps: { noDiscovery: true },
    ssr: { resolve: { conditions: ['source'] } },
    resolve: { conditions: ['source'] },
  });
  return { module: await vite.ssrLoadModule(path), close: () => vite.close() };
}

export const dist = fileURLToPath(new URL('../dist', import.meta.url));
