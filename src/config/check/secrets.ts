/** Where a secret may not stand, because of what the value is used for. */
import type { Diagnostic } from '../../core/diagnostic.ts';
import { diagnosticAt } from '../text/locate.ts';
import { itemsAt, pathText, type Named, type Tree } from '../text/tree.ts';

/** The complaint about a value that a variable called like a secret went into; none about another. */
export function secretAt(node: Tree, message: string, hint: string): Diagnostic[] {
  return node.kind === 'scalar' && node.secret === true ? [diagnosticAt(node.origin, message, hint)] : [];
}

/** The same for a value that becomes part of a command line. `path` is how messages call it. */
export function onCommandLine(node: Tree, path: string, hint: string): Diagnostic[] {
  const message = `${path} puts a secret onto a command line, where other users of the machine see it`;
  return secretAt(node, message, hint);
}

/** Complaints about a service's arguments for its build tool, which inherits the environment and needs none there. */
export function checkJarArgs([name, { value }]: Named): Diagnostic[] {
  const hint =
    'let the build read the variable itself: `${env.NAME}` in Maven, `providers.environmentVariable` in Gradle';
  return itemsAt(value, ['jar', 'args']).flatMap((word, index) =>
    onCommandLine(word, `${pathText(['services', name, 'jar', 'args'])}[${index}]`, hint),
  );
}
