import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Outcome } from '../../../core/outcome.ts';
import type { Helm } from '../program/tool.ts';
import { findChart } from './chart.ts';
import { completeChart, type CompleteChart } from './subchart-copy.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'appdev-subchart-copy-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}

function chart(name: string, ...dependencies: string[]): void {
  const list = dependencies.map((one) => `  - ${one}\n`).join('');
  write(`${name}/Chart.yaml`, `apiVersion: v2\nname: ${name}\nversion: 0.1.0\ndependencies:\n${list}`);
}

async function complete(): Promise<Outcome<CompleteChart>> {
  const fakeHelm = {
    run: () => {
      throw new Error('helm was run');
    },
  } as unknown as Helm;
  const folder = join(root, 'web');
  const found = await findChart(folder, root);
  if (found.kind !== 'ok') throw new Error(JSON.stringify(found));
  const settings = { helm: fakeHelm, root, warn: () => undefined };
  return await completeChart(found.value, folder, 'web', settings, new AbortController().signal);
}

it.each(['https://charts.example.com', 'oci://registry.example.com/charts', '"@team"'])(
  'refuses what would be fetched from %s, with the command that fetches it',
  async (repository) => {
    chart('web', `{name: db, version: 1.x, repository: ${repository}}`);
    expect(await complete()).toMatchObject({
      error: {
        code: 'RENDER_FAILED',
        message: expect.stringContaining('chart web of web depends on db') as string,
        hint: 'helm dependency build web',
      },
    });
    expect(readdirSync(join(root, 'web'))).toEqual(['Chart.yaml']);
  },
);

it('names the chart of the project that lacks a chart from elsewhere', async () => {
  chart('web', '{name: lib, version: 0.1.0, repository: "file://../lib"}');
  chart('lib', '{name: db, version: 1.x, repository: https://charts.example.com}');
  expect(await complete()).toMatchObject({ error: { hint: 'helm dependency build lib' } });
});

it('refuses a chart of the project whose version is not the one that is asked for', async () => {
  chart('web', '{name: lib, version: ^2.0.0, repository: "file://../lib"}');
  chart('lib');
  expect(await complete()).toMatchObject({
    error: { message: expect.stringContaining('lib ^2.0.0, but lib beside it is version 0.1.0') as string },
  });
  expect(readdirSync(join(root, 'web'))).toEqual(['Chart.yaml']);
});

it('uses the chart as it is if nothing is missing', async () => {
  chart('web', '{name: db, version: 1.x, repository: https://charts.example.com}');
  write('web/charts/db-1.2.0.tgz', 'packed');
  expect(await complete()).toMatchObject({ value: { path: join(root, 'web') } });
});
