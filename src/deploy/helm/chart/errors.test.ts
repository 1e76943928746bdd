/** What Helm says of values that a schema refuses: in the form of older Helms (not recorded), and as Helm 4.3 says it. */
import { describe, expect, it } from 'vitest';
import { explainRender } from './errors.ts';
import { keyedPlaces, movingTag } from './own-image.ts';
import type { HelmConfig } from '../../../config/model.ts';
import type { Artifact } from '../../../core/events.ts';

const config: HelmConfig = {
  ...{ kind: 'helm', chart: '/p/chart', release: 'app', values: [], set: {} },
  imageValues: { repository: 'image.repository', tag: 'image.tag' },
  otherImageValues: { jobs: { repository: 'jobs.image', tag: 'jobs.tag' } },
};

async function explained(lines: readonly string[]) {
  const words = "Error: values don't meet the specifications of the schema(s) in the following chart(s):";
  return await explainRender([words, 'app:', ...lines, ''].join('\n'), '', {
    ...{ service: 'app', chart: { reference: '/p/chart' }, values: [], root: '/p' },
    places: keyedPlaces(config),
  });
}

describe('a value of the image that a schema refuses', () => {
  it.each([
    [
      "- image.tag: Does not match pattern '^[a-z0-9]+$'",
      'image.tag',
      'deploy.helm.imageValues: {tagOnly: true}',
    ],
    ["- at '/image/tag': 'a@sha256:b' does not match pattern '^[a-z0-9]+$'", 'image.tag', '{tagOnly: true}'],
    ["- at '/image/tag': maxLength: got 80, want 63", 'image.tag', '{tagOnly: true}'],
    [
      "- at '/jobs/tag': 'a@sha256:b' does not match pattern '^[a-z0-9]+$'",
      'jobs.tag',
      'deploy.helm.otherImageValues.jobs: {repository: jobs.image, tag: jobs.tag, tagOnly: true}',
    ],
    ["- at '/image': additional properties 'a', 'tag' not allowed", 'image.tag', 'tagOnly: true'],
    [
      '- image: Additional property repository is not allowed',
      'image.repository',
      'chart/values.schema.json',
    ],
    ['- (root): Additional property jobs is not allowed', 'jobs.image', 'deploy.helm.otherImageValues.jobs'],
  ])('%s', async (line, path, hint) => {
    const error = await explained([line]);
    expect(error.message).toBe(
      `${path}, which appdev sets to name the image of app, does not fit the schema of chart chart`,
    );
    expect(error.hint).toContain(hint);
    expect(error.evidence).toContain(line);
  });

  it('is not blamed for another value', async () => {
    const error = await explained(["- at '/replicas': got string, want integer"]);
    expect(error.message).toBe('the values of app do not fit the schema of chart chart');
  });
});

describe('movingTag', () => {
  const artifact: Artifact = {
    ...{ service: 'app', repository: 'r/app', pullRepository: 'r/app', tag: 't' },
    ...{ digest: 'sha256:1', inputHash: 'i' },
  };
  const source = { kind: 'containerfile', containerfile: '/C', context: '/', buildArgs: {} } as const;
  it.each([
    ['an image of Buildah', 'buildah', artifact, false],
    ['an image of Kaniko', 'kaniko', artifact, true],
    ['an image that was built elsewhere', 'buildah', { ...artifact, inputHash: '' }, true],
    ['an image that was loaded into the nodes', 'kaniko', { ...artifact, digest: '' }, false],
  ] as const)('warns of %s: %s', (_name, builder, one, warns) => {
    const image = { repository: 'app', builder, source };
    expect(movingTag({ name: 'app', image }, one) !== undefined).toBe(warns);
  });
});
