/** Finds secrets in values that other people can read, such as words of a command line. */
import type { Diagnostic } from '../../core/diagnostic.ts';
import { diagnosticAt } from '../text/locate.ts';
import { itemsAt, pathText, type Named, type Tree } from '../text/tree.ts';

/** An error if the value was filled from a variable whose name looks like a secret; otherwise none. */
export function secretAt(node: Tree, message: string, hint: string): Diagnostic[] {
  return node.kind === 'scalar' && node.secret === true ? [diagnosticAt(node.origin, message, hint)] : [];
}

/** The same check for a value that goes onto a command line. `path` is how the message names the value. */
export function onCommandLine(node: Tree, path: string, hint: string): Diagnostic[] {
  const message = `${path} puts a secret onto a command line, where other users of the machine see it`;
  return secretAt(node, message, hint);
}

/** The errors in `jar.args`. The build tool inherits the environment, so it can read a secret without an argument. */
export function checkJarArgs([name, { value }]: Named): Diagnostic[] {
  const hint =
    'let the build read the variable itself: `${env.NAME}` in Maven, `providers.environmentVariable` in Gradle';
  return itemsAt(value, ['jar', 'args']).flatMap((word, index) =>
    onCommandLine(word, `${pathText(['services', name, 'jar', 'args'])}[${index}]`, hint),
  );
}
