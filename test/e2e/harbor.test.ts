/**
 * From a clean clone to a verified rollout through a Harbor, by one command and by four processes that hand on nothing but
 * artifacts.json: a robot pushes by HTTPS under a private authority, the scan is waited for and decides, and the pods run
 * the digests that were let through. For each builder of jars and images and each way of deploying.
 */
import { resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ArtifactsDocument } from '../../src/config/artifacts.ts';
import {
  sandboxRegistry,
  startHarborSite,
  type CloneSource,
  type HarborSite,
} from '../support/harbor-site.ts';
import { createRig, serves, type Ran, type Rig } from '../support/rig.ts';
import { pushStandInExecutor } from '../support/stand-in-executor.ts';

const springApp = resolve(import.meta.dirname, '../../fixtures/spring-app');
const letters = resolve(import.meta.dirname, '../fixtures/letters');

let site: HarborSite;
let executor: string;
beforeAll(async () => {
  site = await startHarborSite();
  executor = await pushStandInExecutor(sandboxRegistry);
});
afterAll(async () => {
  await site.stop();
});

const rigs: Rig[] = [];
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.dispose();
});

/** A machine with a clean clone, and nothing that another one left. */
function machine(source: CloneSource, env: NodeJS.ProcessEnv = {}): Rig {
  const rig = createRig({ project: site.clone(source), env: { ...site.machine(), ...env } });
  rigs.push(rig);
  return rig;
}

/** Harbor's project of one test. The registry behind outlives a test run, and Harbor knows only what came through it. */
const harborProject = (name: string): string => `${name}-${process.pid}`;

async function succeeds(ran: Promise<Ran>): Promise<Ran> {
  const done = await ran;
  expect([done.code, done.code === 0 ? '' : done.stdout + done.stderr]).toEqual([0, '']);
  return done;
}

function artifactsIn(rig: Rig): ArtifactsDocument['artifacts'] {
  return (JSON.parse(rig.read('artifacts.json')) as ArtifactsDocument).artifacts;
}

/** Harbor keeps the digests, and each pod of the service runs its own. */
function expectDeployed(
  rig: Rig,
  project: string,
  { service, digest }: ArtifactsDocument['artifacts'][number],
): void {
  const kept = site.harbor.state.find(`${project}/${service}`, `appdev-${digest.slice(7, 23)}`);
  expect(kept?.digest).toBe(digest);
  const image = `{.items[?(@.metadata.name=="${service}")].spec.template.spec.containers[*].image}`;
  expect(rig.kubectl('get', 'deployments', '-o', `jsonpath=${image}`)).toMatch(
    new RegExp(`^${sandboxRegistry}/${project}/${service}:[^ ]+@${digest}$`),
  );
}

