/**
 * `npm run bench`: measures the time from saving a file until the Service serves the new text. It makes twelve edits, in
 * turn in a controller, a service class, the properties and the second app. Each edit is done with a running `appdev dev`
 * and with the shell lines that a good user would write (bench/shell-lines.js). Both use the same chart, probes, JVM
 * flags and base image. It prints medians, spread, the time of each stage, failed requests, and appdev's idle memory
 * and CPU.
 *
 * Then it measures a second start of `dev` (bench/restart.js), `appdev run` in CI (bench/ci.js) and a build in a pod
 * (bench/kaniko.js). The exit code is 1 if a figure misses its target.
 *
 * - `--edits N`: make N edits.
 * - `--skip-tests`: pass `-DskipTests` in the shell lines.
 * - `--executor IMAGE`: use a stand-in executor that is already in the registry, instead of building one.
 * - `--builds N`: measure nothing; make N random edits and compare every jar with a clean build's (bench/builds.js).
 */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { compareBuilds } from './bench/builds.js';
import { benchCi } from './bench/ci.js';
import { pushExecutor } from './bench/executor.js';
import { benchKaniko } from './bench/kaniko.js';
import { startProber } from './bench/prober.js';
import { benchRestart } from './bench/restart.js';
import { runShellLines } from './bench/shell-lines.js';
import { median, seconds, target } from './bench/targets.js';
import { installPackage, prepareCheckout, root, sandboxEnvironment, step } from './prepare.js';

const edits = Number(argument('--edits') ?? 12);
const mavenArgs = process.argv.includes('--skip-tests') ? ['-DskipTests'] : [];
const patienceMs = 180_000;
const idleSeconds = 30;

/** The edits: which file and text they change (the new text has a counter), and at which path the new text is served. */
const kinds = [
  {
    name: 'controller',
    service: 'orders',
    file: 'src/main/java/com/example/orders/web/GreetingController.java',
    find: /return "Orders is up and running[^"]*"/,
    replacement: (n) => `return "Orders is up and running ${n}"`,
    path: '/',
    shows: (n) => `running ${n}`,
  },
  {
    name: 'service class',
    service: 'orders',
    file: 'src/main/java/com/example/orders/OrderService.java',
    find: /"%s ordered[^%]*%d pieces/,
    replacement: (n) => `"%s ordered ${n} times %d pieces`,
    path: '/orders',
    shows: (n) => `ordered ${n} times`,
  },
  {
    name: 'properties',
    service: 'orders',
    file: 'src/main/resources/application.properties',
    find: /orders\.greeting=.*/,
    replacement: (n) => `orders.greeting=Good morning ${n} from orders`,
    path: '/greeting',
    shows: (n) => `morning ${n} from`,
  },
  {
    name: 'second app',
    service: 'stock',
    file: 'stock/src/main/java/com/example/stock/StockController.java',
    find: /"Stock[^"]*"/,
    replacement: (n) => `"Stock is up ${n}"`,
    path: '/',
    shows: (n) => `up ${n}`,
  },
];

prepareCheckout();
const builds = argument('--builds');
if (builds !== undefined) process.exit(compareBuilds(builds));
step('bringing the sandbox cluster up', join(root, 'sandbox/cluster'), ['up']);
const { CI: _ci, ...env } = sandboxEnvironment();
const registry = env.APPDEV_SANDBOX_REGISTRY;
const scratch = mkdtempSync(join(tmpdir(), 'appdev-bench-'));
const appdev = installPackage(scratch);
const sides = {
  appdev: {
    namespace: 'bench-appdev',
    folder: copyOfApp('appdev'),
    served: [],
    stages: [],
    failures: [],
    sent: 0,
  },
  shell: {
    namespace: 'bench-shell',
    folder: copyOfApp('shell'),
    served: [],
    stages: [],
    failures: [],
    sent: 0,
  },
};
const restartNamespace = 'bench-restart';
const ciNamespace = 'bench-ci';
const kanikoNamespace = 'bench-kaniko';
const events = [];
let dev;
try {
  console.log('» first deployment of both sides');
  const options = { namespace: sides.shell.namespace, registry, base: env.APPDEV_BASE_IMAGE, mavenArgs, env };
  for (const service of ['stock', 'orders']) runShellLines(sides.shell.folder, service, 'first', options);
  dev = startAppdev(sides.appdev);
  await event((e) => e.type === 'run.finished' && e.service === 'orders' && e.outcome === 'ok');

  for (let n = 1; n <= edits; n += 1) {
    const kind = kinds[(n - 1) % kinds.length];
    // The two sides take turns to go first, so that neither always finds the machine warm.
    const order = n % 2 === 0 ? ['appdev', 'shell'] : ['shell', 'appdev'];
    for (const side of order) await measure(side, kind, n, options);
    const [a, s] = [sides.appdev.served.at(-1), sides.shell.served.at(-1)];
    console.log(
      `${String(n).padStart(3)}  ${kind.name.padEnd(14)} appdev ${seconds(a)}  shell ${seconds(s)}  ratio ${(a / s).toFixed(2)}`,
    );
  }
  const idle = await measureIdle(dev.pid);
  report(idle);
  await benchRestart({ appdev, folder: copyOfApp('restart'), namespace: restartNamespace, env });
  await benchCi({ appdev, folder: copyOfApp('ci'), registry, namespace: ciNamespace, env });
  benchKaniko({
    appdev,
    folder: copyOfApp('kaniko'),
    executor: argument('--executor') ?? (await pushExecutor(registry)),
    base: env.APPDEV_BASE_IMAGE,
    namespace: kanikoNamespace,
    env,
  });
} finally {
  if (dev !== undefined) {
    dev.kill('SIGINT');
    await new Promise((resolve) => (dev.exitCode === null ? dev.on('close', resolve) : resolve()));
  }
  const own = [sides.appdev.namespace, sides.shell.namespace, restartNamespace, ciNamespace, kanikoNamespace];
  for (const namespace of own) {
    spawnSync('kubectl', ['delete', 'namespace', namespace, '--ignore-not-found'], { env, stdio: 'ignore' });
  }
  rmSync(scratch, { recursive: true, force: true });
}

