import { defaultClientConditions, defineConfig } from 'vite';

const node = 'http://127.0.0.1:8080';

export default defineConfig({
  resolve: { conditions: ['source', ...defaultClientConditions] },
  build: {
    target: 'es2022',
    // The content security policy allows files of the node only, no data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // A part of the worker is loaded only for closed rooms.
  worker: { format: 'es' },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': { target: node, ws: true } },
  },
});
