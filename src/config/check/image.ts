/** Rules between the values of one image: it has one source, and every key belongs to the builder that is chosen. */
import type { Diagnostic } from '../../core/diagnostic.ts';
import { diagnosticAt } from '../text/locate.ts';
import { steersBuilder } from '../schema/build-arg-names.ts';
import { onCommandLine, secretAt } from './secrets.ts';
import {
  entriesAt,
  entryAt,
  itemsAt,
  pathText,
  stringAt,
  treeAt,
  type Entry,
  type Named,
} from '../text/tree.ts';

/** The errors in a service's `image`, each at the key that causes it. */
export function checkImage([name, { value }]: Named): Diagnostic[] {
  const image = entryAt(value, ['image']);
  if (image?.value.kind !== 'map') return [];
  const at = pathText(['services', name, 'image']);
  const { entries } = image.value;
  const base = entries.get('base');
  const containerfile = entries.get('containerfile');
  if (stringAt(image.value, ['builder'])?.value === 'command') return checkCommand(at, image);
  const command = entries.get('command');
  // A named builder means that a profile switched on purpose; the command is then kept for when the profile is off.
  if (command !== undefined && !entries.has('builder')) {
    const message = `${at}.command would never run, because the builder is buildah`;
    return [diagnosticAt(command.key, message, 'add `builder: command`')];
  }
  if (base !== undefined && containerfile !== undefined) {
    const hint = 'remove base, or remove containerfile to build layers on base';
    return [
      diagnosticAt(
        base.key,
        `${at} has both base and containerfile, but a Containerfile names its own base`,
        hint,
      ),
    ];
  }
  if (containerfile !== undefined) return checkBuildArgs(at, image);
  const found = ['context', 'buildArgs'].flatMap((key) => {
    const entry = entries.get(key);
    const hint = `add containerfile, or remove ${key}`;
    return entry === undefined ? [] : [diagnosticAt(entry.key, `${at}.${key} needs a containerfile`, hint)];
  });
  if (treeAt(value, ['jar']) === undefined) {
    const message = `services.${name} has an image, but no jar and no containerfile to make it from`;
    found.push(diagnosticAt(image.key, message, `add \`jar: {}\` to ${name}, or image.containerfile`));
  }
  return found;
}

/**
 * Buildah gets build arguments through its environment. An argument whose name is a setting of Buildah must go onto the
 * command line instead, so it must not hold a secret.
 */
function checkBuildArgs(at: string, { value }: Entry): Diagnostic[] {
  const builder = stringAt(value, ['builder'])?.value;
  return entriesAt(value, ['buildArgs']).flatMap(([name, { value: node }]) => {
    const path = `${at}.buildArgs.${name}`;
    if (builder === 'kaniko') {
      const hint = 'use another builder, or change the Containerfile so that it does not need the secret';
      return secretAt(
        node,
        `${path} puts a secret into the build pod, where everyone who may read pods sees it`,
        hint,
      );
    }
    return steersBuilder(name)
      ? onCommandLine(node, path, 'rename the argument: Buildah has a setting of the same name')
      : [];
  });
}

/** Reports keys that only other builders read, a missing command, and secrets on its command line. */
function checkCommand(at: string, image: Entry): Diagnostic[] {
  const { value } = image;
  const found = ['base', 'buildArgs'].flatMap((key) => {
    const entry = entryAt(value, [key]);
    const message = `${at}.${key} has no effect on the builder command`;
    const hint = `remove it, and pass the value in ${at}.command.env`;
    return entry === undefined ? [] : [diagnosticAt(entry.key, message, hint)];
  });
  if (entryAt(value, ['command']) === undefined) {
    const builder = entryAt(value, ['builder']);
    const hint = 'add `command: {run: [./build-image.sh]}`';
    found.push(
      diagnosticAt((builder ?? image).key, `${at} has the builder command, but no command to run`, hint),
    );
  }
  const run = entryAt(value, ['command', 'run']);
  const program = stringAt(value, ['command', 'run', 0])?.value;
  if (run?.value.kind === 'list' && (run.value.items.length === 0 || program === '')) {
    const message = `${at}.command.run does not name a program`;
    found.push(diagnosticAt(run.key, message, 'write the program first, then its arguments'));
  }
  for (const [index, word] of itemsAt(value, ['command', 'run']).entries()) {
    found.push(...onCommandLine(word, `${at}.command.run[${index}]`, `pass it in ${at}.command.env`));
  }
  return found;
}
