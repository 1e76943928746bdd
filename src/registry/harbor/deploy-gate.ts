/**
 * The scan gate for images that were built earlier or on another machine: they are judged again before they are
 * deployed. If appdev.yaml asks for the scan, an image that cannot be judged is stopped. If only a project might
 * prevent the pull, enforcing that is up to Harbor: a registry that is not a Harbor, or does not tell us, stops
 * nothing.
 */
import type { ScanConfig } from '../../config/model.ts';
import type { ErrorCode } from '../../core/errors.ts';
import type { Artifact } from '../../core/events.ts';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import type { Harbor } from './harbor.ts';
import { splitRegistryName } from '../reference.ts';
import type { GateContext, ScanGate } from './scan-gate.ts';
import type { Registry } from '../types.ts';

/** Reports what the gate does, including that it could not ask. */
export interface DeployGateContext extends GateContext {
  readonly report: GateContext['report'] & {
    finished(stage: 'scan', outcome: 'skipped', detail?: string): void;
  };
}

/** Judges an image before it is deployed. Fails as the scan gate does. */
export type DeployGate = (artifact: Artifact, context: DeployGateContext) => Promise<Outcome<void>>;

/** What the gate needs. */
export interface DeployGateOptions {
  readonly registry: Pick<Registry, 'push'>;
  readonly harbor: Pick<Harbor, 'isHarbor'>;
  readonly gate: ScanGate;
  /** The same as the scan gate's. */
  readonly scan?: ScanConfig;
}

/** Answers of a Harbor that does not know this account or cannot be reached. A deploy can do without either. */
const cannotAsk: readonly ErrorCode[] = ['REGISTRY_DENIED', 'REGISTRY_UNREACHABLE'];

/** Returns the gate of one registry. */
export function createDeployGate({ registry, harbor, gate, scan }: DeployGateOptions): DeployGate {
  const { host } = splitRegistryName(registry.push);

  return async (artifact, context) => {
    const { service, repository, digest } = artifact;
    const isOurs = digest !== '' && splitRegistryName(repository).host === host;
    if (scan !== undefined) {
      if (isOurs) return await gate(artifact, context);
      const message = `${service} was stopped: its image ${repository} is not in ${host}, whose scan decides`;
      return failed('SCAN_INCOMPLETE', message, {
        hint: `push it to ${registry.push}, or remove registry.harbor.scan from appdev.yaml`,
      });
    }
    if (!isOurs) return ok(undefined);
    const isHarbor = await harbor.isHarbor(context.signal);
    if (isHarbor.kind === 'cancelled') return isHarbor;
    if (isHarbor.kind !== 'ok' || !isHarbor.value) return ok(undefined);
    const judged = await gate(artifact, context);
    if (judged.kind !== 'failed' || !cannotAsk.includes(judged.error.code)) return judged;
    context.report.finished('scan', 'skipped', judged.error.message);
    return ok(undefined);
  };
}
