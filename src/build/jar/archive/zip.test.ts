import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jarBytes } from './jar-writer.ts';
import { ZipError, ZipFile } from './zip.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-zip-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const file = (): string => join(folder, 'a.jar');

/** An archive that another program made: one deflated, one stored entry, in a folder. */
function byPython(): void {
  const script = [
    'import zipfile, sys',
    'with zipfile.ZipFile(sys.argv[1], "w") as z:',
    '  z.writestr("META-INF/", "")',
    '  z.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\\r\\n" * 50, zipfile.ZIP_DEFLATED)',
    '  z.writestr("lib/ä.jar", b"\\x00\\x01" * 100, zipfile.ZIP_STORED)',
    '  z.comment = b"a comment"',
  ].join('\n');
  execFileSync('python3', ['-c', script, file()]);
}

async function contents(path: string): Promise<Record<string, string>> {
  const zip = await ZipFile.open(path);
  try {
    const entries = await Promise.all(
      zip.entries.map(async (entry) => [entry.name, (await zip.read(entry)).toString('latin1')]),
    );
    return Object.fromEntries(entries) as Record<string, string>;
  } finally {
    await zip.close();
  }
}

describe('ZipFile', () => {
  it('reads stored and deflated entries of an archive with a comment', async () => {
    byPython();
    expect(await contents(file())).toEqual({
      'META-INF/': '',
      'META-INF/MANIFEST.MF': 'Manifest-Version: 1.0\r\n'.repeat(50),
      'lib/ä.jar': '\x00\x01'.repeat(100),
    });
  });

  it('reads an archive with a script before it', async () => {
    byPython();
    writeFileSync(
      file(),
      Buffer.concat([Buffer.from('#!/bin/bash\nexec java -jar "$0"\n'), readFileSync(file())]),
    );
    expect(await contents(file())).toMatchObject({ 'lib/ä.jar': '\x00\x01'.repeat(100) });
  });

  it('hashes entries by what they hold', async () => {
    writeFileSync(
      file(),
      jarBytes(
        new Map([
          ['a', Buffer.from('1')],
          ['b', Buffer.from('1')],
          ['c', Buffer.from('2')],
        ]),
      ),
    );
    const zip = await ZipFile.open(file());
    const [a, b, c] = await Promise.all(zip.entries.map(async (entry) => await zip.sha256(entry)));
    await zip.close();
    expect(a).toBe(b);
    expect(a).not.toBe(c);
    expect(a).toMatch(/^[0-9a-f]{64}$/);
  });

  it('refuses an archive that is cut off anywhere', async () => {
    byPython();
    const whole = readFileSync(file());
    for (let size = 0; size < whole.length; size += 7) {
      writeFileSync(file(), whole);
      truncateSync(file(), size);
      await expect(contents(file()), `cut to ${size} of ${whole.length}`).rejects.toThrow(ZipError);
    }
  });

  it('refuses an entry whose bytes were changed', async () => {
    byPython();
    const bytes = readFileSync(file());
    const at = bytes.indexOf('\x00\x01\x00\x01\x00\x01', 0, 'latin1');
    bytes[at + 2] = 7;
    writeFileSync(file(), bytes);
    await expect(contents(file())).rejects.toThrow(ZipError);
  });
});

describe('jarBytes', () => {
  it('writes what other programs read: manifest first, folders, one time', () => {
    const files = new Map([
      ['com/example/A.class', Buffer.from('class')],
      ['META-INF/services/x', Buffer.from('y')],
      ['META-INF/MANIFEST.MF', Buffer.from('Manifest-Version: 1.0\r\n\r\n')],
    ]);
    writeFileSync(file(), jarBytes(files));
    const script =
      'import zipfile, sys, json; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print(json.dumps([[i.filename, i.date_time, z.read(i).decode()] for i in z.infolist()]))';
    const listed = JSON.parse(
      execFileSync('python3', ['-c', script, file()], { encoding: 'utf8' }),
    ) as unknown;
    const time = [1980, 1, 1, 0, 0, 0];
    expect(listed).toEqual([
      ['META-INF/', time, ''],
      ['META-INF/MANIFEST.MF', time, 'Manifest-Version: 1.0\r\n\r\n'],
      ['META-INF/services/', time, ''],
      ['META-INF/services/x', time, 'y'],
      ['com/', time, ''],
      ['com/example/', time, ''],
      ['com/example/A.class', time, 'class'],
    ]);
  });

  it('depends on nothing but names and content, and is read back as it was', async () => {
    const name = fc.stringMatching(/^[a-zä/]{1,12}$/).filter((text) => !/^\/|\/$|\/\//.test(text));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, fc.string()), async (given) => {
        // No file that is a folder of another one at the same time.
        const names = Object.keys(given).filter(
          (one) => !Object.keys(given).some((other) => other.startsWith(`${one}/`)),
        );
        const files = names.map((one): [string, Buffer] => [one, Buffer.from(given[one] ?? '')]);
        const bytes = jarBytes(new Map(files));
        expect(jarBytes(new Map(files.toReversed())).equals(bytes)).toBe(true);
        writeFileSync(file(), bytes);
        const zip = await ZipFile.open(file());
        for (const [one, content] of files) {
          const entry = zip.find(one);
          expect(entry && (await zip.read(entry)).equals(content)).toBe(true);
        }
        await zip.close();
      }),
      { numRuns: 50 },
    );
  });
});