function argument(name) {
  const index = process.argv.indexOf(name);
  return index < 0 ? undefined : process.argv[index + 1];
}

function copyOfApp(side) {
  const folder = join(scratch, side);
  cpSync(join(root, 'fixtures/spring-app'), folder, {
    recursive: true,
    filter: (path) => !/\/(target|\.appdev)$/.test(path),
  });
  return folder;
}

function startAppdev({ folder, namespace }) {
  const child = spawn(appdev, ['dev', '--output', 'json', '-n', namespace], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  createInterface({ input: child.stdout }).on('line', (line) => events.push(JSON.parse(line)));
  return child;
}

/** Waits for an event that the function accepts, beginning with the event at index `from`, and returns it. */
async function event(fits, from = 0) {
  const end = performance.now() + patienceMs;
  for (;;) {
    const found = events.slice(from).find(fits);
    if (found !== undefined) return found;
    if (dev.exitCode !== null) throw new Error(`appdev ended with exit code ${dev.exitCode}`);
    if (performance.now() > end) throw new Error('appdev did not finish its run');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function measure(side, kind, n, options) {
  const record = sides[side];
  const address = spawnSync(
    'kubectl',
    [
      'get',
      'service',
      kind.service,
      '-n',
      record.namespace,
      '-o',
      'jsonpath={.spec.clusterIP}:{.spec.ports[0].port}',
    ],
    { env, encoding: 'utf8' },
  ).stdout;
  const prober = startProber(`http://${address}${kind.path}`);
  const from = events.length;
  const file = join(record.folder, kind.file);
  const text = readFileSync(file, 'utf8');
  const edited = text.replace(kind.find, kind.replacement(n));
  if (edited === text) throw new Error(`${kind.file} has no place to edit`);
  const served = prober.served(kind.shows(n), patienceMs);
  writeFileSync(file, edited);
  const saved = performance.now();
  if (side === 'shell') {
    // The shell lines block their thread. They run in another process, so that the prober can work meanwhile.
    record.stages.push(await inOwnProcess(record.folder, kind.service, `edit-${n}`, options));
  }
  record.served.push((await served) - saved);
  if (side === 'appdev') {
    const finished = await event((e) => e.type === 'run.finished' && e.service === kind.service, from);
    record.stages.push(Object.fromEntries(finished.stages.map(({ stage, ms }) => [stage, ms])));
  }
  // The old pod is still stopping, so requests can fail even after the new text was served.
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const counts = prober.stop();
  record.sent += counts.sent;
  record.failures.push(...counts.failures);
}

async function inOwnProcess(folder, service, tag, options) {
  const script = `
    import { runShellLines } from ${JSON.stringify(join(root, 'scripts/bench/shell-lines.js'))};
    const [folder, service, tag, options] = JSON.parse(process.argv[1]);
    console.log(JSON.stringify(runShellLines(folder, service, tag, { ...options, env: process.env })));`;
  const child = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      script,
      JSON.stringify([folder, service, tag, { ...options, env: undefined }]),
    ],
    { env, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error('the shell lines failed');
  return JSON.parse(output);
}

/** Measures the resident memory and the CPU share of an idle appdev over `idleSeconds`. */
async function measureIdle(pid) {
  await new Promise((resolve) => setTimeout(resolve, 5000));
  const ticks = () => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return Number(fields[11]) + Number(fields[12]);
  };
  const before = ticks();
  await new Promise((resolve) => setTimeout(resolve, idleSeconds * 1000));
  // USER_HZ is 100 on Linux for every architecture that Node runs on.
  const cpuPercent = (ticks() - before) / idleSeconds;
  const resident = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return { cpuPercent, megabytes: Number(resident[1]) / 1024 };
}

function report(idle) {
  const ratios = sides.appdev.served.map((ms, i) => ms / sides.shell.served[i]);
  const { cpuPercent, megabytes } = idle;
  console.log(
    `\nsave → new text served, ${edits} edits in pairs (shell lines: mvn -q ${[...mavenArgs, 'package'].join(' ')} …)`,
  );
  for (const [name, { served, stages, failures, sent }] of Object.entries(sides)) {
    console.log(
      `  ${name.padEnd(7)} median ${seconds(median(served))}  min ${seconds(Math.min(...served))}  max ${seconds(Math.max(...served))}`,
    );
    const names = [...new Set(stages.flatMap(Object.keys))];
    const parts = names.map((stage) => `${stage} ${seconds(median(stages.map((s) => s[stage] ?? 0)))}`);
    console.log(`          stages: ${parts.join(' › ')}`);
    console.log(
      `          requests: ${sent}, failed ${failures.length}${failures.length > 0 ? ` (${[...new Set(failures)].join(', ')})` : ''}`,
    );
  }
  console.log(
    `  ratio   median ${median(ratios).toFixed(2)}  min ${Math.min(...ratios).toFixed(2)}  max ${Math.max(...ratios).toFixed(2)}   ${target('at most 0.60', median(ratios) <= 0.6)}`,
  );
  console.log(
    `  idle    ${megabytes.toFixed(0)} MB ${target('under 150', megabytes < 150)}, ${cpuPercent.toFixed(2)} % CPU ${target('under 1', cpuPercent < 1)}`,
  );
}
