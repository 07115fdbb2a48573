import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { defaultClientConditions, defineConfig, type Plugin } from 'vite';

const node = 'http://127.0.0.1:8080';
const at = (path: string) => new URL(path, import.meta.url);

export default defineConfig({
  resolve: { conditions: ['source', ...defaultClientConditions] },
  plugins: [offline()],
  build: {
    target: 'es2022',
    // The content security policy allows files of the node only, no data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: ['index.html', 'src/sw.ts'],
      output: {
        // A service worker has one address for good.
        entryFileNames: (chunk) => (chunk.name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js'),
        // What the page itself imports is one file, whoever else imports it later. What
        // the service worker imports stays in it.
        codeSplitting: {
          groups: [{ name: 'first', tags: ['$initial'], test: /^(?!.*\/(sw|words\/pushed)\.ts)/ }],
        },
      },
    },
  },
  // A part of the worker is loaded only for closed rooms.
  worker: { format: 'es' },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': { target: node, ws: true } },
  },
});

/**
 * Tells the service worker which files there are, and a version that is another
 * when any of them is: all scripts and styles, the font for Latin letters, and
 * what lies in public. Other fonts come when they are needed.
 */
function offline(): Plugin {
  const isKept = (name: string) =>
    /-latin-flar-/.test(name) || !/\.woff2$|^sw\.js$|^index\.html$/.test(name);
  return {
    name: 'offline',
    apply: 'build',
    enforce: 'post',
    generateBundle(_, bundle) {
      const version = createHash('sha256');
      const files = readdirSync(at('public'))
        .filter((name) => !name.startsWith('.'))
        .sort();
      for (const name of files) version.update(readFileSync(at(`public/${name}`)));
      for (const [name, file] of Object.entries(bundle).sort()) {
        version.update(name).update(file.type === 'chunk' ? file.code : file.source);
        if (isKept(name)) files.push(name);
      }
      const worker = bundle['sw.js'];
      if (worker?.type !== 'chunk') throw new Error('there is no service worker');
      const build = JSON.stringify([
        version.digest('hex').slice(0, 16),
        ...files.map((name) => `/${name}`),
      ]);
      worker.code = worker.code.replace(/(["'`])__BUILD__\1/, () => JSON.stringify(build));
      if (!worker.code.includes(files[0] as string))
        throw new Error('the service worker knows no files');
    },
  };
}
