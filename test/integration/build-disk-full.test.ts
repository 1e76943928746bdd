/** A disk that is full, made by a small tmpfs: the message has to name it, and nothing may be left half done. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bud } from '../../src/build/image/buildah/bud.ts';
import { openBuildah } from '../../src/build/image/buildah/session.ts';
import { createMavenBuilder } from '../../src/build/jar/maven/builder.ts';
import { tryLock } from '../../src/support/files/lockfile.ts';
import { runProcess } from '../../src/support/process/process.ts';
import { readState, writeState } from '../../src/support/files/state-file.ts';
import { writeBootProject } from '../support/boot-project.ts';
import { useStorage } from '../support/buildah-storage.ts';
import { recordingContext } from '../support/recording-context.ts';
import { createDesk, kubeconfigText } from '../support/desk.ts';
import { environmentNow } from '../support/environment.ts';

const canMount = process.platform === 'linux' && process.getuid?.() === 0;

let folder: string;
const mounts: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-full-'));
});
afterEach(() => {
  for (const path of mounts.splice(0)) execFileSync('umount', ['-l', path]);
  rmSync(folder, { recursive: true, force: true });
});

/** A file system of that size. */
function smallDisk(name: string, kib: number): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k`, 'tmpfs', path]);
  mounts.push(path);
  return path;
}

/** Leaves no byte free. */
function fill(path: string): void {
  const { bavail, bsize } = statfsSync(path);
  writeFileSync(join(path, 'filler'), Buffer.alloc(bavail * bsize));
}

describe.runIf(canMount)('a full disk', () => {
  it('under a state file leaves the old state as it was', async () => {
    const disk = smallDisk('state', 64);
    const path = join(disk, 'state.json');
    await writeState(path, 'old');
    fill(disk);
    expect(await writeState(path, 'x'.repeat(10_000))).toMatchObject({
      kind: 'failed',
      error: { code: 'DISK_FULL', message: expect.stringContaining(disk) as unknown },
    });
    expect(await readState(path, (value) => value)).toBe('old');
    expect(readdirSync(disk).sort()).toEqual(['filler', 'state.json']);
  });

  it('under the locks says so', async () => {
    const disk = smallDisk('locks', 64);
    fill(disk);
    expect(await tryLock(join(disk, 'lock'), 'testing')).toMatchObject({
      kind: 'failed',
      error: { code: 'DISK_FULL' },
    });
  });

  it('under the module’s output is named by the build, which works again when there is room', async () => {
    const project = writeBootProject(join(folder, 'till'));
    const target = smallDisk('till/app/target', 300);
    const builder = createMavenBuilder({
      jvm: environmentNow().maven,
      tell: () => undefined,
      run: runProcess,
      projectRoot: project.root,
      cache: join(folder, 'cache'),
    });
    const outcome = await builder.package(
      { services: [project.service()], tests: false },
      recordingContext(),
    );
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: { code: 'DISK_FULL', exit: 3, message: expect.stringContaining(target) as unknown },
    });
    execFileSync('mount', ['-o', 'remount,size=60m', target]);
    expect(
      await builder.package({ services: [project.service()], tests: false }, recordingContext()),
    ).toMatchObject({ kind: 'ok' });
  });

  it.each([
    ['status', 4, /DISK_FULL/],
    ['run', 4, /DISK_FULL/],
    ['dev', 4, /DISK_FULL/],
    ['doctor', 2, /✗ disk .*[\s\S]*✓ appdev\.yaml[\s\S]*✗ cluster +no space left on the disk of/],
  ])('under TMPDIR is named by %s', async (command, exitCode, said) => {
    const disk = smallDisk('temporary', 64);
    fill(disk);
    const desk = createDesk({ TMPDIR: disk });
    try {
      writeFileSync(desk.kubeconfig, kubeconfigText({ 'kind-own': 'https://127.0.0.1:9' }));
      desk.write('web.yaml', '{apiVersion: v1, kind: ConfigMap, metadata: {name: web}}\n');
      desk.write(
        'appdev.yaml',
        'apiVersion: appdev/v1\nname: shop\nservices: {web: {path: ., deploy: {manifests: [web.yaml]}}}\n',
      );
      const { code, stdout, stderr } = await desk.appdev([command]);
      expect(`${stdout}${stderr}`).toMatch(said);
      expect(`${stdout}${stderr}`).toContain('or set TMPDIR to a folder with more room');
      expect(`${stdout}${stderr}`).not.toContain('bug of appdev');
      expect(code).toBe(exitCode);
    } finally {
      desk.dispose();
    }
  });

  it('under Buildah’s storage is named by the image build', async () => {
    const disk = smallDisk('disk', 6000);
    const storage = useStorage(join(disk, 'storage'));
    try {
      const context = join(folder, 'context');
      mkdirSync(context);
      writeFileSync(join(context, 'Containerfile'), 'FROM scratch\nCOPY big /big\n');
      writeFileSync(join(context, 'big'), Buffer.alloc(20_000_000));
      const { signal } = new AbortController();
      const buildah = await openBuildah(runProcess, environmentNow().buildah, signal);
      if (buildah.kind !== 'ok') throw new Error(JSON.stringify(buildah));
      const built = await bud(
        buildah.value,
        { service: 'orders', file: join(context, 'Containerfile'), context, flags: ['--layers'] },
        signal,
        () => undefined,
      );
      expect(built).toMatchObject({
        kind: 'ok',
        value: {
          kind: 'failed',
          failure: {
            error: {
              code: 'DISK_FULL',
              message: expect.stringContaining('orders') as unknown,
              hint: expect.stringContaining('buildah rmi') as unknown,
            },
          },
        },
      });
      expect(await storage.buildah('containers', '-q')).toBe('');
      expect(await storage.buildah('images', '-q')).toBe('');
    } finally {
      storage.remove();
    }
  });
});
