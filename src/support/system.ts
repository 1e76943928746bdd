/**
 * What Node itself would ask the operating system about: where programs are searched, where temporary files and caches
 * lie, and what a child process inherits. It is read here, and not passed down from the door, for three reasons. Every
 * child and every temporary folder needs it. Node's own `tmpdir` reads the same variables at the same moment. And no
 * decision of appdev depends on it. Whatever decides something is a member of `Environment` (src/app/environment.ts).
 * No other file but the door, src/cli.ts, reads `process.env`; test/unit/architecture.test.ts checks that.
 */
import { existsSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/** The variables that a child process inherits, by name, as they are now. */
export function inheritedVariables(): Readonly<Record<string, string | undefined>> {
  return process.env;
}

/** The folders in which programs are searched, in the form of PATH; empty if it is not set. */
export function searchPath(): string {
  return process.env['PATH'] ?? '';
}

/**
 * The folder for large temporary files: /var/tmp if it exists, because /tmp can be in memory. If TMPDIR is set, it is
 * used instead.
 */
export function largeTempRoot(): string {
  return process.env['TMPDIR'] === undefined && existsSync('/var/tmp') ? '/var/tmp' : tmpdir();
}

/** The folder for caches of all programs: `$XDG_CACHE_HOME`, or `~/.cache`. */
export function cacheRoot(): string {
  const cache = process.env['XDG_CACHE_HOME'];
  return cache === undefined || cache === '' ? join(homedir(), '.cache') : cache;
}