describe('the scan', () => {
  it('decides about a clean clone, and what it lets through is deployed', async () => {
    const { harbor, robot } = site;
    harbor.state.options.findings = [
      { id: 'CVE-2026-1', package: 'zlib', version: '1.2', fix_version: '1.3', severity: 'Critical' },
    ];
    const project = harborProject('shop');
    const rig = machine({ folder: springApp, harborProject: project });
    const stopped = await rig.appdev('run', '--profile', 'prod', '--create-project', '--no-tests');
    expect([stopped.code, stopped.stdout + stopped.stderr]).toEqual([
      10,
      expect.stringContaining('CVE-2026-1: zlib 1.2, fixed in 1.3'),
    ]);
    expect(stopped.stdout + stopped.stderr).not.toContain(robot.secret);
    expect(rig.kubectl('get', 'deployments', '--ignore-not-found')).toBe('');
    expect(harbor.state.projects.get(project)?.metadata['public']).toBe('false');

    // The project's scanner sees it otherwise now; nothing is built anew.
    harbor.state.options.findings = [];
    for (const artifact of harbor.state.artifacts) artifact.scan = undefined;
    const pushed = harbor.state.artifacts.map(({ digest }) => digest);
    const run = await rig.appdev('run', '--profile', 'prod', '--no-tests', '--artifacts', 'artifacts.json');
    expect([run.code, run.stderr]).toEqual([0, '']);
    expect(harbor.state.artifacts.map(({ digest }) => digest)).toEqual(pushed);

    await succeeds(rig.appdev('verify', '--profile', 'prod', '--artifacts', 'artifacts.json'));
    const artifacts = artifactsIn(rig);
    expect(artifacts.map(({ service }) => service).sort()).toEqual(['orders', 'stock']);
    for (const artifact of artifacts) expectDeployed(rig, project, artifact);
    await serves(rig, 'orders', /prod/, '/info');

    // Again with nothing changed: no push, no new revision.
    const uploads = (): number =>
      harbor.requests.filter((line) => /^(?:POST|PATCH|PUT) \/v2\//.test(line)).length;
    const revisions = (): string => rig.kubectl('get', 'secrets', '-l', 'owner=helm', '-o', 'name');
    const before = [uploads(), revisions()];
    const again = await rig.appdev('run', '--profile', 'prod', '--no-tests');
    expect([again.code, uploads(), revisions()]).toEqual([0, ...before]);
  });
});

/** One way to build and deploy. What is not named is Maven, Buildah and Helm. */
interface Variant {
  readonly name: string;
  readonly folder?: string;
  readonly service?: string;
  readonly profiles?: readonly string[];
  /** Profiles that the project's own appdev.yaml lacks. */
  readonly text?: () => string;
  readonly builder?: string;
  readonly releases?: number;
  /** What it does as the variant `maven` does, and is tried there alone: the phases that deploy, or the second build. */
  readonly asMaven?: 'deploy' | 'build';
  /** What is asked of the service, and its answer. */
  readonly answer?: readonly [path: string, text: string];
}

const variants: readonly Variant[] = [
  { name: 'maven' },
  {
    name: 'kaniko',
    profiles: ['prod', 'kaniko'],
    text: () => `
  - name: kaniko
    overlay:
      kaniko: { image: '${executor}' }
      services: { stock: { image: { builder: kaniko } } }
`,
    builder: 'kaniko',
    asMaven: 'deploy',
  },
  {
    name: 'gradle',
    folder: letters,
    service: 'letters',
    text: () => 'profiles:\n  - name: prod\n    overlay:\n',
    releases: 0,
    answer: ['/price/40', 'A letter of 40 g costs 115 cents'],
  },
  { name: 'kustomize', profiles: ['prod', 'kustomize-prod'], releases: 0, asMaven: 'build' },
];

describe.each(variants)('one command and four processes: $name', (variant) => {
  const { name, folder = springApp, service = 'stock', profiles = ['prod'] } = variant;
  const {
    text = () => '',
    builder = 'buildah',
    releases = 1,
    answer = ['/', 'Stock is up'],
    asMaven,
  } = variant;
  const project = harborProject(name);
  const chosen = profiles.flatMap((profile) => ['--profile', profile]);
  const source = (): CloneSource => ({ folder, harborProject: project, profiles: text() });

  async function expectRollout(rig: Rig, artifact: ArtifactsDocument['artifacts'][number]): Promise<void> {
    expectDeployed(rig, project, artifact);
    expect(rig.kubectl('get', 'secrets', '-l', 'owner=helm', '-o', 'name').match(/\n/g) ?? []).toHaveLength(
      releases,
    );
    const [path, answered] = answer;
    await serves(rig, service, new RegExp(answered), path);
  }

  const handed = ['--artifacts', 'artifacts.json'];
  let made: ArtifactsDocument['artifacts'][number] | undefined;
  /** The artifacts.json that was handed on last. */
  let handedOn = '';

  it('run goes from a clean clone to a verified rollout', async () => {
    const rig = machine(source());
    await succeeds(rig.appdev('run', service, ...chosen, ...handed, '--no-tests', '--create-project'));
    const [artifact] = artifactsIn(rig);
    if (artifact === undefined) throw new Error('run handed on no artifact');
    expect(artifact).toMatchObject({ service, builder: { name: builder }, git: { dirty: false } });
    await expectRollout(rig, artifact);
    made = artifact;
    handedOn = rig.read('artifacts.json');
  });

  if (asMaven !== 'build')
    it('build comes to the same digest on a machine of its own', async () => {
      if (made === undefined) throw new Error('run handed on no artifact');
      const rig = machine(source());
      await succeeds(rig.appdev('build', service, ...chosen, ...handed, '--no-tests'));
      const [rebuilt] = artifactsIn(rig);
      expect(rebuilt).toMatchObject({ digest: made.digest, reference: made.reference });
      expect(rebuilt?.stages.map(({ stage, outcome }) => `${stage} ${outcome}`)).toContain('package ok');
      handedOn = rig.read('artifacts.json');
    });

  if (asMaven !== 'deploy')
    it('render, deploy and verify bring that digest to the pods, each on a machine of its own', async () => {
      if (made === undefined) throw new Error('run handed on no artifact');
      const next = (env: NodeJS.ProcessEnv = {}): Rig => {
        const rig = machine(source(), env);
        rig.write('artifacts.json', handedOn);
        return rig;
      };
      const first = next();
      const rendered = await succeeds(first.appdev('render', service, ...chosen, ...handed));
      expect(rendered.stdout).toContain(made.reference);
      const there = { APPDEV_NAMESPACE: first.namespace };
      await succeeds(next(there).appdev('deploy', service, ...chosen, ...handed));
      await succeeds(next(there).appdev('verify', service, ...chosen, ...handed));
      await expectRollout(first, made);
    });
});
