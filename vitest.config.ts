import { defineConfig } from 'vitest/config';

// Levels, fastest first. `unit` does no heavy IO and is what also runs on Node 22 and 24; `integration` runs real
// tools in temporary folders; `sandbox` proves that the sandbox comes and goes without a trace; `e2e` needs it up.
const serial = { fileParallelism: false, testTimeout: 300_000, hookTimeout: 900_000 };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.{ts,tsx}', 'test/unit/**/*.test.ts'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          ...serial,
          testTimeout: 180_000,
        },
      },
      { test: { name: 'sandbox', include: ['sandbox/**/*.test.ts'], ...serial } },
      { test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], ...serial } },
    ],
  },
});
