/** The whole program, and what its exit code says when its output is lost or a callback throws. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exitCodes } from '../../src/core/errors.ts';

const src = resolve(import.meta.dirname, '../../src');
const folder = mkdtempSync(join(tmpdir(), 'appdev-lost-output-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Bundles a module whose imports are relative to src, under a name. */
async function bundle(name: string, contents: string): Promise<void> {
  const options = (await import(resolve(src, '../scripts/bundle.js'))) as { bundleOptions: BuildOptions };
  const stdin: BuildOptions['stdin'] = { contents, resolveDir: src, loader: 'ts' };
  // Ink imports it only if DEV=true.
  const external = ['react-devtools-core'];
  await build({
    ...options.bundleOptions,
    ...{ stdin, external, outdir: join(folder, name), splitting: true, outExtension: { '.js': '.mjs' } },
  });
}

/** Runs a line of bash in the folder, where `node NAME/stdin.mjs` is a program. */
async function shell(line: string): Promise<{ readonly code: number; readonly stderr: string }> {
  return await new Promise((done) => {
    const env = { PATH: process.env['PATH'], APPDEV_REGISTRY_PASSWORD: 'quite-a-secret' };
    const child = execFile(
      'bash',
      ['--norc', '-c', line],
      { cwd: folder, env },
      (_error, _stdout, stderr) => {
        done({ code: child.exitCode ?? -1, stderr });
      },
    );
  });
}

beforeAll(async () => {
  await bundle('appdev', `import './cli.ts';`);
  await bundle(
    'decided',
    `import { followOutput } from './app/standard-output.ts';
     const output = followOutput(process.stdout, process.stderr);
     for (let n = 0; n < 200; n += 1) process.stdout.write('x'.repeat(1000) + '\\n');
     const lost = await output.failure();
     if (lost !== undefined) console.error(lost.code);
     process.exit(11);`,
  );
});

describe('output that cannot be written', () => {
  it.each(['config schema', '--help', '--version'])('of %s on a full disk is a failure', async (words) => {
    const { code, stderr } = await shell(`node appdev/stdin.mjs ${words} > /dev/full`);
    expect(stderr).toContain('no space left on the disk of standard output');
    expect(code).toBe(exitCodes.DISK_FULL);
  });

  it('leaves the answer of a command to its exit code when the reader goes away', async () => {
    const { code, stderr } = await shell(`set -o pipefail; node decided/stdin.mjs | head -1`);
    expect({ code, stderr }).toEqual({ code: 11, stderr: '' });
  });

  it('is noticed in a file that takes a part of it', async () => {
    // The limit of a file is in blocks of 1 KiB. Node takes the short write at it for a whole one.
    const { stderr } = await shell(`trap '' XFSZ; ulimit -f 100; node decided/stdin.mjs > short.txt`);
    expect(stderr).toContain('INTERNAL');
  });

  it('to standard error alone changes nothing', async () => {
    expect((await shell(`node appdev/stdin.mjs config schema 2> /dev/full > schema.json`)).code).toBe(0);
    expect((await shell(`node appdev/stdin.mjs no-such-command 2> /dev/full`)).code).toBe(exitCodes.USAGE);
  });
});

describe('an exception in a callback', () => {
  it.each(['throw new Error(word)', 'void Promise.reject(new Error(word))'])(
    'ends the session in its own way and without its secrets: %s',
    async (bug) => {
      await bundle(
        'bug',
        `import { writeFileSync } from 'node:fs';
         import { readEnvironment } from './app/environment.ts';
         import { withSession } from './app/session.ts';
         import { catchUncaught } from './app/uncaught.ts';
         import { ok } from './core/outcome.ts';
         writeFileSync('appdev.yaml', 'apiVersion: appdev/v1\\nname: a\\nservices: {a: {path: ., deploy: {manifests: [m.yaml]}}}\\n');
         writeFileSync('m.yaml', 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: a}\\n');
         catchUncaught();
         const word = 'told quite-a-secret';
         const environment = readEnvironment(process.env);
         const invocation = { command: 'run', positionals: [], flags: {}, cwd: process.cwd(), environment };
         const ended = await withSession(invocation, { panel: false, withNeeds: false }, async ({ signals, cleanup }) => {
           cleanup.add('the end', () => console.error('cleaned up'));
           setTimeout(() => { ${bug} }, 1);
           await new Promise((done) => signals.shutdown.addEventListener('abort', done));
           console.error('upgrade finished');
           return ok(undefined);
         });
         process.exit(ended.value);`,
      );
      const { code, stderr } = await shell(`node bug/stdin.mjs 1>&2`);
      expect(stderr).toContain('upgrade finished\ncleaned up\n');
      expect(stderr).toContain('told ***');
      expect(stderr).not.toContain('quite-a-secret');
      expect(code).toBe(exitCodes.INTERNAL);
    },
  );
});
