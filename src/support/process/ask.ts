/**
 * Asks a small program of the operating system and waits for its answer. It is for systems without /proc, where such a
 * program is the only source and answers in milliseconds. Everything else runs children by process.ts.
 */
import { execFileSync } from 'node:child_process';

/** Runs a program. Takes its path and arguments, and returns what it printed; empty if it fails or does not exist. */
export type Ask = (program: string, ...args: readonly string[]) => string;

/** A program that takes longer than this is ended, and has said nothing, in milliseconds. */
const patienceMs = 2000;

/** Asks for real. The language and the time zone are fixed, so that an answer is the same text each time. */
export const ask: Ask = (program, ...args) => {
  try {
    return execFileSync(program, args, {
      encoding: 'utf8',
      env: { LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: patienceMs,
    }).trim();
  } catch {
    return '';
  }
};
