import { defineConfig } from 'vitest/config';

// What the library is tested with keeps nothing between files, so that they share what
// they import. The models of the app are one state each, and begin anew in each file.
export default defineConfig({
  test: {
    projects: [
      project('sdk', 'sdk/ts/test/**/*.test.ts', false),
      project('web', 'web/test/**/*.test.{ts,tsx}', true),
    ],
  },
});

function project(name: string, include: string, isolate: boolean) {
  return {
    resolve: { conditions: ['source'] },
    ssr: { resolve: { conditions: ['source'] } },
    test: { name, include: [include], isolate, environment: 'happy-dom' },
  };
}
