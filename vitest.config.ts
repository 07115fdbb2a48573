import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    environment: 'happy-dom',
    include: ['sdk/ts/test/**/*.test.ts', 'web/test/**/*.test.{ts,tsx}'],
  },
});
