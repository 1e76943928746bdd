import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkBootJar, findBootJar, listJars, stageJar } from './boot-jar.ts';
import { jarBytes } from './archive/jar-writer.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-jars-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const none = new Map<string, string>();
const boot = 'Manifest-Version: 1.0\r\nSpring-Boot-Version: 3.2.0\r\nStart-Class: com.example.App\r\n\r\n';
const plain = 'Manifest-Version: 1.0\r\n\r\n';

function jar(name: string, manifest: string | undefined): string {
  const files =
    manifest === undefined
      ? new Map<string, Buffer>()
      : new Map([['META-INF/MANIFEST.MF', Buffer.from(manifest)]]);
  writeFileSync(join(folder, name), jarBytes(files.set('x', Buffer.from('x'))));
  return join(folder, name);
}

describe('findBootJar', () => {
  it('goes by what is in a jar, whatever it is called', async () => {
    jar('app-1.0.jar', plain);
    jar('app-1.0-sources.jar', plain);
    jar('app-1.0.jar.original', boot);
    jar('no-manifest.jar', undefined);
    const exec = jar('app-1.0-sources-exec.jar', boot);
    expect(await findBootJar('orders', folder, none)).toEqual({ kind: 'ok', value: exec });
  });

  it('takes the one that this build made when older ones lie beside it', async () => {
    jar('app-0.9.jar', boot);
    const before = await listJars(folder);
    const now = jar('app-1.0.jar', boot);
    expect(await findBootJar('orders', folder, before)).toEqual({ kind: 'ok', value: now });
    // A jar that is made anew under its old name counts as well.
    rmSync(now);
    const both = await listJars(folder);
    jar('app-1.0.jar', boot);
    expect(
      await findBootJar(
        'orders',
        folder,
        new Map([...both, ['app-0.9.jar', before.get('app-0.9.jar') ?? '']]),
      ),
    ).toEqual({
      kind: 'ok',
      value: now,
    });
  });

  it('never guesses between several', async () => {
    jar('a.jar', boot);
    jar('b.jar', boot);
    expect(await findBootJar('orders', folder, none)).toMatchObject({
      kind: 'failed',
      error: { code: 'JAR_AMBIGUOUS', message: `orders: 2 executable jars lie in ${folder}: a.jar, b.jar` },
    });
  });

  it.each([
    ['nothing', (): void => undefined, /no jar at all/, /repackage/],
    [
      'a plain jar',
      (): void => void jar('app.jar', plain),
      /only app\.jar, which is not executable/,
      /repackage/,
    ],
    [
      'a war',
      (): void => void jar('app.war', boot),
      /app\.war, but appdev deploys only jars/,
      /<packaging>jar/,
    ],
    [
      'half a jar',
      (): void => writeFileSync(join(folder, 'app.jar'), 'PK\x03\x04 half'),
      /not a complete jar/,
      /something else may be writing/,
    ],
  ])('says what to do about %s', async (_name, make, message, hint) => {
    make();
    const found = await findBootJar('orders', folder, none);
    expect(found).toMatchObject({ kind: 'failed', error: { code: 'JAR_NOT_FOUND' } });
    if (found.kind !== 'failed') return;
    expect(found.error.message).toMatch(message);
    expect(found.error.hint).toMatch(hint);
  });

  it('finds nothing in a folder that is not there', async () => {
    expect(await findBootJar('orders', join(folder, 'target'), none)).toMatchObject({
      error: { code: 'JAR_NOT_FOUND' },
    });
  });
});

describe('checkBootJar', () => {
  it('takes the jar that the build told, whatever else lies there', async () => {
    jar('app-0.9.jar', boot);
    const path = jar('app-1.0.jar', boot);
    expect(await checkBootJar('orders', path)).toEqual({ kind: 'ok', value: path });
  });

  it.each([
    ['is not there', (): string => join(folder, 'app.jar'), /does not exist/],
    ['is not executable', (): string => jar('app.jar', plain), /not an executable jar/],
    [
      'is not whole',
      (): string => {
        writeFileSync(join(folder, 'app.jar'), 'PK\x03\x04 half');
        return join(folder, 'app.jar');
      },
      /not a complete jar/,
    ],
  ])('does not believe it when the jar %s', async (_name, make, message) => {
    const found = await checkBootJar('orders', make());
    expect(found).toMatchObject({ kind: 'failed', error: { code: 'JAR_NOT_FOUND' } });
    expect(found.kind === 'failed' && found.error.message).toMatch(message);
  });
});

describe('stageJar', () => {
  it('refuses a jar that is cut off', async () => {
    writeFileSync(join(folder, 'app.jar'), jarBytes(new Map([['x', Buffer.from('x')]])).subarray(0, -5));
    expect(await stageJar('orders', join(folder, 'app.jar'), join(folder, 'copy.jar'))).toMatchObject({
      kind: 'failed',
      error: { code: 'JAR_NOT_FOUND' },
    });
  });
});
