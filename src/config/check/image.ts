/** What must be true between the values of one image: one source that it is made from, and one builder that all is meant for. */
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

/** Complaints about a service's image. */
export function checkImage([name, { value }]: Named): Diagnostic[] {
  const image = entryAt(value, ['image']);
  if (image?.value.kind !== 'map') return [];
  const at = pathText(['services', name, 'image']);
  const { entries } = image.value;
  const base = entries.get('base');
  const containerfile = entries.get('containerfile');
  if (stringAt(image.value, ['builder'])?.value === 'command') return checkCommand(at, image);
  const command = entries.get('command');
  // Where another builder is named, a profile has switched, and the command waits for the way back.
  if (command !== undefined && !entries.has('builder')) {
    const message = `${at}.command is not run: the builder is buildah`;
    return [diagnosticAt(command.key, message, 'add `builder: command`')];
  }
  if (base !== undefined && containerfile !== undefined) {
    const hint = 'keep containerfile, or base for layers without one';
    return [
      diagnosticAt(
        base.key,
        `${at} has both base and containerfile; the Containerfile names its own base`,
        hint,
      ),
    ];
  }
  if (containerfile !== undefined) return checkBuildArgs(at, image);
  const found = ['context', 'buildArgs'].flatMap((key) => {
    const entry = entries.get(key);
    const hint = 'add containerfile, or remove it';
    return entry === undefined ? [] : [diagnosticAt(entry.key, `${at}.${key} needs a containerfile`, hint)];
  });
  if (treeAt(value, ['jar']) === undefined) {
    const message = `services.${name} has an image, but neither a jar nor a containerfile to make it from`;
    found.push(diagnosticAt(image.key, message, `add \`jar: {}\` to ${name}, or image.containerfile`));
  }
  return found;
}

/** A build argument is handed over by Buildah's environment, unless its name means something to Buildah there. */
function checkBuildArgs(at: string, { value }: Entry): Diagnostic[] {
  const builder = stringAt(value, ['builder'])?.value;
  return entriesAt(value, ['buildArgs']).flatMap(([name, { value: node }]) => {
    const path = `${at}.buildArgs.${name}`;
    if (builder === 'kaniko') {
      const hint = 'use another builder, or have the Containerfile do without it';
      return secretAt(
        node,
        `${path} puts a secret into the build pod, where all who may read pods see it`,
        hint,
      );
    }
    return steersBuilder(name)
      ? onCommandLine(node, path, 'give the argument a name that is no setting of Buildah')
      : [];
  });
}

/** What belongs to another builder is not passed over in silence, and nothing secret goes onto a command line. */
function checkCommand(at: string, image: Entry): Diagnostic[] {
  const { value } = image;
  const found = ['base', 'buildArgs'].flatMap((key) => {
    const entry = entryAt(value, [key]);
    const message = `${at}.${key} means nothing to a command`;
    const hint = `remove it, and hand it to the command by ${at}.command.env`;
    return entry === undefined ? [] : [diagnosticAt(entry.key, message, hint)];
  });
  if (entryAt(value, ['command']) === undefined) {
    const builder = entryAt(value, ['builder']);
    const hint = 'add `command: {run: [./build-image.sh]}`';
    found.push(diagnosticAt((builder ?? image).key, `${at} names no command to build it by`, hint));
  }
  const run = entryAt(value, ['command', 'run']);
  const program = stringAt(value, ['command', 'run', 0])?.value;
  if (run?.value.kind === 'list' && (run.value.items.length === 0 || program === '')) {
    const message = `${at}.command.run names no program`;
    found.push(diagnosticAt(run.key, message, 'write it first, then its arguments'));
  }
  for (const [index, word] of itemsAt(value, ['command', 'run']).entries()) {
    found.push(...onCommandLine(word, `${at}.command.run[${index}]`, `hand it over by ${at}.command.env`));
  }
  return found;
}
