/** What other machines' Buildah would say, by a stand-in for the program; this machine's is in test/integration. */
import { describe, expect, it } from 'vitest';
import type { RunProcess } from '../../../support/process/process.ts';
import { buildahMissing } from './tool.ts';
import { probeBuildah } from './storage.ts';

const { signal } = new AbortController();

interface Machine {
  readonly version?: string;
  readonly driver?: string;
  readonly rootless?: boolean;
  /** The default storage fails, vfs works. */
  readonly overlayFails?: boolean;
}

/** A stand-in for buildah on another machine. */
function standIn({
  version = '1.40.0',
  driver = 'overlay',
  rootless = false,
  overlayFails = false,
}: Machine): RunProcess {
  const exited = (exitCode: number, stdout: string, stderr = '') => ({
    kind: 'exited' as const,
    exitCode,
    stdout,
    stderr,
    lines: [...stdout.split('\n'), stderr].filter((line) => line !== ''),
    ms: 1,
  });
  return async ({ args }) => {
    const flags = args.join(' ');
    if (flags === '--version')
      return await Promise.resolve(exited(0, `buildah version ${version} (image-spec 1.1.0)\n`));
    if (overlayFails && !flags.includes('vfs'))
      return exited(125, '', "Error: 'overlay' is not supported over overlayfs");
    const store = {
      GraphDriverName: flags.includes('vfs') ? 'vfs' : driver,
      GraphRoot: '/var/lib/containers/storage',
    };
    return exited(0, JSON.stringify({ host: { rootless }, store }));
  };
}

const probe = async (machine: Machine, chosen: { driverChosen?: true; isolation?: string } = {}) =>
  await probeBuildah(standIn(machine), { driverChosen: false, isolation: '', ...chosen }, signal);

describe('probeBuildah', () => {
  it('has nothing to say about a current Buildah on overlay', async () => {
    expect(await probe({})).toEqual({
      kind: 'ok',
      value: {
        version: '1.40.0',
        driver: 'overlay',
        root: '/var/lib/containers/storage',
        rootless: false,
        globalFlags: [],
        isolation: 'chroot',
        warnings: [],
      },
    });
  });

  it('warns of vfs, and says what would be faster', async () => {
    const asUser = await probe({ driver: 'vfs', rootless: true });
    expect(asUser).toMatchObject({
      value: { warnings: [{ hint: expect.stringContaining('fuse-overlayfs') as unknown }] },
    });
    const asRoot = await probe({ driver: 'vfs' });
    expect(asRoot).toMatchObject({
      value: { warnings: [{ hint: expect.stringContaining('/etc/containers/storage.conf') as unknown }] },
    });
  });

  it('falls back to vfs if overlay does not work, unless the user chose a driver', async () => {
    expect(await probe({ overlayFails: true })).toMatchObject({
      value: {
        driver: 'vfs',
        globalFlags: ['--storage-driver', 'vfs'],
        warnings: [{ message: expect.stringContaining('overlay does not work') as unknown }],
      },
    });
    expect(await probe({ overlayFails: true }, { driverChosen: true })).toMatchObject({
      kind: 'failed',
      error: {
        code: 'IMAGE_BUILD_FAILED',
        message: expect.stringContaining('not supported over overlayfs') as unknown,
      },
    });
  });

  it('leaves the isolation to a user who chose one', async () => {
    expect(await probe({}, { isolation: 'oci' })).toMatchObject({ value: { isolation: 'oci' } });
  });

  it.each([
    ['1.28.2', ['CVE-2024-1753', 'CVE-2024-9407', 'CVE-2024-9675', 'CVE-2024-11218']],
    ['1.37.4', ['CVE-2024-9675', 'CVE-2024-11218']],
    ['1.38.1', []],
  ])('names the known holes of %s', async (version, open) => {
    const probed = await probe({ version });
    const text = probed.kind === 'ok' ? probed.value.warnings.map(({ message }) => message).join() : '';
    expect(
      ['CVE-2024-1753', 'CVE-2024-9407', 'CVE-2024-9675', 'CVE-2024-11218'].filter((cve) =>
        text.includes(cve),
      ),
    ).toEqual(open);
  });

  it('refuses one that is too old', async () => {
    expect(await probe({ version: '1.19.6' })).toMatchObject({
      kind: 'failed',
      error: { code: 'TOOL_TOO_OLD' },
    });
  });
});

describe('without Buildah', () => {
  it('tells users of macOS and Windows which builder is theirs', () => {
    expect(buildahMissing('darwin')).toMatchObject({
      error: {
        code: 'TOOL_MISSING',
        message: expect.stringContaining('macOS') as unknown,
        hint: expect.stringContaining('image.builder: kaniko') as unknown,
      },
    });
    expect(buildahMissing('win32')).toMatchObject({
      error: { hint: expect.stringContaining('WSL 2') as unknown },
    });
    expect(buildahMissing('linux')).toMatchObject({
      error: { hint: expect.stringContaining('apt-get install buildah') as unknown },
    });
  });
});
