/** Reading artifacts.json: what is accepted, and that every error has its place. */
import { describe, expect, it } from 'vitest';
import { diagnosticLocation } from '../core/diagnostic.ts';
import { parseArtifacts, type ArtifactEntry } from './artifacts.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const entry: ArtifactEntry = {
  service: 'orders',
  repository: 'localhost:5001/orders',
  pullRepository: 'registry:5000/orders',
  tag: 'abc',
  tags: ['v1.2'],
  digest,
  reference: `registry:5000/orders:abc@${digest}`,
  inputHash: 'i',
  jar: { sha256: 'b'.repeat(64) },
  git: { commit: 'c'.repeat(40), dirty: false },
  builder: { name: 'buildah', version: '1.28.2' },
  stages: [{ stage: 'image', outcome: 'ok', ms: 12 }],
};

function read(artifacts: unknown, more: object = {}) {
  const document = {
    apiVersion: 'appdev/v1',
    kind: 'Artifacts',
    project: 'shop',
    appdev: '0.1.0',
    artifacts,
  };
  return text(JSON.stringify({ ...document, ...more }, undefined, 2));
}

function text(content: string) {
  return parseArtifacts('/p/artifacts.json', 'artifacts.json', content, 'shop');
}

/** `line:column message` of each error. */
function errors(outcome: ReturnType<typeof read>): string[] {
  if (outcome.kind !== 'failed') throw new Error('no failure');
  expect(outcome.error).toMatchObject({
    code: 'CONFIG_INVALID',
    hint: 'remove the file and run appdev build',
  });
  return (outcome.error.diagnostics ?? []).map((one) => `${diagnosticLocation(one)} ${one.message}`);
}

describe('artifacts.json', () => {
  it('reads what was written, and ignores keys of a later version', () => {
    expect(read([entry])).toEqual({ kind: 'ok', value: [entry] });
    expect(read([{ ...entry, sbom: 'x' }], { signed: true })).toMatchObject({ kind: 'ok' });
  });

  it('takes an image without digest, of a cluster without registry', () => {
    const loaded = { ...entry, digest: '', reference: 'registry:5000/orders:abc' };
    expect(read([loaded])).toMatchObject({ kind: 'ok', value: [{ digest: '' }] });
  });

  it.each([
    [
      'no digest',
      { ...entry, digest: 'latest' },
      'artifacts.json:15:17 artifacts[0].digest: "latest" is not a digest',
    ],
    ['a missing key', { ...entry, service: undefined }, 'artifacts[0].service is missing'],
    ['a wrong type', { ...entry, git: { commit: 'c', dirty: 'no' } }, 'git.dirty: expected true or false'],
    [
      'a reference that was edited',
      { ...entry, reference: 'registry:5000/orders:abc' },
      `artifacts.json:16:20 the reference does not match pullRepository, tag and digest, which give ${entry.reference}`,
    ],
  ])('%s', (_, wrong, message) => {
    expect(errors(read([wrong])).join('\n')).toContain(message);
  });

  it('must belong to this project and this version, and have each service once', () => {
    expect(errors(read([], { project: 'other' }))[0]).toContain(
      'artifacts.json:4:14 this file belongs to project "other", but appdev.yaml belongs to',
    );
    expect(errors(read([], { apiVersion: 'appdev/v2' }))[0]).toContain('artifacts.json:2:17');
    expect(errors(read([entry, entry]))[0]).toContain(
      'orders has a second artifact; the first is at artifacts.json:8',
    );
  });

  it.each([['{"apiVersion": "appdev/v1",'], ['{'], ['not json at all'], ['[]']])('refuses %s', (content) => {
    expect(errors(text(content)).length).toBeGreaterThan(0);
  });

  it('refuses an empty file', () => {
    expect(text('')).toMatchObject({ kind: 'failed', error: { message: 'artifacts.json is empty' } });
  });
});
