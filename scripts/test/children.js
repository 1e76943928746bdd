/**
 * Programs that `npm test` starts, several at once: what they say, line by line with the level's name before it, and their
 * end when the tests are interrupted.
 */
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';

/** Carried by everything that a child starts, in turn, so that it is found whatever process group it went into. */
const mark = 'APPDEV_TEST_RUN';
const identity = `${process.pid}-${Date.now()}`;
/** How long a program's output is waited for once it has ended, in milliseconds. */
const lastWords = 1000;
const running = new Set();
let ending = false;

/**
 * Runs a program to its end and returns its exit code; null when a signal ended it or it could not be started.
 * `label`: printed before each of its lines; without one it has our own standard streams.
 */
export async function run({ label, program, args, cwd, env = process.env }) {
  if (ending) return null;
  const child = spawn(program, args, {
    cwd,
    env: { ...env, [mark]: identity },
    stdio: label === undefined ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    // A group of its own: one signal reaches it and what it started, and nobody else.
    detached: true,
  });
  running.add(child);
  for (const stream of label === undefined ? [] : [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => say(label, line));
  }
  const closed = new Promise((done) => child.once('close', done));
  const code = await new Promise((done) => {
    child.once('error', (error) => {
      say(label, error.message);
      done(null);
    });
    child.once('exit', done);
  });
  running.delete(child);
  // Its last words; but a daemon that it left behind may hold its output open for ever.
  await Promise.race([closed, setTimeout(lastWords, undefined, { ref: false })]);
  return code;
}

/** Prints a line as the level's. */
export function say(label, line) {
  console.log(label === undefined ? line : `${label.padEnd(11)} │ ${line}`.trimEnd());
}

/**
 * Ends every child with all that it started, and starts no other. Returns when none of them is left. `grace`: how long they
 * may take to end by themselves, in milliseconds; a session of appdev gives its cluster back first.
 */
export async function endAll(grace = 15_000) {
  ending = true;
  const groups = [...running].flatMap(({ pid }) => pid ?? []);
  for (const group of groups) signal(-group, 'SIGTERM');
  const end = Date.now() + grace;
  while (groups.some((group) => signal(-group, 0)) && Date.now() < end) {
    await setTimeout(50);
  }
  for (const group of groups) signal(-group, 'SIGKILL');
  // What went into a group of its own and whose parent had no time to end it. Killing may lose a race with a fork.
  while (marked().some((pid) => signal(pid, 'SIGKILL'))) await setTimeout(50);
}

/** Sends a signal; whether there was someone to send it to. */
function signal(pid, name) {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

/** Process ids of everything that carries our mark. Linux only; elsewhere the groups have to do. */
function marked() {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`${mark}=${identity}`);
      } catch {
        return false;
      }
    })
    .map(Number);
}
