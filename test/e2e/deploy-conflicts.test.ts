/**
 * What others change of our own objects by hand, on a real cluster: the same is said and done for plain manifests and for
 * releases of Helm 3 and 4.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ServiceConfig } from '../../src/config/model.ts';
import type { Applied } from '../../src/deploy/types.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import {
  createDeployRig,
  type DeployerOptions,
  type DeployRig,
  type TestDeployer,
} from '../support/deploy-rig.ts';
import { recordedContext, valueOf } from '../support/deploy-service.ts';
import { eventually } from '../support/rig.ts';

const image = '.spec.template.spec.containers[name="app"].image';
const otherImage = 'localhost:5001/appdev/other:1';

let rig: DeployRig;
beforeEach(async () => {
  rig = await createDeployRig();
});
afterEach(async () => {
  await rig.dispose();
});

interface Tried {
  readonly applied: Outcome<Applied>;
  readonly warnings: readonly string[];
}

async function apply(deployer: TestDeployer, service: ServiceConfig, tag: string): Promise<Tried> {
  const context = recordedContext();
  const rendered = valueOf(await deployer.render(service, rig.artifact(tag), context));
  return { applied: await deployer.apply(service, rendered, context), warnings: context.warnings };
}

async function preview(deployer: TestDeployer, service: ServiceConfig, tag: string) {
  const { signal, ...context } = recordedContext();
  const rendered = valueOf(await deployer.render(service, rig.artifact(tag), { signal, ...context }));
  return valueOf(await deployer.preview(service, rendered, signal));
}

function live(path: string): string {
  return rig.kubectl('get', 'deployment', 'web', '-o', `jsonpath={${path}}`);
}

const replicas = (): string => live('.spec.replicas');

function scale(count: number): void {
  rig.kubectl('scale', 'deployment', 'web', `--replicas=${count}`);
}

describe.each(['manifests', 'helm3', 'helm4'])('%s', (way) => {
  const options: DeployerOptions = way === 'manifests' ? {} : { tools: { helm: way } };
  /** As `run` and `deploy` make it, and as `dev` does. */
  const once = (): TestDeployer => rig.deployer(options);
  const dev = (): TestDeployer => rig.deployer({ ...options, forceConflicts: true });

  function service(): ServiceConfig {
    if (way !== 'manifests') return rig.service({});
    rig.write(
      'web.yaml',
      `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: app, image: appdev/java, command: [sleep, "100000"]}]}
`,
    );
    return rig.service({ files: ['web.yaml'] });
  }

  function revisions(): string {
    return rig.kubectl('get', 'secrets', '-l', 'owner=helm', '-o', 'name');
  }

  it('sets back what was changed by hand, with a warning that says who changed what', async () => {
    const web = service();
    valueOf((await apply(dev(), web, 'v1')).applied);
    const ours = live('.spec.template.spec.containers[0].image');

    scale(3);
    const again = await apply(dev(), web, 'v1');
    expect(again.warnings).toEqual(['Deployment/web: kubectl changed .spec.replicas to 3 (set back to 1)']);
    expect(replicas()).toBe('1');
    expect((await apply(dev(), web, 'v1')).applied).toMatchObject({ value: { changed: false } });

    // The API server does not say who scales to zero.
    scale(0);
    const fromZero = await apply(dev(), web, 'v2');
    expect(fromZero.warnings).toEqual([
      'Deployment/web: someone changed .spec.replicas to 0 (set back to 1)',
    ]);
    expect(replicas()).toBe('1');

    rig.kubectl('set', 'image', 'deployment/web', `app=${otherImage}`);
    const reset = await apply(dev(), web, 'v3');
    const third = `${ours.replace(':v1@', ':v3@').slice(0, 60)}…`;
    expect(reset.warnings).toEqual([
      `Deployment/web: kubectl-set changed ${image} to ${otherImage} (set back to ${third})`,
    ]);
    expect(live('.spec.template.spec.containers[0].image')).toBe(ours.replace(':v1@', ':v3@'));

    await eventually('the third image to be a revision', () =>
      rig.kubectl('rollout', 'history', 'deployment/web').trim().split('\n').length > 3 ? true : undefined,
    );
    rig.kubectl('rollout', 'undo', 'deployment/web', '--to-revision=1');
    expect(live('.spec.template.spec.containers[0].image')).toBe(ours);
    const redone = await apply(dev(), web, 'v3');
    expect(redone.warnings).toHaveLength(1);
    expect(redone.warnings[0]).toContain(`Deployment/web: kubectl changed ${image} to `);
    expect(live('.spec.template.spec.containers[0].image')).toBe(ours.replace(':v1@', ':v3@'));
  });

  it('refuses that without being told, writes nothing, and shows it in a preview', async () => {
    const web = service();
    valueOf((await apply(once(), web, 'v1')).applied);
    scale(2);
    const before = revisions();
    const refused = await apply(once(), web, 'v2');
    expect(refused.applied).toMatchObject({
      error: {
        code: 'DEPLOY_FAILED',
        message: 'Deployment/web: kubectl changed .spec.replicas to 2 (not 1); nothing was applied',
        hint: expect.stringMatching(/^add --force-conflicts to set it back/) as string,
      },
    });
    expect([replicas(), revisions()]).toEqual(['2', before]);
    expect(live('.spec.template.spec.containers[0].image')).toContain(':v1@');

    const shown = await preview(once(), web, 'v1');
    expect(shown.changes).toMatchObject([
      {
        object: 'Deployment/web',
        change: 'change',
        before: expect.stringContaining('  replicas: 2\n') as string,
        after: expect.stringContaining('  replicas: 1\n') as string,
      },
    ]);
    expect(shown.notes).toContain(
      'Deployment/web: kubectl changed .spec.replicas to 2 (would be set back to 1); without --force-conflicts, deploy refuses to do that',
    );
    expect((await preview(dev(), web, 'v1')).notes).toContain(
      'Deployment/web: kubectl changed .spec.replicas to 2 (would be set back to 1)',
    );
    // What the hint says works.
    valueOf((await apply(dev(), web, 'v2')).applied);
    expect(replicas()).toBe('1');
    expect((await apply(once(), web, 'v2')).applied).toMatchObject({ value: { changed: false } });
  });

  it('leaves the replicas to an autoscaler, and takes back the rest', async () => {
    const web = service();
    valueOf((await apply(once(), web, 'v1')).applied);
    rig.kubectl('autoscale', 'deployment', 'web', '--min=1', '--max=5', '--cpu-percent=50');
    scale(3);
    const saved = await apply(once(), web, 'v2');
    expect(saved).toMatchObject({ applied: { value: { changed: true } }, warnings: [] });
    expect(replicas()).toBe('3');
    expect(live('.spec.template.spec.containers[0].image')).toContain(':v2@');
    scale(4);
    expect((await apply(once(), web, 'v2')).applied).toMatchObject({ value: { changed: false } });
    expect((await preview(once(), web, 'v2')).changes).toEqual([]);

    rig.kubectl('set', 'image', 'deployment/web', `app=${otherImage}`);
    const reset = await apply(dev(), web, 'v2');
    expect(reset.warnings).toHaveLength(1);
    expect(reset.warnings[0]).toContain(`kubectl-set changed ${image} to `);
    expect(replicas()).toBe('4');

    // Without it, what the manifest says counts again.
    rig.kubectl('delete', 'hpa', 'web');
    expect((await apply(dev(), web, 'v2')).warnings).toEqual([
      'Deployment/web: kubectl changed .spec.replicas to 4 (set back to 1)',
    ]);
    expect(replicas()).toBe('1');
  });
});

describe('Helm 4', () => {
  const helm4 = { tools: { helm: 'helm4' } };

  it('leaves alone what the autoscaler itself has made, if the chart says otherwise', async () => {
    const web = rig.service({});
    valueOf((await apply(rig.deployer(helm4), web, 'v1')).applied);
    rig.kubectl('autoscale', 'deployment', 'web', '--min=2', '--max=5', '--cpu-percent=50');
    await eventually('the autoscaler to act', () => (replicas() === '2' ? true : undefined));
    valueOf((await apply(rig.deployer(helm4), web, 'v2')).applied);
    expect(replicas()).toBe('2');
    expect(live('.spec.template.spec.containers[0].image')).toContain(':v2@');
  });

  it('sets back what was changed of a release that Helm 3 made', async () => {
    const web = rig.service({});
    valueOf((await apply(rig.deployer({ tools: { helm: 'helm3' } }), web, 'v1')).applied);
    scale(2);
    const saved = await apply(rig.deployer({ ...helm4, forceConflicts: true }), web, 'v2');
    expect(saved.warnings).toEqual(['Deployment/web: kubectl changed .spec.replicas to 2 (set back to 1)']);
    expect(replicas()).toBe('1');
  });
});
