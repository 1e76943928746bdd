/** What no output of a command may show, and the mask that keeps it out. */
import { variablesLikeSecrets } from '../config/text/variables.ts';
import { environmentSecrets } from '../registry/login/environment.ts';
import { createMask } from '../support/mask.ts';

/** Replaces secrets in every string of a value. */
export type Mask = <T>(value: T) => T;

/** A mask that can learn more secrets while it is in use. */
export interface SessionMask {
  readonly mask: Mask;
  /** From here on these are masked too; what was, stays so. */
  readonly learn: (secrets: readonly string[]) => void;
}

/**
 * The mask of a session: the password for the registry and what the project's secret variables hold.
 *
 * @param secrets as the project names them; none where it could not be loaded.
 */
export function openMask(env: NodeJS.ProcessEnv, secrets: readonly string[]): SessionMask {
  const known = new Set([...environmentSecrets(env), ...secrets]);
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

/** The mask where no project tells which variables it uses: whatever in the environment is called like a secret. */
export function environmentMask(env: NodeJS.ProcessEnv): Mask {
  return createMask([...environmentSecrets(env), ...variablesLikeSecrets(env)]);
}
