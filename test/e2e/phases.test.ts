/**
 * The phases one by one, each a process of its own with only artifacts.json (or the rendered manifests) between them:
 * the same digests as `run` makes, nothing done twice, and the same end after a phase was killed in the middle.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ArtifactsDocument } from '../../src/config/artifacts.ts';
import {
  createRig,
  kubectl,
  processesOf,
  serves,
  type Ran,
  type Rig,
  type RigOptions,
} from '../support/rig.ts';

const sign = 'src/main/resources/sign.txt';
const overlay = 'deploy/kustomize/overlays/dev/kustomization.yaml';
const rigs: Rig[] = [];

function makeRig(options: RigOptions = {}): Rig {
  const rig = createRig({ fixture: 'signboard', ...options });
  rigs.push(rig);
  return rig;
}

/** The project that is built; the others deploy what it hands on. */
let source: Rig;
/** Two versions of sign, built once: artifacts.json of each. */
let first: string;
let second: string;

function artifactOf(path: string): ArtifactsDocument['artifacts'][number] {
  const document = JSON.parse(readFileSync(path, 'utf8')) as ArtifactsDocument;
  const entry = document.artifacts.find(({ service }) => service === 'sign');
  if (entry === undefined) throw new Error(`${path} has no sign`);
  return entry;
}

async function succeeds(ran: Promise<Ran>): Promise<Ran> {
  const done = await ran;
  expect([done.code, done.code === 0 ? '' : done.stdout + done.stderr]).toEqual([0, '']);
  return done;
}

/** What a rollout or an upgrade would change: the release's records, and what the pods come from. */
function marksOf(rig: Rig): readonly string[] {
  return ['secrets', 'replicasets']
    .flatMap((kind) => rig.objects(kind))
    .map(({ metadata }) => `${metadata.name} ${metadata.uid}`)
    .sort();
}

function imageOf(rig: Rig): string {
  return rig.kubectl(
    ...['get', 'deployment', 'sign', '-o', 'jsonpath={.spec.template.spec.containers[0].image}'],
  );
}

async function digestInRegistry(repository: string, tag: string): Promise<string | null> {
  const accept = 'application/vnd.oci.image.manifest.v1+json';
  const slash = repository.indexOf('/');
  const url = `http://${repository.slice(0, slash)}/v2${repository.slice(slash)}/manifests/${tag}`;
  const answer = await fetch(url, { method: 'HEAD', headers: { accept } });
  return answer.headers.get('docker-content-digest');
}

beforeAll(async () => {
  source = makeRig();
  first = join(source.folder, 'first.json');
  second = join(source.folder, 'second.json');
  await succeeds(source.appdev('build', 'sign', '--no-tests', '--artifacts', first));
  source.write(sign, 'Open at night');
  // Killed in the middle of a stage, a build leaves no entry for `deploy`, not even that of the version before.
  copyFileSync(first, second);
  for (const stage of ['compile', 'push']) {
    const killed = source.start('build', 'sign', '--no-tests', '--artifacts', second);
    await killed.waitFor('stage.started', (event) => event.stage === stage);
    await killed.end('SIGKILL');
  }
  const early = await source.appdev('deploy', 'sign', '--artifacts', second);
  expect([early.code, early.stdout]).toEqual([2, expect.stringContaining('appdev build sign')]);
  await succeeds(source.appdev('build', 'sign', '--no-tests', '--artifacts', second));
  expect(artifactOf(second).digest).not.toBe(artifactOf(first).digest);
}, 240_000);

afterAll(async () => {
  for (const rig of rigs) await rig.dispose();
});

describe('artifacts.json', () => {
  it('says what was built, from what, and by what', () => {
    const { digest, reference, pullRepository, tag, ...entry } = artifactOf(second);
    expect(reference).toBe(`${pullRepository}:${tag}@${digest}`);
    expect(entry).toMatchObject({
      inputHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      jar: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
      builder: { name: 'buildah', version: expect.stringMatching(/^\d+\.\d+/) as string },
      stages: ['compile', 'package', 'image', 'push'].map((stage) => ({ stage })),
    });
  });

  it('a second build does nothing, and says so', async () => {
    const before = artifactOf(second);
    const again = await succeeds(source.appdev('build', 'sign', '--no-tests', '--artifacts', second));
    expect(again.stdout).toMatch(/^sign │ push unchanged \(unchanged, sha256:[0-9a-f]{12}\)$/m);
    expect(again.stdout).toMatch(/^✓ sign .* unchanged {3}/m);
    const { stages, ...after } = artifactOf(second);
    expect(stages.map(({ outcome }) => outcome)).toEqual(['skipped', 'skipped', 'skipped', 'skipped']);
    expect({ ...after, stages: before.stages }).toEqual(before);
  });
});

