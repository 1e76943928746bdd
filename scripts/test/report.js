/** Reads what vitest's JSON reporter wrote: what passed, what did not and why, and how long each file and test took. */
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

/**
 * What came of one run of vitest that ended with exit code `status`: counts, a line for each failure, and the times in
 * milliseconds. A test that was skipped counts as failed. `root`: files are named relative to it.
 */
export function readReport(report, status, root) {
  if (!existsSync(report)) return { passed: 0, failed: 1, failures: [], files: [], tests: [] };
  const { numPassedTests, numTotalTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
  const failed = numTotalTests - numPassedTests;
  const results = testResults.map((result) => ({ ...result, name: relative(root, result.name) }));
  return {
    passed: numPassedTests,
    // A non-zero exit with no failed test is an unhandled error, or a project without tests.
    failed: status !== 0 && failed === 0 ? 1 : failed,
    failures: results.flatMap(failuresOf),
    files: results.map(({ name, startTime, endTime }) => ({ name, time: endTime - startTime })),
    tests: results.flatMap(({ name, assertionResults }) =>
      assertionResults.map(({ fullName, duration }) => ({
        name: `${name}: ${fullName}`,
        time: duration ?? 0,
      })),
    ),
  };
}

/** The entries that took longest, a line each, as many as are asked for. */
export function slowest(entries, count) {
  return [...entries]
    .sort((one, other) => other.time - one.time)
    .slice(0, count)
    .map(
      ({ level, name, time }) => `${(time / 1000).toFixed(1).padStart(7)} s  ${level.padEnd(11)}  ${name}`,
    );
}

/** A line for each test of a file that did not pass, and one for a file that could not be loaded. */
function failuresOf({ name, message, assertionResults }) {
  const lost = assertionResults.filter(({ status }) => status !== 'passed');
  const lines = lost.map(
    ({ fullName, status, failureMessages }) =>
      `  ${name}: ${fullName}: ${failureMessages?.[0]?.split('\n', 1)[0] ?? status}`,
  );
  return message === '' || lost.length > 0 ? lines : [`  ${name}: ${message.split('\n', 1)[0]}`];
}
