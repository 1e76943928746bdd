/**
 * `npm test`: every level on what is shipped, those beside each other that do not disturb each other. `npm test -- unit e2e`
 * runs the named levels alone. Ends with the slowest files and tests, the time of each level, what failed, and one line
 * `N passed, N failed`; a skipped test counts as failed, for a test that does not run proves nothing.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { installPackage, prepareCheckout, root, sandboxEnvironment, step } from './prepare.js';
import { endAll, run, say } from './test/children.js';
import { readReport, slowest } from './test/report.js';

const bin = (name) => join(root, 'node_modules/.bin', name);
const cluster = join(root, 'sandbox/cluster');
const asked = process.argv.slice(2);
const scratch = mkdtempSync(join(tmpdir(), 'appdev-test-'));
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'appdev-test');
const total = { passed: 0, failed: 0 };
const failures = [];
const times = [];
const files = [];
const tests = [];
let sandboxIsOurs = false;
let sandbox;
let packed;

/**
 * Each level and what it waits for, asked for or not. Two lanes come of it: what needs processors, and what needs the
 * cluster. The sandbox's own tests take the cluster and its tools away and compare the machine before and after, so that
 * nothing may use either beside them.
 */
const levels = {
  static: {
    after: [],
    run: () =>
      Promise.all([
        check('types', bin('tsc'), ['--noEmit']),
        check('lint', bin('eslint'), ['.', '--max-warnings', '0']),
        check('format', bin('prettier'), ['--check', '--log-level', 'warn', '.']),
        check('dead code', bin('knip'), []),
        check('checkout', process.execPath, [join(root, 'scripts/test/checkout.js')]),
      ]),
  },
  unit: { after: ['static'], run: (level) => vitest(level, level) },
  // The versions that `engines` allows and this machine does not have come as npm packages.
  nodes: {
    after: ['unit'],
    run: async (level) => {
      for (const major of [22, 24]) await vitest(level, 'unit', await nodeOf(level, major));
    },
  },
  fakes: { after: ['nodes'], run: (level) => vitest(level, level) },
  sandbox: { after: [], run: (level) => vitest(level, level) },
  // Needs the sandbox's tools only; it is up already when the cluster's tests follow.
  integration: {
    after: ['fakes', 'sandbox'],
    run: async (level) => vitest(level, level, { env: await withSandbox(level) }),
  },
  e2e: {
    after: ['sandbox'],
    run: async (level) => {
      const env = await withPackage(level);
      await vitest(level, level, { env });
      await check('demo', process.execPath, [join(root, 'scripts/demo.js'), '--once'], env);
    },
  },
  alone: {
    after: ['integration', 'e2e'],
    run: async (level) => vitest(level, level, { env: await withPackage(level) }),
  },
};

const unknown = asked.filter((name) => !(name in levels));
if (unknown.length > 0) {
  console.error(`there is no test level '${unknown[0]}'; there are: ${Object.keys(levels).join(', ')}`);
  process.exit(2);
}
const wanted = Object.keys(levels).filter((name) => asked.length === 0 || asked.includes(name));
// What runs beside something else has its name before each of its lines; what runs alone has the terminal.
const hasTerminal = wanted.length === 1 && wanted[0] !== 'static';
const labelOf = (name) => (hasTerminal ? undefined : name);
const started = Date.now();
let ending;
try {
  prepareCheckout();
  endWithOurCaller();
  await runLevels();
} catch (error) {
  couldNot('set-up', error);
} finally {
  await ending;
  if (sandboxIsOurs) takeSandboxDown();
  rmSync(scratch, { recursive: true, force: true });
}
for (const [kind, entries] of [
  ['files', files],
  ['tests', tests],
]) {
  if (entries.length > 0) console.log(`\nslowest ${kind}:\n${slowest(entries, 15).join('\n')}`);
}
console.log(`\nin ${seconds(started)} s: ${times.join(', ')}`);
// At the end, where a log that was cut still has them.
for (const failure of failures) console.log(failure);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;

/** Runs each wanted level as soon as what it waits for is over, however that ended. */
async function runLevels() {
  const over = {};
  for (const [name, { after, run: tests }] of Object.entries(levels)) {
    over[name] = Promise.all(after.map((other) => over[other])).then(async () => {
      if (wanted.includes(name) && ending === undefined) await attempt(name, tests);
    });
  }
  await Promise.all(Object.values(over));
}

