/**
 * Measures `appdev run` as in CI: the time of a second run without changes, and how many bytes are pushed if one class
 * has changed. A relay in front of the registry counts the bytes.
 */
import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { join } from 'node:path';
import { median, seconds, target } from './targets.js';

const repetitions = 5;
const controller = 'src/main/java/com/example/orders/web/GreetingController.java';

/** Measures in `folder`, a copy of the fixture. Prints the figures and whether they meet their targets. */
export async function benchCi({ appdev, folder, registry, namespace, env }) {
  const relay = await startRelay(registry);
  appendFileSync(
    join(folder, 'appdev.yaml'),
    `\nregistry: { push: 'localhost:${relay.port}', pull: '${registry}', insecure: true }\n`,
  );
  // spawnSync would block the relay, which runs in this process.
  const run = async () => {
    const from = performance.now();
    const child = spawn(appdev, ['run', '-n', namespace, '--no-tests', '--output', 'plain'], {
      cwd: folder,
      env,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    const code = await new Promise((resolve) => child.on('close', resolve));
    if (code !== 0) throw new Error(`appdev run ended with ${code}\n${output}`);
    return performance.now() - from;
  };
  const list = (...what) => {
    const columns = 'custom-columns=:metadata.name,:metadata.generation,:metadata.resourceVersion';
    return execFileSync('kubectl', ['get', ...what, '-n', namespace, '-o', columns], {
      env,
      encoding: 'utf8',
    });
  };
  /** Everything that a run without changes must not change: images, workloads and Helm's revisions. */
  const state = () => ({
    digests: JSON.parse(readFileSync(join(folder, '.appdev/artifacts.json'), 'utf8'))
      .artifacts.map(({ service, digest }) => `${service} ${digest}`)
      .join(),
    workloads: list('deployments,replicasets'),
    revisions: list('secrets', '-l', 'owner=helm'),
  });
  const edit = (text) => {
    const file = join(folder, controller);
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace(/up and running[^"]*"/, `up and running ${text}"`),
    );
  };
  try {
    // The content is new to the registry, so the first run really pushes, as the first run of a pipeline does.
    edit(`in CI at ${Date.now()}`);
    const first = await run();
    const before = state();
    relay.sent = 0;
    const times = [];
    for (let n = 0; n < repetitions; n += 1) times.push(await run());
    const after = state();
    const moved = Object.keys(before).filter((name) => after[name] !== before[name]);
    const sentUnchanged = relay.sent;
    edit(`in CI again at ${Date.now()}`);
    relay.sent = 0;
    const changed = await run();
    const second = median(times);
    console.log('\nappdev run, both services, without unit tests');
    console.log(`  first               ${seconds(first)}`);
    console.log(
      `  nothing changed     median ${seconds(second)}  max ${seconds(Math.max(...times))} ${target('under 5 s', second < 5000)}; ` +
        `changed: ${moved.join(', ') || 'nothing'} ${target('no new digest, workload or revision', moved.length === 0)}; ` +
        `${kilobytes(sentUnchanged)} sent to the registry`,
    );
    console.log(
      `  one class changed   ${seconds(changed)}; ${kilobytes(relay.sent)} sent to the registry ${target('under 100 KB', relay.sent < 100_000)}`,
    );
  } finally {
    relay.stop();
  }
}

/** Forwards connections to the registry and counts the bytes that are sent to it. */
async function startRelay(registry) {
  const [host, port] = registry.split(':');
  const relay = { sent: 0 };
  const server = createServer((client) => {
    const upstream = connect(Number(port), host);
    client.on('data', (chunk) => (relay.sent += chunk.length));
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) {
      socket.on('error', () => {
        client.destroy();
        upstream.destroy();
      });
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  relay.port = server.address().port;
  relay.stop = () => server.close();
  return relay;
}

function kilobytes(bytes) {
  return `${(bytes / 1000).toFixed(1)} KB`;
}
