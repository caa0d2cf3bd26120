import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts', 'connectors/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // PGlite holds about 500 MB per instance: few files at once.
    maxWorkers: 2,
    setupFiles: ['tests/support/setup.ts'],
  },
});
