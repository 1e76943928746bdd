import { defineConfig } from 'vitest/config';

/** Tests that start real tools. The tools need the time, and two cores can take two of them at once. */
const withTools = { maxWorkers: 2, testTimeout: 300_000, hookTimeout: 900_000 };

/**
 * Files that need the machine to themselves, each with what it does to others. They stop parts of the sandbox, or
 * they leave something of a dead session behind. Any other appdev that starts meanwhile would clear that away.
 */
const alone = [
  'test/integration/build-leftovers.test.ts', // kills sessions and counts what is left of them
  'test/e2e/bad-luck.test.ts', // stops the registry and the API server
  'test/e2e/cluster.test.ts', // stops the API server
];

// Levels, fastest first. `unit` does no heavy IO, and also runs on Node 22 and 24. `fakes` is about sockets, watches
// and processes, and needs no tool. `integration` runs real tools in temporary folders. `sandbox` proves that the
// sandbox comes and goes without a trace. `e2e` needs the sandbox up. `alone` holds the files of `integration` and
// `e2e` that must run by themselves. Projects that differ in their workers must be in groups of their own.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.{ts,tsx}', 'test/unit/**/*.test.ts'],
          testTimeout: 20_000,
          // Loading the sources anew for each of 180 files took two thirds of the processor's time.
          isolate: false,
        },
      },
      {
        test: {
          name: 'fakes',
          include: ['test/fakes/**/*.test.ts'],
          testTimeout: 180_000,
          // Removing the 25,000 files of a burst takes a while on a busy disk.
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          exclude: alone,
          ...withTools,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'sandbox',
          include: ['sandbox/**/*.test.ts'],
          ...withTools,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: alone,
          ...withTools,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: 'alone',
          include: alone,
          ...withTools,
          maxWorkers: 1,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
