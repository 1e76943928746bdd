/**
 * Variables in the values of appdev.yaml: `${NAME}`, `${NAME:-default}`, and `$${` for a literal `${`. They are put
 * into strings of the parsed tree, never into YAML text, so that a value can hold anything and change no structure;
 * what was a string stays one.
 */
import { parseEnv } from 'node:util';
import type { Diagnostic } from '../../core/diagnostic.ts';
import { diagnosticAt } from './locate.ts';
import { mapScalars, type Origin, type ScalarNode, type Tree } from './tree.ts';

/** Names and values, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What a name looks like whose value must not be shown. */
const secretName = /PASSW(OR)?D|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|(API|PRIVATE|ACCESS)_?KEY|(^|_)PASS(_|$)/i;

/** A tree with its variables filled in. */
export interface Substituted {
  readonly tree: Tree;
  readonly diagnostics: readonly Diagnostic[];
  /** Values of variables that look like secrets by their names. */
  readonly secrets: readonly string[];
}

/** The value of a variable, looked up as data: no inherited property of an object counts. */
export function variableIn(env: Environment, name: string): string | undefined {
  return Object.hasOwn(env, name) ? env[name] : undefined;
}

/** Values of an environment's variables that look like secrets by their names. */
export function variablesLikeSecrets(env: Environment): readonly string[] {
  return Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && value !== '' && secretName.test(name) ? [value] : [],
  );
}

/** `.env` below the environment: a variable that the process has wins. */
export function withDotEnv(text: string, env: Environment): Environment {
  const merged = Object.create(null) as Record<string, string | undefined>;
  for (const [name, value] of [...Object.entries(parseEnv(text)), ...Object.entries(env)])
    merged[name] = value;
  return merged;
}

/** Fills in every variable of a tree. Each one that cannot be filled in is a diagnostic at its own place. */
export function substituteVariables(tree: Tree, env: Environment): Substituted {
  const diagnostics: Diagnostic[] = [];
  const secrets = new Set<string>();
  const changed = mapScalars(tree, (scalar) => {
    if (typeof scalar.value !== 'string' || !scalar.value.includes('${')) return scalar;
    return substituteScalar(scalar, scalar.value, env, diagnostics, secrets);
  });
  return { tree: changed, diagnostics, secrets: [...secrets] };
}

function substituteScalar(
  scalar: ScalarNode,
  template: string,
  env: Environment,
  diagnostics: Diagnostic[],
  secrets: Set<string>,
): ScalarNode {
  const used: string[] = [];
  const before = diagnostics.length;
  const value = template.replaceAll(
    /\$\$\{|\$\{([^}]*)(\}?)/g,
    (whole, inner: string | undefined, end: string) => {
      if (inner === undefined) return '${';
      const complain = (message: string, hint: string): string => {
        diagnostics.push(diagnosticAt(placeOf(scalar.origin, whole), message, hint));
        return whole;
      };
      const match = /^([A-Za-z_]\w*)(?::-(.*))?$/s.exec(inner);
      if (match === null || end === '') {
        const what = end === '' ? 'has no closing }' : 'is not a variable';
        return complain(
          `"${whole}" ${what}`,
          'write ${NAME} or ${NAME:-default}; $${ stands for a literal ${',
        );
      }
      const [, name = '', fallback] = match;
      const found = variableIn(env, name);
      if (found === undefined && fallback === undefined) {
        return complain(`the variable ${name} is not set`, `set it, or give it a default: \${${name}:-…}`);
      }
      // As in a shell, `:-` counts an empty variable as one that is not set.
      const filled = fallback !== undefined && (found ?? '') === '' ? fallback : (found ?? '');
      used.push(name);
      if (secretName.test(name) && filled !== '') secrets.add(filled);
      return filled;
    },
  );
  if (diagnostics.length > before) return { ...scalar, unfilled: true };
  const secret = used.some((name) => secretName.test(name));
  return { ...scalar, value, template, ...(secret ? { secret } : {}) };
}

/** The place of a part of a scalar, when it stands on the scalar's first line; else the scalar's own place. */
function placeOf(origin: Origin, part: string): Origin {
  const line = origin.source.lines[origin.line - 1] ?? '';
  const index = line.indexOf(part, origin.column - 1);
  return index < 0 ? origin : { ...origin, column: index + 1, length: part.length };
}
