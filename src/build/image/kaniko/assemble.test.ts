import { describe, expect, it } from 'vitest';
import { assembleImage, digestOf, type ImageText } from './assemble.ts';

const gzip = {
  oci: 'application/vnd.oci.image.layer.v1.tar+gzip',
  docker: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
};
const manifests = {
  oci: 'application/vnd.oci.image.manifest.v1+json',
  docker: 'application/vnd.docker.distribution.manifest.v2+json',
};

function image(family: 'oci' | 'docker', layer: string, more: object = {}, settings: object = {}): ImageText {
  const config = JSON.stringify({
    created: new Date(Math.random() * 1e12).toISOString(),
    architecture: 'arm64',
    os: 'linux',
    config: settings,
    rootfs: { type: 'layers', diff_ids: [`sha256:diff-${layer}`] },
    history: [{ created: '2026-08-01T00:00:00Z', created_by: `made ${layer}` }],
    ...more,
  });
  return {
    mediaType: manifests[family],
    config,
    manifest: JSON.stringify({ layers: [{ mediaType: gzip[family], size: 1, digest: `sha256:${layer}` }] }),
  };
}

const start = {
  entrypoint: ['java', '-jar', '/app/application.jar'],
  workingDir: '/app',
  user: '10001:10001',
  labels: { 'dev.appdev.service': 'orders' },
};

const base = (family: 'oci' | 'docker' = 'oci'): ImageText =>
  image(
    family,
    'base',
    { variant: 'v8', author: 'someone', container: 'of this very build' },
    {
      Env: ['PATH=/bin'],
      Cmd: ['jshell'],
      OnBuild: ['RUN x'],
      Labels: { vendor: 'v', 'dev.appdev.service': 'other' },
    },
  );

describe('an image of parts', () => {
  const made = assembleImage(base(), [image('docker', 'libs'), image('docker', 'app')], start);
  const manifest = JSON.parse(made.manifest) as Record<string, unknown>;
  const config = JSON.parse(made.config) as Record<string, unknown>;

  it('has the layers of the base and then of the parts, in the manifest and in the configuration', () => {
    expect(manifest).toEqual({
      schemaVersion: 2,
      mediaType: manifests.oci,
      config: {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        size: Buffer.byteLength(made.config),
        digest: digestOf(made.config),
      },
      layers: ['base', 'libs', 'app'].map((name) => ({
        mediaType: gzip.oci,
        size: 1,
        digest: `sha256:${name}`,
      })),
    });
    expect(config['rootfs']).toEqual({
      type: 'layers',
      diff_ids: ['sha256:diff-base', 'sha256:diff-libs', 'sha256:diff-app'],
    });
  });

  it('keeps what the base sets, but for what a build on it replaces', () => {
    expect(config).toMatchObject({ architecture: 'arm64', os: 'linux', variant: 'v8' });
    expect(config['config']).toEqual({
      Env: ['PATH=/bin'],
      Entrypoint: start.entrypoint,
      WorkingDir: '/app',
      User: '10001:10001',
      Labels: { 'dev.appdev.service': 'orders', vendor: 'v' },
    });
    expect(config).not.toHaveProperty('container');
  });

  it('does not depend on when its parts were made; the steps of the base keep their dates', () => {
    const again = assembleImage(base(), [image('docker', 'libs'), image('docker', 'app')], start);
    expect(again).toEqual(made);
    expect(config['created']).toBe('1970-01-01T00:00:00Z');
    expect((config['history'] as { created: string }[]).map(({ created }) => created)).toEqual([
      '2026-08-01T00:00:00Z',
      ...Array<string>(3).fill('1970-01-01T00:00:00Z'),
    ]);
  });

  it('on a Docker base is a Docker image throughout', () => {
    const other = assembleImage(base('docker'), [image('oci', 'app')], start);
    expect(other.manifest).not.toContain('oci');
    expect(other.mediaType).toBe(manifests.docker);
  });

  it('leaves the user of the base alone if none is asked for', () => {
    const { user: _, ...rest } = start;
    const own = assembleImage(image('oci', 'base', {}, { User: '185' }), [], rest);
    expect(JSON.parse(own.config)).toMatchObject({ config: { User: '185' } });
  });

  it('stands on a base without settings, labels or history', () => {
    const bare = {
      ...image('oci', 'base'),
      config: '{"os":"linux","config":{"Labels":null},"rootfs":{"diff_ids":[]}}',
    };
    expect(JSON.parse(assembleImage(bare, [], start).config)).toMatchObject({
      config: { Labels: start.labels },
    });
  });
});