describe('Helm', () => {
  let rig: Rig;
  beforeAll(() => {
    rig = makeRig();
  });

  it('four processes deploy the digest that `run` makes of a clean clone, which does nothing the second time', async () => {
    const { digest, reference } = artifactOf(first);
    const rendered = await succeeds(rig.appdev('render', 'sign', '--artifacts', first));
    expect(rendered.stdout).toContain(reference);
    await succeeds(rig.appdev('deploy', 'sign', '--artifacts', first));
    await succeeds(rig.appdev('verify', 'sign', '--artifacts', first));
    expect(imageOf(rig)).toBe(reference);

    const clean = makeRig({ cold: true });
    const git = (...args: readonly string[]): string =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
        cwd: clean.folder,
        encoding: 'utf8',
      }).trim();
    clean.replace(
      'appdev.yaml',
      'services:',
      'tags: {template: "{gitCommit}", gitCommit: {variant: commit}}\n\nservices:',
    );
    git('init', '-q', '-b', 'main');
    git('add', '-A');
    git('commit', '-qm', 'one');
    await succeeds(clean.appdev('run', 'sign', '--no-tests'));
    const handed = join(clean.folder, '.appdev/artifacts.json');
    const commit = git('rev-parse', 'HEAD');
    const built = artifactOf(handed);
    expect(built).toMatchObject({ digest, reference, git: { commit, branch: 'main', dirty: false } });
    expect(built.tags).toEqual([commit]);
    expect(await digestInRegistry(built.repository, commit)).toBe(digest);
    expect(imageOf(clean)).toBe(reference);

    // Nothing changed but the commit: one more tag, and neither a revision nor a rollout.
    const marks = marksOf(clean);
    git('commit', '-q', '--allow-empty', '-m', 'two');
    const next = git('rev-parse', 'HEAD');
    const again = clean.start('run', 'sign', '--no-tests');
    const run = await again.waitFor('run.finished');
    expect(await again.exited).toBe(0);
    expect(run.stages.slice(0, 4).map(({ outcome }) => outcome)).toEqual(Array(4).fill('skipped'));
    expect(run.stages.find(({ stage }) => stage === 'apply')?.outcome).toBe('skipped');
    expect(marksOf(clean)).toEqual(marks);
    expect(artifactOf(handed)).toMatchObject({ digest, reference, tags: [next] });
    expect(await digestInRegistry(built.repository, next)).toBe(digest);
  });

  it('diff shows what a deploy would change, and changes nothing', async () => {
    const marks = marksOf(rig);
    const same = await rig.appdev('diff', 'sign', '--artifacts', first, '--exit-code');
    expect([same.code, same.stdout]).toEqual([0, `# sign in ${rig.namespace}: no change\n`]);

    const image = await rig.appdev('diff', 'sign', '--artifacts', second, '--exit-code');
    expect(image.code).toBe(11);
    const diff = image.stdout.split('\n').filter((line) => /^[-+]/.test(line));
    expect(diff).toEqual([
      `--- live/${rig.namespace}/Deployment/sign`,
      `+++ deploy/${rig.namespace}/Deployment/sign`,
      expect.stringContaining(`image: ${artifactOf(first).reference}`),
      expect.stringContaining(`image: ${artifactOf(second).reference}`),
    ]);
    expect(image.stdout).toContain('# release sign would become revision 2');
    const dry = await succeeds(rig.appdev('deploy', 'sign', '--artifacts', second, '--dry-run'));
    expect(dry.stdout).toBe(image.stdout);
    expect(marksOf(rig)).toEqual(marks);
  });

  it.each(['apply', 'rollout'])(
    'a deploy that is killed in %s comes to the same end the next time',
    async (stage) => {
      const [file, text] = stage === 'apply' ? [second, 'Open at night'] : [first, 'Open all day'];
      const killed = rig.start('deploy', 'sign', '--artifacts', file);
      await killed.waitFor('stage.started', (event) => event.stage === stage);
      await killed.end('SIGKILL');
      await succeeds(rig.appdev('deploy', 'sign', '--artifacts', file));
      const cut = rig.start('verify', 'sign', '--artifacts', file);
      await cut.waitFor('stage.started');
      await cut.end('SIGKILL');
      await succeeds(rig.appdev('verify', 'sign', '--artifacts', file));
      expect(imageOf(rig)).toBe(artifactOf(file).reference);
      await serves(rig, 'sign', text);
      expect(processesOf(rig)).toEqual([]);
    },
  );
});

