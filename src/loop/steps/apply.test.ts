import { expect, it } from 'vitest';
import type { KubeObject } from '../../cluster/types.ts';
import { ok } from '../../core/outcome.ts';
import type { Applied, Rendered } from '../../deploy/types.ts';
import { deployedService } from '../../../test/support/deploy-service.ts';
import { recordingContext } from '../../../test/support/recording-context.ts';
import type { Member, RunState } from '../work/member.ts';
import { applyStep } from './apply.ts';

const job = (name: string): KubeObject => ({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name } });

/** The state after the stage, if the way says `applied`. */
async function stateAfter(applied: Applied): Promise<RunState> {
  const rendered: Rendered = {
    ...{ service: 'web', namespace: 'shop', yaml: '', hash: 'h' },
    objects: [job('migrate-1')],
  };
  const step = applyStep({ way: { apply: () => Promise.resolve(ok(applied)) } });
  if (step.scope !== 'service') throw new Error('an apply belongs to one service');
  const member = { service: deployedService('/p', {}), force: false, ...recordingContext() };
  const result = await step.run(member as unknown as Member, { rendered } as unknown as RunState);
  if (result.kind !== 'ok') throw new Error(JSON.stringify(result));
  return result.value;
}

it('hands on what a release consists of, because a chart renders to something else each time', async () => {
  const after = await stateAfter({ changed: true, detail: 'revision 2', recorded: [job('migrate-2')] });
  expect(after.rendered).toMatchObject({ recorded: true, objects: [{ metadata: { name: 'migrate-2' } }] });
});

it('hands on what was rendered if that is what was applied', async () => {
  const after = await stateAfter({ changed: true, detail: '1 object changed' });
  expect(after.rendered?.objects).toEqual([job('migrate-1')]);
  expect(after.rendered?.recorded).toBeUndefined();
});
