/** The last look before `helm upgrade`: refuses one that would delete volume claims, and has it leave alone what holds others' objects. */
import type { KubeObject } from '../../cluster/types.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import { claimsRefusal, keepingCommands } from '../live/claims.ts';
import { keepLive } from './keep/keep.ts';
import { lossesOfUpgrade } from './keep/losses.ts';
import type { HelmApplySettings } from './upgrade.ts';
import type { ReleaseState } from '../record/release.ts';
import type { Rendered } from '../types.ts';

/** Holds back. The value is what stays although it is no longer rendered; VOLUME_CLAIMS for claims, before anything is written. */
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
