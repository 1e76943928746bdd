/** Collects the secrets of a session, and makes the mask that removes them from all output. */
import { variablesLikeSecrets } from '../config/text/variables.ts';
import { environmentSecrets } from '../registry/login/environment.ts';
import { createMask } from '../support/mask.ts';
import type { Environment } from './environment.ts';

/** Replaces secrets in every string of a value. */
export type Mask = <T>(value: T) => T;

/** A mask to which more secrets can be added while it is in use. */
export interface SessionMask {
  readonly mask: Mask;
  /** Adds secrets. The earlier ones are still masked. */
  readonly learn: (secrets: readonly string[]) => void;
}

/**
 * The mask of a session. It hides the registry's password and the values of the project's secret variables.
 *
 * @param secrets the secrets of the project; empty if it could not be loaded
 */
export function openMask({ registry }: Environment, secrets: readonly string[]): SessionMask {
  const known = new Set([...environmentSecrets(registry.given), ...secrets]);
  let mask = createMask([...known]);
  return {
    mask: (value) => mask(value),
    learn(more) {
      if (more.every((secret) => known.has(secret))) return;
      for (const secret of more) known.add(secret);
      mask = createMask([...known]);
    },
  };
}

/** The mask if there is no project: it hides the value of every environment variable whose name looks like a secret. */
export function environmentMask({ registry, variables }: Environment): Mask {
  return createMask([...environmentSecrets(registry.given), ...variablesLikeSecrets(variables)]);
}
