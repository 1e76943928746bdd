/**
 * `npm test`: runs all levels, cheapest first, against the packed program. `npm test -- unit e2e` runs only these levels.
 * The last line is `N passed, N failed`. A skipped test counts as failed, because it proves nothing.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { installPackage, prepareCheckout, root, sandboxEnvironment, step } from './prepare.js';

const bin = (name) => join(root, 'node_modules/.bin', name);
const cluster = join(root, 'sandbox/cluster');
const asked = process.argv.slice(2);
const scratch = mkdtempSync(join(tmpdir(), 'appdev-test-'));
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'appdev-test');
const total = { passed: 0, failed: 0 };
const failures = [];
const times = [];
let environment = { ...process.env };
let sandboxIsOurs = false;

const levels = {
  static: () => {
    check('types', bin('tsc'), ['--noEmit']);
    check('lint', bin('eslint'), ['.', '--max-warnings', '0']);
    check('format', bin('prettier'), ['--check', '--log-level', 'warn', '.']);
    check('dead code', bin('knip'), []);
  },
  unit: () => vitest('unit', 'unit'),
  // Other versions of Node that `engines` allows are installed from npm packages.
  nodes: () => {
    for (const major of [22, 24]) vitest(`unit on Node ${major}`, 'unit', nodeOf(major));
  },
  sandbox: () => vitest('sandbox', 'sandbox'),
  // This level needs only the tools of the sandbox. Starting it now saves time for the level after it.
  integration: () => {
    withSandbox();
    withBuilders();
    vitest('integration', 'integration');
  },
  e2e: () => {
    withSandbox();
    withBuilders();
    environment = { ...environment, APPDEV_BIN: installPackage(scratch) };
    vitest('e2e', 'e2e');
    check('demo', process.execPath, [join(root, 'scripts/demo.js'), '--once']);
  },
};

const unknown = asked.filter((name) => !(name in levels));
if (unknown.length > 0) {
  console.error(`there is no test level '${unknown[0]}'; there are: ${Object.keys(levels).join(', ')}`);
  process.exit(2);
}
const started = Date.now();
try {
  prepareCheckout();
  for (const [name, run] of Object.entries(levels)) {
    if (asked.length === 0 || asked.includes(name)) attempt(name, run);
  }
} catch (error) {
  record('set-up', 0, 1);
  console.error(error instanceof Error ? error.message : error);
} finally {
  if (sandboxIsOurs) attempt('sandbox down', () => step('taking the sandbox down', cluster, ['down']));
  rmSync(scratch, { recursive: true, force: true });
}
console.log(`\nin ${Math.round((Date.now() - started) / 1000)} s: ${times.join(', ')}`);
// Failures are printed at the end, because a log that was cut still has its end.
for (const failure of failures) console.log(failure);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;

/** Runs a level. If it throws, that counts as one failure, and the other levels still run. */
function attempt(name, run) {
  const begun = Date.now();
  try {
    run();
  } catch (error) {
    record(name, 0, 1);
    console.error(error instanceof Error ? error.message : error);
  }
  times.push(`${name} ${Math.round((Date.now() - begun) / 1000)} s`);
}

function record(name, passed, failed, lines = []) {
  total.passed += passed;
  total.failed += failed;
  if (failed > 0) failures.push(`failed: ${name} (${failed})`, ...lines);
}

/** Runs a tool. It counts as one test. */
function check(name, program, args) {
  console.log(`\n» ${name}`);
  const { status } = spawnSync(program, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: environment,
  });
  record(name, status === 0 ? 1 : 0, status === 0 ? 0 : 1);
}

function vitest(name, project, node = process.execPath) {
  console.log(`\n» ${name}`);
  const report = join(scratch, `${name.replaceAll(' ', '-')}.json`);
  const { status } = spawnSync(
    node,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--project',
      project,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: environment },
  );
  if (!existsSync(report)) return record(name, 0, 1);
  const { numPassedTests, numTotalTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
  const failed = numTotalTests - numPassedTests;
  // If the exit code is not 0 but no test failed, there was an unhandled error, or there were no tests.
  record(name, numPassedTests, status !== 0 && failed === 0 ? 1 : failed, failuresOf(testResults));
}

/** Makes a line for each test of a report that did not pass, and for each file that could not be loaded. */
function failuresOf(testResults) {
  return testResults.flatMap(({ name, message, assertionResults }) => {
    const file = relative(root, name);
    const lost = assertionResults.filter(({ status }) => status !== 'passed');
    const lines = lost.map(
      ({ fullName, status, failureMessages }) =>
        `  ${file}: ${fullName}: ${failureMessages?.[0]?.split('\n', 1)[0] ?? status}`,
    );
    return message === '' || lost.length > 0 ? lines : [`  ${file}: ${message.split('\n', 1)[0]}`];
  });
}

/** Path of a Node binary of that major version. It is installed into a cache from the npm package for this platform. */
function nodeOf(major) {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(cache, `node-${major}`);
  const binary = join(folder, 'node_modules', name, 'bin/node');
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    const quiet = ['--no-audit', '--no-fund', '--no-package-lock'];
    step(`installing Node ${major}`, 'npm', ['install', '--prefix', folder, ...quiet, `${name}@${major}`]);
  }
  return binary;
}

/** Starts the sandbox unless it runs. A sandbox that was already running is not stopped at the end. */
function withSandbox() {
  const wasUp = spawnSync(cluster, ['status'], { stdio: 'ignore' }).status === 0;
  sandboxIsOurs ||= !wasUp;
  step('bringing the sandbox up', cluster, ['up']);
  environment = { ...environment, ...sandboxEnvironment() };
}

/** Installs podman and BuildKit, with which some tests build images. */
function withBuilders() {
  step('installing what only tests use', cluster, ['test-tools']);
}
