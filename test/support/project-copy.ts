/**
 * Copies of the projects that end-to-end tests run appdev on. A fixture's copy is warm: it has the output of a build and the
 * records of it, for an image that is in the registry, so that a first deploy needs no build tool. It was built once on this
 * machine, by the program under test. What a first build does is for tests that ask for a cold one.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const repository = resolve(import.meta.dirname, '../..');

/** The program under test: the installed package in CI, the checkout's bundle while developing. */
export const appdevBin: string = process.env['APPDEV_BIN'] ?? join(repository, 'bin/appdev.js');

const fixtures = {
  /** Two Spring Boot services, orders and stock, by Maven. */
  'spring-app': 'fixtures/spring-app',
  /** A service of one file without a JVM, ready at once: for tests that need some service. */
  signboard: 'test/fixtures/signboard',
} as const;

/** A project that tests copy. */
export type Fixture = keyof typeof fixtures;

/** Folder of a fixture in the checkout. */
export function folderOf(fixture: Fixture): string {
  return join(repository, fixtures[fixture]);
}

/** Copies a project's sources without what builds and appdev have left in them. */
export function copySources(from: string, to: string): void {
  cpSync(from, to, {
    recursive: true,
    preserveTimestamps: true,
    filter: (path) => !/\/(target|build|\.gradle|\.appdev)$/.test(path),
  });
}

/** Puts a warm copy of a fixture into a folder. */
export function copyWarm(fixture: Fixture, to: string): void {
  cpSync(template(fixture), to, { recursive: true, preserveTimestamps: true });
}

const preStop = /^( *)lifecycle:\n\1 {2}preStop:\n\1 {4}sleep:\n\1 {6}seconds: \d+\n/gm;

/** Has the kubelet ask each second, and pods leave at once: what production wants instead costs seconds a rollout. */
export function hasten(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || !/\/deploy\/.*\.yaml$/.test(path)) continue;
    const text = readFileSync(path, 'utf8');
    const hasty = text
      .replaceAll(/periodSeconds: 5$/gm, 'periodSeconds: 1')
      .replaceAll('failureThreshold: 24', 'failureThreshold: 120')
      // A namespace is looked at again after half as long, when pods are all that is left in it.
      .replaceAll('terminationGracePeriodSeconds: 30', 'terminationGracePeriodSeconds: 4')
      .replaceAll(preStop, '');
    if (hasty !== text) writeFileSync(path, hasty);
  }
}

const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'appdev-test', 'warm');
const made = new Map<Fixture, string>();

/** Folder of the built fixture; made if it is missing for these sources, this program and this sandbox. */
function template(fixture: Fixture): string {
  const known = made.get(fixture);
  if (known !== undefined) return known;
  const source = folderOf(fixture);
  const key = createHash('sha256')
    .update(contentOf(source))
    .update(contentOf(dirname(realpathSync(appdevBin)), '../dist'))
    .update(process.env['APPDEV_BASE_IMAGE'] ?? '')
    // The images are in its registry, which goes with it.
    .update(sandboxId())
    .digest('hex')
    .slice(0, 16);
  const folder = join(cache, `${fixture}-${key}`);
  if (!existsSync(folder)) {
    mkdirSync(cache, { recursive: true });
    removeOld();
    const staging = mkdtempSync(join(cache, 'new-'));
    build(source, staging);
    try {
      renameSync(staging, folder);
    } catch (error) {
      // Another worker was faster.
      if (!existsSync(folder)) throw error;
      rmSync(staging, { recursive: true });
    }
  }
  made.set(fixture, folder);
  return folder;
}

function build(source: string, folder: string): void {
  copySources(source, folder);
  hasten(folder);
  const { CI: _ci, ...env } = process.env;
  const run = spawnSync(process.execPath, [appdevBin, 'build', '--no-tests'], {
    cwd: folder,
    env: { ...env, APPDEV_NAMESPACE: 'warm' },
    encoding: 'utf8',
  });
  if (run.status !== 0) throw new Error(`${source} could not be built: ${run.stdout}${run.stderr}`);
  // The records alone: no rig has pushed anything yet, or handed anything on.
  for (const name of readdirSync(join(folder, '.appdev'))) {
    if (name !== 'artifacts') rmSync(join(folder, '.appdev', name), { recursive: true });
  }
}

/** Those of programs and sandboxes that are gone. A day is longer than any run of the tests. */
function removeOld(): void {
  for (const name of readdirSync(cache)) {
    const path = join(cache, name);
    if (Date.now() - statSync(path).ctimeMs > 24 * 3600 * 1000)
      rmSync(path, { recursive: true, force: true });
  }
}

/** Text that differs when the files below a folder do. */
function contentOf(...folder: readonly string[]): string {
  const top = join(...folder);
  const files = readdirSync(top, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(top.length))
    .filter((path) => !/\/(target|build|\.gradle|\.appdev)\/|\.map$/.test(path))
    .sort();
  return files.map((path) => `${path}\n${readFileSync(join(top, path), 'base64')}`).join('\n');
}

function sandboxId(): string {
  const path = ['-o', 'jsonpath={.metadata.uid}'];
  return execFileSync('kubectl', ['get', 'namespace', 'kube-system', ...path], { encoding: 'utf8' });
}
