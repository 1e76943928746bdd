import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ok } from '../../core/outcome.ts';
import { readClasses } from './classes.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'appdev-classes-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

const at = (path: string): string => join(root, path);
const write = (path: string, text: string): void => {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), text);
};
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('the classes of a service', () => {
  it('are the contents of the folders that exist, in their order', async () => {
    write('app/classes/a/A.class', 'a');
    write('app/resources/b/b.txt', 'b');
    write('app/resources/a.txt', 'a');
    write('lib/classes/l/L.class', 'l');
    const own = [at('app/resources'), at('app/classes')];
    const upstream = [at('lib/classes'), at('lib/resources')];
    const read = await readClasses([{ service: 'orders', own, upstream }]);
    const folder = (path: string, ...files: [string, string][]) => ({
      path: at(path),
      files: new Map(files.map(([name, text]) => [name, sha256(text)])),
    });
    const classes = {
      service: 'orders',
      own: [
        folder('app/resources', ['a.txt', 'a'], ['b/b.txt', 'b']),
        folder('app/classes', ['a/A.class', 'a']),
      ],
      upstream: [folder('lib/classes', ['l/L.class', 'l'])],
    };
    expect(read).toEqual(ok(new Map([['orders', classes]])));
  });

  it('are missed where the build writes them elsewhere', async () => {
    write('lib/classes/l/L.class', 'l');
    const places = { service: 'orders', own: [at('app/classes')], upstream: [at('lib/classes')] };
    expect(await readClasses([places])).toMatchObject({
      kind: 'failed',
      error: {
        code: 'SOURCE_BUILD_FAILED',
        message: `orders: the build left no classes in ${at('app/classes')}`,
      },
    });
  });
});