describe('deploy --rendered', () => {
  it('refuses what was rendered before there was an image, in a project that was never built', async () => {
    const rig = makeRig({ cold: true });
    const draft = await succeeds(rig.appdev('render', 'sign'));
    expect(draft.stderr).toContain('sign has not been built yet');
    rig.write('draft.yaml', draft.stdout);
    for (const command of ['deploy', 'diff', 'verify']) {
      const refused = await rig.appdev(command, 'sign', '--rendered', 'draft.yaml');
      expect([refused.code, refused.stdout + refused.stderr]).toEqual([
        6,
        expect.stringContaining('appdev build sign, then appdev render > draft.yaml'),
      ]);
    }
    expect(rig.objects('deployments')).toEqual([]);
  });

  it('applies a chart as it was rendered, and never beside its release', async () => {
    const rig = makeRig();
    const { stdout } = await succeeds(rig.appdev('render', 'sign', '--artifacts', first));
    rig.write('rendered.yaml', stdout);
    // Whatever the chart says by now: the bytes count.
    rmSync(join(rig.folder, 'deploy/chart/templates'), { recursive: true });
    await succeeds(rig.appdev('deploy', '--rendered', 'rendered.yaml'));
    expect(imageOf(rig)).toBe(artifactOf(first).reference);
    expect(rig.objects('secrets')).toEqual([]);
    await succeeds(rig.appdev('verify', 'sign', '--rendered', 'rendered.yaml', '--artifacts', first));
    const again = rig.start('deploy', '--rendered', 'rendered.yaml');
    const run = await again.waitFor('run.finished');
    expect(run.stages).toMatchObject([
      { stage: 'render', outcome: 'skipped' },
      { stage: 'apply', outcome: 'skipped' },
      { stage: 'rollout', outcome: 'ok' },
    ]);

    // A release over it, and it beside a release, are refused before anything is written.
    const clone = makeRig();
    const over = await clone.appdev('deploy', 'sign', '--artifacts', first, '-n', rig.namespace);
    expect([over.code, over.stdout]).toEqual([9, expect.stringContaining('DEPLOYED_OTHERWISE')]);
    const [released] = rigs.filter(({ namespace }) => namespace !== rig.namespace && hasRelease(namespace));
    const text = stdout.replaceAll(`namespace ${rig.namespace}`, `namespace ${released?.namespace ?? ''}`);
    rig.write('beside.yaml', text);
    const beside = await rig.appdev('deploy', '--rendered', 'beside.yaml', '-n', released?.namespace ?? '');
    expect([beside.code, beside.stdout]).toEqual([9, expect.stringContaining('Helm release sign')]);
    const moved = await rig.appdev('deploy', '--rendered', 'beside.yaml');
    expect([moved.code, moved.stdout]).toEqual([2, expect.stringContaining('was rendered for sign in')]);

    await succeeds(rig.appdev('delete', 'sign'));
    expect(rig.kubectl('get', 'deployments,services,configmaps', '-o', 'name').trim()).toMatch(
      /^(configmap\/kube-root-ca\.crt)?$/,
    );
  });
});

function hasRelease(namespace: string): boolean {
  return kubectl(['-n', namespace, 'get', 'secrets', '-l', 'owner=helm,name=sign', '-o', 'name']) !== '';
}

