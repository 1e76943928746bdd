/**
 * Measures a build in a pod, from the start of the stage `image` to the end of `push`: in all, and without the executor's own
 * time. It does so for a Containerfile and for a jar in which one class has changed. The executor is the tests' stand-in. It
 * really does what takes the executor's time (it unpacks the base and compresses it again, if it is told to), and prints how
 * long it took.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { median, seconds, target } from './targets.js';

/** The targets, in milliseconds: a jar in all, and everything without the executor's own time. */
const mostMs = 4000;
const controller = 'stock/src/main/java/com/example/stock/StockController.java';

/**
 * Measures and prints the figures. `folder` is a copy of the fixture, `executor` is the reference of the stand-in's
 * image, and `builds` is the number of builds of each kind that count.
 */
export function benchKaniko({ appdev, folder, executor, base, namespace, env, builds = 5 }) {
  const builder = `{builder: kaniko, base: "${base}"}`;
  writeFileSync(
    join(folder, 'appdev.local.yaml'),
    `kaniko: {image: "${executor}"}\nservices: {stock: {image: ${builder}}, orders: {image: ${builder}}}\n`,
  );
  const plain = join(folder, 'bench-containerfile');
  mkdirSync(plain);
  writeFileSync(join(plain, 'pod.yaml'), 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: nothing}\n');
  writeFileSync(join(plain, 'Containerfile'), `FROM ${base}\nCOPY text /text\n`);
  writeFileSync(
    join(plain, 'appdev.yaml'),
    [
      'apiVersion: appdev/v1',
      'name: bench',
      `kaniko: {image: "${executor}"}`,
      'services:',
      '  bench:',
      '    image: {builder: kaniko, containerfile: Containerfile}',
      '    deploy: {manifests: [pod.yaml]}',
    ].join('\n'),
  );
  const kinds = [
    {
      name: 'Containerfile',
      cwd: plain,
      args: [],
      edit: (text) => writeFileSync(join(plain, 'text'), text),
      // The executor unpacks the base, however large that is.
      whole: false,
    },
    {
      name: 'jar, one class changed',
      cwd: folder,
      args: ['stock', '--no-tests'],
      edit(text) {
        const file = join(folder, controller);
        writeFileSync(file, readFileSync(file, 'utf8').replace(/"Stock[^"]*"/, `"Stock ${text}"`));
      },
      whole: true,
    },
  ];
  console.log(`\na build in a pod`);
  for (const { name, cwd, args, edit, whole } of kinds) {
    const times = [];
    // The first build does not count, because it pulls the executor and makes the image of the dependencies.
    for (let build = 0; build <= builds; build += 1) {
      edit(`${Date.now()} ${build}`);
      const time = timeOf(run(appdev, ['build', ...args, '-n', namespace], cwd, env));
      if (build > 0) times.push(time);
    }
    for (const [what, values, isTarget] of [
      ['in all', times.map(({ all }) => all), whole],
      ['without the executor', times.map(({ all, executor: own }) => all - own), true],
    ]) {
      const middle = median(values);
      const said = isTarget ? target(`under ${mostMs / 1000} s`, middle < mostMs) : '';
      console.log(
        `  ${name.padEnd(22)} ${what.padEnd(21)} median ${seconds(middle)}  max ${seconds(Math.max(...values))} ${said}`,
      );
    }
  }
}

/** Runs appdev and returns its events. Throws if it fails. */
function run(appdev, args, cwd, env) {
  const { stdout, status, stderr } = spawnSync(appdev, [...args, '--output', 'json'], {
    cwd,
    env,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`appdev build ended with ${status}: ${stderr}${stdout}`);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** Milliseconds of the stages image and push, and of the executors in the pods. */
function timeOf(events) {
  const took = events.flatMap(({ line = '' }) => /took (\d+) ms/.exec(line)?.[1] ?? []);
  if (took.length === 0) throw new Error('no executor said how long it took: is it the stand-in?');
  const stages = events.filter(
    ({ type, stage }) => type === 'stage.finished' && ['image', 'push'].includes(stage),
  );
  const sum = (values) => values.reduce((all, value) => all + Number(value), 0);
  return { all: sum(stages.map(({ ms }) => ms)), executor: sum(took) };
}
