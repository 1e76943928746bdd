import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { findPlace, nowhere, parsePlace, placeText, thisPlace } from './place.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** The files in which a Linux says where it is. An undefined one is missing. */
function linux(files: {
  readonly machineId?: string;
  readonly boot?: string;
  readonly pids?: string;
}): string {
  const root = mkdtempSync(join(tmpdir(), 'appdev-place-'));
  folders.push(root);
  for (const folder of ['etc', 'proc/sys/kernel/random', 'proc/self/ns']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  const { machineId, boot, pids } = files;
  if (machineId !== undefined) writeFileSync(join(root, 'etc/machine-id'), `${machineId}\n`);
  if (boot !== undefined) writeFileSync(join(root, 'proc/sys/kernel/random/boot_id'), `${boot}\n`);
  if (pids !== undefined) symlinkSync(pids, join(root, 'proc/self/ns/pid'));
  return `${root}/`;
}

const silent = (): string => '';

describe('the place of a process', () => {
  it('is another one in each container and after each restart, and the machine stays', () => {
    const host = { machineId: 'a', boot: 'b', pids: 'pid:[1]' };
    const find = (files: Parameters<typeof linux>[0]) => findPlace('linux', silent, linux(files));
    const here = find(host);
    expect(find(host)).toEqual(here);
    expect(find({ ...host, pids: 'pid:[2]' })).toEqual({
      ...here,
      pids: expect.not.stringMatching(here.pids) as string,
    });
    expect(find({ ...host, boot: 'c' })).toEqual({
      ...here,
      boot: expect.not.stringMatching(here.boot) as string,
    });
  });

  it('has empty parts where nothing is known', () => {
    expect(findPlace('linux', silent, linux({ machineId: '' }))).toEqual(nowhere);
    expect(findPlace('darwin', silent)).toMatchObject({ machine: '', boot: '' });
  });

  it('on macOS is told by ioreg and sysctl', () => {
    let boot = '4F1B7B0C-5E3C-4C7E-9B2D-0A6E2F1D8C11';
    const standIn = (program: string): string =>
      program.endsWith('sysctl')
        ? boot
        : '+-o J314sAP  <class IOPlatformExpertDevice>\n    {\n      "IOPlatformSerialNumber" = "X"\n      "IOPlatformUUID" = "9F2A4C1E-0B57-5D0E-8F0A-1C2B3D4E5F60"\n    }';
    const before = findPlace('darwin', standIn);
    boot = 'A0000000-5E3C-4C7E-9B2D-0A6E2F1D8C11';
    const after = findPlace('darwin', standIn);
    expect(after.machine).toBe(before.machine);
    expect(after.machine).not.toBe('');
    expect(after.boot).not.toBe(before.boot);
  });

  it('can be read again from its text, which fits into a host name; every other text is nowhere', () => {
    const text = placeText(thisPlace());
    expect(text).toMatch(/^[0-9a-f.]{5,26}$/);
    expect(parsePlace(text)).toEqual(thisPlace());
    expect(parsePlace(placeText(nowhere))).toEqual(nowhere);
    expect(['', '1.2', `${text}.0`, 'some host'].map(parsePlace)).toEqual(Array(4).fill(nowhere));
  });
});
