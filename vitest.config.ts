import { defineConfig } from 'vitest/config';

/** Tests that start real tools: what counts is the tool, and two at a time are what two cores can take. */
const withTools = { maxWorkers: 2, testTimeout: 300_000, hookTimeout: 900_000 };

/**
 * Files that need the machine to themselves, each with what it does to others: it stops parts of the sandbox, or it
 * leaves something of a dead session behind, which any appdev that starts meanwhile would clear away.
 */
const alone = [
  'test/integration/build-leftovers.test.ts', // kills sessions and counts what is left of them
  'test/e2e/bad-luck.test.ts', // stops the registry and the API server, takes port 8081
  'test/e2e/cluster.test.ts', // stops the API server
];

// Levels, fastest first. `unit` does no heavy IO and is what also runs on Node 22 and 24; `fakes` is about sockets, watches
// and processes, and needs no tool; `integration` runs real tools in temporary folders; `sandbox` proves that the sandbox
// comes and goes without a trace; `e2e` needs it up; `alone` is what of these two bears nothing beside it. Projects that
// differ in their workers must be in groups of their own.
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
          name: 'fakes',
          include: ['test/fakes/**/*.test.ts'],
          testTimeout: 180_000,
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
