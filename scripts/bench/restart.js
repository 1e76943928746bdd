/** Measures how soon a second `appdev dev` watches again, after one with `--cleanup=false` and without changes. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { median, seconds, target } from './targets.js';

const repetitions = 5;

/** Measures in `folder`, a copy of the fixture. Prints the figures and whether they meet their target. */
export async function benchRestart({ appdev, folder, namespace, env }) {
  const names = ['orders', 'stock'];
  /** Starts dev, waits until both services are done and the files are watched, and ends it. */
  const start = async () => {
    const from = performance.now();
    const child = spawn(appdev, ['dev', '-n', namespace, '--cleanup=false', '--output', 'json'], {
      cwd: folder,
      env,
    });
    const closed = new Promise((resolve) => child.on('close', resolve));
    const settled = new Set();
    const worked = [];
    let watching = false;
    for await (const line of createInterface({ input: child.stdout })) {
      const event = JSON.parse(line);
      if (event.type === 'watch.started') watching = true;
      if (
        event.type === 'stage.finished' &&
        event.outcome === 'ok' &&
        ['push', 'apply'].includes(event.stage)
      )
        worked.push(`${event.stage} of ${event.service}`);
      if (event.type === 'run.finished') {
        if (event.outcome !== 'ok') throw new Error(`${event.service} was not deployed: ${line}`);
        settled.add(event.service);
      }
      if (watching && names.every((name) => settled.has(name))) break;
    }
    const ms = performance.now() - from;
    // Unread output would keep the process from ending.
    child.stdout.resume();
    child.kill('SIGINT');
    await closed;
    return { ms, worked };
  };
  await start();
  const starts = [];
  for (let n = 0; n < repetitions; n += 1) starts.push(await start());
  const times = starts.map(({ ms }) => ms);
  const worked = starts.flatMap((one) => one.worked);
  console.log('\nappdev dev, started again with nothing changed: both services settled, files watched');
  console.log(
    `  median ${seconds(median(times))}  max ${seconds(Math.max(...times))} ${target('under 3 s', median(times) < 3000)}; ` +
      `done: ${worked.join(', ') || 'nothing'} ${target('no push, no apply', worked.length === 0)}`,
  );
}