describe('Kustomize', () => {
  it('four processes deploy the same digest; diff shows fields, masks secrets, and what would be pruned', async () => {
    const rig = makeRig();
    const kustomize = ['-p', 'kustomize', '--artifacts', first] as const;
    rig.write(
      overlay,
      `${rig.read(overlay)}\nsecretGenerator:\n  - name: token\n    literals: [password=hunter22]\n`,
    );
    const { stdout } = await succeeds(rig.appdev('render', 'sign', ...kustomize));
    expect(stdout).toContain(artifactOf(first).reference);

    const before = await rig.appdev('diff', 'sign', ...kustomize, '--exit-code');
    expect([before.code, before.stdout]).toEqual([11, expect.stringContaining('namespace')]);
    expect(before.stdout).toContain('--- /dev/null');
    expect(before.stdout).not.toMatch(/hunter22|aHVudGVyMjI/);

    const killed = rig.start('deploy', 'sign', ...kustomize);
    await killed.waitFor('stage.started', (event) => event.stage === 'apply');
    await killed.end('SIGKILL');
    await succeeds(rig.appdev('deploy', 'sign', ...kustomize));
    await succeeds(rig.appdev('verify', 'sign', ...kustomize));
    expect(imageOf(rig)).toBe(artifactOf(first).reference);
    const same = await rig.appdev('diff', 'sign', ...kustomize, '--exit-code');
    expect([same.code, same.stdout]).toEqual([0, `# sign in ${rig.namespace}: no change\n`]);

    // What was changed by hand is shown, and set back only when that is asked for.
    const replicas = ['get', 'deployment', 'sign', '-o', 'jsonpath={.spec.replicas}'] as const;
    rig.kubectl('scale', 'deployment', 'sign', '--replicas=2');
    const scaled = await rig.appdev('diff', 'sign', ...kustomize, '--exit-code');
    expect(scaled.code).toBe(11);
    expect(scaled.stdout).toMatch(/^- {2}replicas: 2\n\+ {2}replicas: 1$/m);
    expect(scaled.stdout).toContain(
      '# Deployment/sign: kubectl changed .spec.replicas to 2 (would be set back to 1); without --force-conflicts, deploy refuses to do that\n',
    );
    const refused = await rig.appdev('deploy', 'sign', ...kustomize);
    expect(refused.code).toBe(7);
    expect(refused.stdout).toContain('add --force-conflicts to set it back');
    expect(rig.kubectl(...replicas)).toBe('2');
    const forced = await succeeds(rig.appdev('deploy', 'sign', ...kustomize, '--force-conflicts'));
    expect(forced.stdout).toContain('kubectl changed .spec.replicas to 2 (set back to 1)');
    expect(rig.kubectl(...replicas)).toBe('1');

    rig.replace(overlay, 'password=hunter22', 'password=hunter23');
    rig.replace('deploy/kustomize/base/deployment.yaml', 'replicas: 1', 'replicas: 2');
    const changed = await rig.appdev('diff', 'sign', ...kustomize, '--exit-code');
    expect(changed.code).toBe(11);
    expect(changed.stdout).toMatch(/^- {2}replicas: 1\n\+ {2}replicas: 2$/m);
    // The generator names a Secret by its content: one comes, the other goes.
    expect(changed.stdout).toMatch(/^\+\+\+ deploy\/.*\/Secret\/token-/m);
    expect(changed.stdout).toMatch(/^--- live\/.*\/Secret\/token-/m);
    expect(changed.stdout).not.toMatch(/hunter2|aHVudGVyMj/);
    expect(rig.kubectl(...replicas)).toBe('1');
  });
});

describe('--images', () => {
  it('deploys an image that was built elsewhere by the digest that its tag has now', async () => {
    const rig = makeRig();
    const { repository, tag, digest, reference } = artifactOf(second);
    const rendered = await succeeds(rig.appdev('render', 'sign', '--images', `sign=${repository}:${tag}`));
    expect(rendered.stdout).toContain(reference);
    expect(rendered.stderr).toContain(`${repository}:${tag} is now ${digest}; appdev uses this digest`);
    const absent = await rig.appdev('render', 'sign', '--images', `sign=${repository}:no-such-tag`);
    expect([absent.code, absent.stderr]).toEqual([5, expect.stringContaining('has no')]);
    const wrong = await rig.appdev('render', 'sign', '--images', `sgn=${repository}:${tag}`);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('did you mean: sign')]);
    // Nothing of it is built: there are no sources.
    rmSync(join(rig.folder, 'src'), { recursive: true });
    writeFileSync(join(rig.folder, 'pom.xml'), '<project/>');
    const ran = await succeeds(rig.appdev('run', 'sign', '--images', `sign=${repository}@${digest}`));
    expect(ran.stdout).not.toContain('compile');
    expect(imageOf(rig)).toMatch(new RegExp(`@${digest}$`));
    await serves(rig, 'sign', 'Open at night');
  });
});
