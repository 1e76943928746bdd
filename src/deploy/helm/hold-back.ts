/**
 * The last check before `helm upgrade`: refuses an upgrade that would delete volume claims, and makes it leave objects
 * alone that hold other people's objects.
 */
import type { KubeObject } from '../../cluster/types.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import { claimsRefusal, keepingCommands } from '../live/claims.ts';
import { keepLive } from './keep/keep.ts';
import { lossesOfUpgrade } from './keep/losses.ts';
import type { HelmApplySettings } from './upgrade.ts';
import type { ReleaseState } from '../record/release.ts';
import type { Rendered } from '../types.ts';

/**
 * Checks an upgrade before anything is written. The value lists the objects that stay although they are no longer
 * rendered. Fails with VOLUME_CLAIMS if claims would be deleted.
 */
export async function holdBack(
  state: ReleaseState,
  rendered: Rendered,
  { cluster, terms }: Pick<HelmApplySettings, 'cluster' | 'terms'>,
  signal: AbortSignal,
): Promise<Outcome<readonly KubeObject[]>> {
  const losses = await lossesOfUpgrade(state, rendered, cluster, signal);
  if (losses.kind !== 'ok') return losses;
  const { claims, holders } = losses.value;
  if (claims.length > 0 && !terms.deleteVolumes) {
    const keep = keepingCommands(claims, cluster.identity.context);
    return claimsRefusal(`deploying ${rendered.service}`, claims, keep, terms.allowVolumes);
  }
  const kept = await keepLive(holders, cluster, signal);
  return kept.kind === 'ok' ? ok(holders) : kept;
}