/** Runs a level; one that cannot even start is a failure of its own and does not hide the other levels. */
async function attempt(level, tests) {
  const begun = Date.now();
  try {
    await tests(level);
  } catch (error) {
    couldNot(level, error);
  }
  times.push(`${level} ${seconds(begun)} s`);
}

/** npm's shell dies of a signal and does not hand it on, so its end counts as one. */
function endWithOurCaller() {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, interrupt);
  const caller = process.ppid;
  const look = () => process.ppid === caller || interrupt('the caller is gone');
  setInterval(look, 500).unref();
}

/** Ends every child of every lane; what they have not said by then counts as failed. */
function interrupt(reason) {
  if (ending !== undefined) return;
  console.error(`${reason}: ending what runs`);
  record('interrupted', 0, 1);
  ending = endAll();
}

function record(name, passed, failed, lines = []) {
  total.passed += passed;
  total.failed += failed;
  if (failed > 0) failures.push(`failed: ${name} (${failed})`, ...lines);
}

function couldNot(name, error) {
  record(name, 0, 1);
  console.error(error instanceof Error ? error.message : error);
}

function seconds(since) {
  return Math.round((Date.now() - since) / 1000);
}

/** One tool as one test. */
async function check(name, program, args, env = process.env) {
  say(labelOf(name), `» ${name}`);
  const code = await run({ label: labelOf(name), program, args, cwd: root, env });
  say(labelOf(name), code === 0 ? 'passed' : 'failed');
  record(name, code === 0 ? 1 : 0, code === 0 ? 0 : 1);
}

/** A project of vitest as one level or a part of it. */
async function vitest(level, project, { name = level, binary = process.execPath, env = process.env } = {}) {
  say(labelOf(name), `» ${project} tests`);
  const report = join(scratch, `${name.replaceAll(' ', '-')}.json`);
  const code = await run({
    label: labelOf(name),
    program: binary,
    args: [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--project',
      project,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    cwd: root,
    env,
  });
  const read = readReport(report, code, root);
  files.push(...read.files.map((file) => ({ level, ...file })));
  tests.push(...read.tests.map((test) => ({ level, ...test })));
  record(name, read.passed, read.failed, read.failures);
}

/** A Node of that major version, from the npm package of this platform's binaries, cached. */
async function nodeOf(level, major) {
  const platform = `node-${process.platform}-${process.arch}`;
  const folder = join(cache, `node-${major}`);
  const binary = join(folder, 'node_modules', platform, 'bin/node');
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    const quiet = ['--no-audit', '--no-fund', '--no-package-lock'];
    const args = ['install', '--prefix', folder, ...quiet, `${platform}@${major}`];
    await must(level, `installing Node ${major}`, 'npm', args);
  }
  return { binary, name: `Node ${major}` };
}

/**
 * Brings the sandbox up unless it is, and installs podman and BuildKit, which tests have build images; once for all levels. A
 * sandbox that was up before us stays up after us. Returns the environment in which both are found.
 */
async function withSandbox(level) {
  sandbox ??= bringUp(level);
  return await sandbox;
}

/** The same, with the program that users get. */
async function withPackage(level) {
  const env = await withSandbox(level);
  packed ??= installPackage(scratch);
  return { ...env, APPDEV_BIN: packed };
}

async function bringUp(level) {
  const wasUp = spawnSync(cluster, ['status'], { stdio: 'ignore' }).status === 0;
  sandboxIsOurs = !wasUp;
  await must(level, 'bringing the sandbox up', cluster, ['up']);
  await must(level, 'installing what only tests use', cluster, ['test-tools']);
  return sandboxEnvironment();
}

function takeSandboxDown() {
  try {
    step('taking the sandbox down', cluster, ['down']);
  } catch (error) {
    couldNot('sandbox down', error);
  }
}

/** Runs what a level needs before its tests; throws when it fails. */
async function must(level, title, program, args) {
  say(labelOf(level), `» ${title}`);
  // `npm test --silent` hands its level down to the npm that we start; its reason for a failure must be seen.
  const env = { ...process.env, npm_config_loglevel: 'warn' };
  const code = await run({ label: labelOf(level), program, args, cwd: root, env });
  if (code !== 0) throw new Error(`${title}: ${program} ended with exit code ${code}`);
}
