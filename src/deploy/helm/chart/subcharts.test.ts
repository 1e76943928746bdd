import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lookAtSubcharts, type Subcharts } from './subcharts.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'appdev-charts-'));
  write('web/Chart.yaml', chart('web', '1.0.0'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}

function chart(name: string, version: string): string {
  return `apiVersion: v2\nname: ${name}\nversion: ${version}\n`;
}

/** The source of a subchart. Its files are old, so that only their content tells. */
function source(version: string, text: string): void {
  rmSync(join(root, 'db'), { recursive: true, force: true });
  write('db/Chart.yaml', chart('db', version));
  write('db/templates/map.yaml', text);
  for (const path of ['db/Chart.yaml', 'db/templates/map.yaml', 'db/templates'])
    utimesSync(join(root, path), 1, 1);
}

/** Packs the source as `helm package` does. */
function pack(version: string): void {
  mkdirSync(join(root, 'web/charts'), { recursive: true });
  execFileSync('tar', ['-czf', join(root, `web/charts/db-${version}.tgz`), '-C', root, 'db']);
}

async function look(...dependencies: readonly string[]): Promise<Subcharts> {
  const folder = join(root, 'web');
  const lines = dependencies.map((one) => `  - {name: db, ${one}}\n`).join('');
  const text = `${readFileSync(join(folder, 'Chart.yaml'), 'utf8')}dependencies:\n${lines}`;
  return await lookAtSubcharts({ reference: folder, folder, name: 'web', text });
}

const local = 'repository: "file://../db"';
const stale = { stale: ['db'], warnings: [] };
const current = { stale: [], warnings: [] };

describe('a packed subchart', () => {
  it('is current if it is the source, whatever the dates say', async () => {
    source('1.0.0', 'a: 1\n');
    pack('1.0.0');
    expect(await look(`version: 1.0.0, ${local}`)).toEqual(current);
  });

  it.each([
    ['Chart.yaml asks for another version', '2.0.0', '2.0.0'],
    ['its source has another version, which the range allows', '1.1.0', '^1.0.0'],
  ])('is stale if %s', async (_why, next, asked) => {
    source('1.0.0', 'a: 1\n');
    pack('1.0.0');
    source(next, 'a: 1\n');
    expect(await look(`version: ${asked}, ${local}`)).toEqual(stale);
  });

  it('is stale if a file of its source changed, or went, without a newer date', async () => {
    source('1.0.0', 'a: 1\n');
    pack('1.0.0');
    source('1.0.0', 'a: 2\n');
    expect(await look(`version: 1.0.0, ${local}`)).toEqual(stale);
    source('1.0.0', 'a: 1\n');
    rmSync(join(root, 'db/templates/map.yaml'));
    utimesSync(join(root, 'db/templates'), 1, 1);
    expect(await look(`version: 1.0.0, ${local}`)).toEqual(stale);
  });

  it('is stale if a file came to its source, even an old one', async () => {
    source('1.0.0', 'a: 1\n');
    pack('1.0.0');
    utimesSync(join(root, 'web/charts/db-1.0.0.tgz'), 100, 100);
    write('db/templates/more.yaml', 'b: 1\n');
    utimesSync(join(root, 'db/templates/more.yaml'), 1, 1);
    expect(await look(`version: 1.0.0, ${local}`)).toEqual(stale);
  });

  it('is stale if an archive of another version lies beside it, unless an alias asks for that one', async () => {
    source('1.0.0', 'a: 1\n');
    pack('1.0.0');
    pack('2.0.0');
    const remote = 'repository: "https://charts.example.com"';
    expect(await look(`version: 2.0.0, ${remote}`)).toEqual(stale);
    expect(await look(`version: 2.0.0, ${remote}`, `version: 1.0.0, alias: old, ${remote}`)).toEqual(current);
  });

  it('counts for a chart of Helm 2, too', async () => {
    const folder = join(root, 'web');
    const requirements = 'dependencies:\n  - {name: db, version: 1.0.0}\n';
    const text = chart('web', '1.0.0');
    expect(await lookAtSubcharts({ reference: folder, folder, text, requirements })).toEqual(stale);
  });

  it('is missing if only a chart with a longer name is there', async () => {
    write('web/charts/db-tools-1.0.0.tgz', '');
    expect(await look(`version: 1.0.0, ${local}`)).toEqual(stale);
  });
});

it('says that an unpacked subchart has another version, and leaves it', async () => {
  write('web/charts/db/Chart.yaml', chart('db', '1.0.0'));
  expect(await look('version: 1.0.0')).toEqual(current);
  expect(await look('version: 2.0.0')).toEqual({
    stale: [],
    warnings: ['charts/db is version 1.0.0, but Chart.yaml asks for 2.0.0; it is used as it is'],
  });
});
