/** A command that fails before it can show anything prints nothing by itself: the failure goes back to the door. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { readEnvironment } from '../app/environment.ts';
import type { Outcome } from '../core/outcome.ts';
import { parseCommandLine } from './parse.ts';
import { commands } from './table.ts';

// Importing all that `dev` needs takes seconds on a busy machine, and is not what a test here waits for.
beforeAll(async () => {
  await Promise.all(commands.map(async (command) => await command.load()));
}, 120_000);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-early-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

async function run(line: string): Promise<Outcome<number>> {
  const environment = readEnvironment({ KUBECONFIG: join(folder, 'none') });
  const parsed = parseCommandLine(line.split(' '), {
    environment,
    cwd: folder,
    version: '1.2.3',
    docs: '/docs',
  });
  if (parsed.kind !== 'ok' || parsed.value.kind !== 'run') throw new Error(JSON.stringify(parsed));
  const command = await parsed.value.command.load();
  return await command(parsed.value.invocation);
}

it.each([
  ['logs --tail many', 'USAGE'],
  ['config prin', 'USAGE'],
  ...['config print', 'render', 'diff', 'deploy --dry-run', 'logs', 'status'].map((line) => [
    line,
    'CONFIG_NOT_FOUND',
  ]),
])('%s fails with %s and prints nothing', async (line, code) => {
  const out = vi.spyOn(process.stdout, 'write');
  const err = vi.spyOn(process.stderr, 'write');
  expect(await run(line)).toMatchObject({ kind: 'failed', error: { code } });
  expect([...out.mock.calls, ...err.mock.calls]).toEqual([]);
});
