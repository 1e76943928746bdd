/**
 * Fills in variables in the values of appdev.yaml: `${NAME}`, `${NAME:-default}`, and `$${` for a literal `${`. It works
 * on strings of the parsed tree, not on YAML text. So a value can contain anything and never changes the structure, and a
 * string stays a string.
 */
import { parseEnv } from 'node:util';
import type { Diagnostic } from '../../core/diagnostic.ts';
import { diagnosticAt } from './locate.ts';
import { mapScalars, type Origin, type ScalarNode, type Tree } from './tree.ts';

/** Environment variables by name, raw. A variable that is not set is absent or undefined. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** Matches names of variables whose values must not be shown. */
const secretName = /PASSW(OR)?D|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|(API|PRIVATE|ACCESS)_?KEY|(^|_)PASS(_|$)/i;

/** A tree with its variables filled in, and an error for each one that could not be. */
export interface Substituted {
  readonly tree: Tree;
  readonly diagnostics: readonly Diagnostic[];
  /** Values of the variables whose names look like secrets. */
  readonly secrets: readonly string[];
}

/** The value of a variable, or undefined. Inherited properties of the object do not count. */
export function variableIn(variables: Variables, name: string): string | undefined {
  return Object.hasOwn(variables, name) ? variables[name] : undefined;
}

/** The non-empty values of all variables whose names look like secrets. */
export function variablesLikeSecrets(variables: Variables): readonly string[] {
  return Object.entries(variables).flatMap(([name, value]) =>
    value !== undefined && value !== '' && secretName.test(name) ? [value] : [],
  );
}

/** Adds the variables of an `.env` text to those of the process. A variable that the process already has wins. */
export function withDotEnv(text: string, variables: Variables): Variables {
  const merged = Object.create(null) as Record<string, string | undefined>;
  for (const [name, value] of [...Object.entries(parseEnv(text)), ...Object.entries(variables)])
    merged[name] = value;
  return merged;
}

/** Fills in every variable of a tree. A variable that cannot be filled in becomes a diagnostic at its own place. */
export function substituteVariables(tree: Tree, variables: Variables): Substituted {
  const diagnostics: Diagnostic[] = [];
  const secrets = new Set<string>();
  const changed = mapScalars(tree, (scalar) => {
    if (typeof scalar.value !== 'string' || !scalar.value.includes('${')) return scalar;
    return substituteScalar(scalar, scalar.value, variables, diagnostics, secrets);
  });
  return { tree: changed, diagnostics, secrets: [...secrets] };
}

function substituteScalar(
  scalar: ScalarNode,
  template: string,
  variables: Variables,
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
      const found = variableIn(variables, name);
      if (found === undefined && fallback === undefined) {
        return complain(`the variable ${name} is not set`, `set it, or give it a default: \${${name}:-…}`);
      }
      // In a shell, `:-` also applies to a variable that is empty; the same holds here.
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

/** The place of a part of a scalar if it is on the scalar's first line; otherwise the place of the scalar. */
function placeOf(origin: Origin, part: string): Origin {
  const line = origin.source.lines[origin.line - 1] ?? '';
  const index = line.indexOf(part, origin.column - 1);
  return index < 0 ? origin : { ...origin, column: index + 1, length: part.length };
}
