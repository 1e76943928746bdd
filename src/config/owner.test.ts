import { chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkBeside } from './owner.ts';
import { findProjectFile } from './find.ts';

/** Only root can give files to others, so only root can test this. */
const isRoot = process.getuid?.() === 0;
const stranger = 65_533;
const user = 4_242;

let top: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'appdev-owner-'));
  mkdirSync(join(top, '.git'));
  mkdirSync(join(top, 'mine'));
  writeFileSync(join(top, 'appdev.yaml'), '');
});
afterEach(() => {
  rmSync(top, { recursive: true });
});

describe.runIf(isRoot)('a project file that is found in a parent folder', () => {
  const find = async (named?: string): Promise<unknown> =>
    await findProjectFile(join(top, 'mine'), named, user);
  const found = (): unknown => ({ kind: 'ok', value: join(top, 'appdev.yaml') });
  const refused = (what: string): unknown => ({
    kind: 'failed',
    error: {
      code: 'CONFIG_INVALID',
      message: `${what} belongs to another user (uid ${stranger}), so appdev does not use it`,
      hint: expect.stringContaining(`-f ../appdev.yaml`) as string,
    },
  });

  it('is used if it is root’s or the user’s own', async () => {
    expect(await find()).toEqual(found());
    for (const path of [top, join(top, 'appdev.yaml')]) chownSync(path, user, 0);
    expect(await find()).toEqual(found());
  });

  it('is refused if it is another user’s, and used if it is named', async () => {
    chownSync(join(top, 'appdev.yaml'), stranger, stranger);
    expect(await find()).toMatchObject(refused('../appdev.yaml') as object);
    expect(await find('../appdev.yaml')).toEqual(found());
  });

  it('is used in CI, whoever owns the checkout', async () => {
    chownSync(join(top, 'appdev.yaml'), stranger, stranger);
    expect(await findProjectFile(join(top, 'mine'), undefined, undefined)).toEqual(found());
  });

  it('is refused if its folder is another user’s, who could replace it', async () => {
    chownSync(top, stranger, stranger);
    expect(await find()).toMatchObject(refused(`the folder ${top}`) as object);
  });

  it('is refused if it links to a file of another user', async () => {
    rmSync(join(top, 'appdev.yaml'));
    writeFileSync(join(top, 'other'), '');
    chownSync(join(top, 'other'), stranger, stranger);
    symlinkSync('other', join(top, 'appdev.yaml'));
    expect(await find()).toMatchObject(refused('../appdev.yaml') as object);
  });

  it.each(['appdev.local.yaml', '.env'])('has no %s of another user beside it', async (name) => {
    const [file, beside] = [join(top, 'appdev.yaml'), join(top, name)];
    expect(await checkBeside(beside, file, top, user)).toMatchObject({ kind: 'ok' });
    writeFileSync(beside, '');
    chownSync(beside, stranger, stranger);
    expect(await checkBeside(beside, file, top, user)).toMatchObject({
      error: { code: 'CONFIG_INVALID', message: expect.stringContaining(name) as string },
    });
    chownSync(file, stranger, stranger);
    expect(await checkBeside(beside, file, top, user)).toMatchObject({ kind: 'ok' });
  });
});
