/**
 * `node scripts/bench/kaniko.js [builds]`: what a build in a pod costs beside the executor's own time, which is to create
 * the pod, send the context and read the digest back. Needs the sandbox up (`eval "$(sandbox/cluster env)"`) and the
 * stand-in executor in its registry, where test/e2e/kaniko.test.ts puts it; takes off the time that the stand-in says it
 * took. Prints one line of JSON, times in milliseconds.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../prepare.js';

const builds = Number(process.argv[2] ?? 5);
const registry = 'localhost:5001';
const repository = 'appdev/kaniko-executor-stand-in';
const { tags } = await (await fetch(`http://${registry}/v2/${repository}/tags/list`)).json();
const image = `${registry}/${repository}:${tags.at(-1)}`;
const namespace = `bench-kaniko-${process.pid}`;
const folder = mkdtempSync(join(tmpdir(), 'appdev-bench-kaniko-'));

writeFileSync(join(folder, 'pod.yaml'), 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: nothing}\n');
writeFileSync(
  join(folder, 'Containerfile'),
  `FROM ${process.env.APPDEV_BASE_IMAGE ?? 'localhost:5001/appdev/java:17'}\nCOPY text /text\n`,
);
writeFileSync(
  join(folder, 'appdev.yaml'),
  [
    'apiVersion: appdev/v1',
    'name: bench',
    `kaniko: {image: "${image}"}`,
    'services:',
    '  bench:',
    '    image: {builder: kaniko, containerfile: Containerfile}',
    '    deploy: {manifests: [pod.yaml]}',
  ].join('\n'),
);

try {
  const overheads = [];
  // The first one pulls the executor and does not count.
  for (let build = 0; build <= builds; build += 1) {
    writeFileSync(join(folder, 'text'), `${process.pid} ${build}`);
    const { stdout, status, stderr } = spawnSync(
      process.execPath,
      [join(root, 'bin/appdev.js'), 'build', '--output', 'json', '-n', namespace],
      { cwd: folder, encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(`appdev build ended with ${status}: ${stderr}${stdout}`);
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const took = events.flatMap((event) => /took (\d+) ms/.exec(event.line ?? '')?.[1] ?? [])[0];
    const stages = events.filter(
      ({ type, stage }) => type === 'stage.finished' && ['image', 'push'].includes(stage),
    );
    const ms = stages.reduce((sum, stage) => sum + stage.ms, 0);
    if (took === undefined) throw new Error('the executor did not say how long it took: is it the stand-in?');
    if (build > 0) overheads.push(Math.round(ms - Number(took)));
  }
  overheads.sort((a, b) => a - b);
  const median = overheads[Math.floor(overheads.length / 2)];
  console.log(JSON.stringify({ what: 'kaniko overhead', median, overheads }));
} finally {
  spawnSync('kubectl', ['delete', 'namespace', namespace, '--ignore-not-found', '--wait=false']);
  rmSync(folder, { recursive: true, force: true });
}
