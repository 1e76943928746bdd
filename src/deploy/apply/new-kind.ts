/** Waits for a kind that a CustomResourceDefinition has just brought. */
import { queryFor, refOf, type Cluster, type KubeObject } from '../../cluster/types.ts';
import { cancelled, failed, ok, type Outcome } from '../../core/outcome.ts';
import { onAbort, limitedAbort } from '../../support/abort.ts';
import { systemClock } from '../../support/clock.ts';
import { fieldAt, listAt, stringAt } from '../../support/fields.ts';
import { observe } from '../live/observe.ts';
import { nameOf } from '../objects/kinds.ts';

/** How long the API server may take to serve a new kind, in milliseconds. */
const kindLimitMs = 30_000;

/**
 * How often the API server is asked whether it lists the kind, in milliseconds. It lists a kind only some time after the
 * definition is established, and nothing can be watched for that.
 */
const askAgainMs = 100;

/** Resolves to the definition when the API server serves its kind. Fails with DEPLOY_FAILED after 30 seconds. */
export async function untilServed(
  definition: KubeObject,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<KubeObject>> {
  const limit = limitedAbort(signal, kindLimitMs);
  const served = await isServed(definition, cluster, limit.signal);
  limit.abort();
  limit.unlink();
  if (signal.aborted) return cancelled(signal);
  if (served.kind === 'failed') return served;
  if (served.kind === 'ok' && served.value) return ok(definition);
  return failed('DEPLOY_FAILED', `${nameOf(definition)} is not served after ${kindLimitMs / 1000} s`, {
    hint: `kubectl describe crd ${definition.metadata.name}`,
  });
}

/** False if the signal aborted before. */
async function isServed(
  definition: KubeObject,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<boolean>> {
  const established = await new Promise<boolean>((resolve) => {
    onAbort(signal, () => resolve(false));
    const onChange = ({ definitions }: { readonly definitions: readonly KubeObject[] }): void => {
      if (definitions.some(isEstablished)) resolve(true);
    };
    observe(cluster, { definitions: queryFor(refOf(definition)) }, { onChange }, signal);
  });
  if (!established) return ok(false);
  for (const kind of kindsOf(definition)) {
    for (;;) {
      const listed = await cluster.serves(kind, signal);
      if (listed.kind !== 'ok') return listed;
      if (listed.value) break;
      await systemClock.sleep(askAgainMs, signal);
      if (signal.aborted) return ok(false);
    }
  }
  return ok(true);
}

function isEstablished(definition: KubeObject): boolean {
  return listAt(definition, 'status', 'conditions').some(
    (one) => stringAt(one, 'type') === 'Established' && stringAt(one, 'status') === 'True',
  );
}

/** The kind in each version that is served. */
function kindsOf(definition: KubeObject): { readonly apiVersion: string; readonly kind: string }[] {
  const group = stringAt(definition, 'spec', 'group') ?? '';
  const kind = stringAt(definition, 'spec', 'names', 'kind') ?? '';
  return listAt(definition, 'spec', 'versions')
    .filter((version) => fieldAt(version, 'served') === true)
    .map((version) => ({ apiVersion: `${group}/${stringAt(version, 'name') ?? ''}`, kind }));
}
