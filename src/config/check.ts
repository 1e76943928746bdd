/**
 * What must be true between several values of appdev.yaml: one way to deploy, one source of an image, `needs` without
 * circles, ports and releases of one service only. Reads the tree leniently: a value of the wrong type is the
 * schema's business and is passed over here, so that all errors of a file appear together.
 */
import type { Diagnostic } from '../diagnostic.ts';
import { checkOtherImages } from './check-other-images.ts';
import { forwardPorts, maxReleaseName } from './grammar.ts';
import { diagnosticAt, placeText } from './locate.ts';
import { nearest } from './nearest.ts';
import {
  entriesAt,
  entryAt,
  itemsAt,
  pathText,
  stringAt,
  treeAt,
  type Entry,
  type Origin,
  type Tree,
} from './tree.ts';

type Named = readonly [string, Entry];

/** Complaints about the project after profiles and variables. */
export function checkProject(tree: Tree): Diagnostic[] {
  const services = entriesAt(tree, ['services']);
  return [
    ...(services.length === 0 ? noServices(tree) : []),
    ...services.flatMap((service) => [
      ...checkDeploy(service),
      ...checkImage(service),
      ...checkNumbers(service),
    ]),
    ...checkNeeds(services),
    ...checkForwards(services),
    ...checkReleases(tree, services),
    ...checkOtherImages(services),
    ...checkCopy(tree),
  ];
}

/** Complaints about `profiles` as they are written, active or not. */
export function checkProfiles(file: Tree): Diagnostic[] {
  const names = new Map<string, Origin>();
  return itemsAt(file, ['profiles']).flatMap((profile) => {
    const found: Diagnostic[] = [];
    const name = stringAt(profile, ['name']);
    const first = name === undefined ? undefined : names.get(name.value);
    if (name !== undefined && first !== undefined) {
      const message = `a second profile "${name.value}"; the first is at ${placeText(first)}`;
      found.push(diagnosticAt(name.origin, message, 'give it another name'));
    } else if (name !== undefined) names.set(name.value, name.origin);
    for (const entry of itemsAt(profile, ['activation'])) {
      if (entry.kind !== 'map' || entry.entries.size > 0) continue;
      found.push(
        diagnosticAt(entry.origin, 'an activation without a condition', 'add env, kubeContext or command'),
      );
    }
    for (const patch of itemsAt(profile, ['patches'])) found.push(...checkPatch(patch));
    return found;
  });
}

function checkPatch(patch: Tree): Diagnostic[] {
  const op = stringAt(patch, ['op'])?.value ?? 'replace';
  const needed = op === 'move' || op === 'copy' ? 'from' : op === 'remove' ? undefined : 'value';
  if (patch.kind !== 'map' || needed === undefined || patch.entries.has(needed)) return [];
  return [diagnosticAt(patch.origin, `a patch "${op}" without \`${needed}\``, `add \`${needed}\``)];
}

function noServices(tree: Tree): Diagnostic[] {
  const entry = entryAt(tree, ['services']);
  return entry?.value.kind === 'map'
    ? [diagnosticAt(entry.key, 'services is empty', 'add a service: its name, and below it how to deploy it')]
    : [];
}

const ways = ['helm', 'kustomize', 'manifests'];

function checkDeploy([name, { value }]: Named): Diagnostic[] {
  const entry = entryAt(value, ['deploy']);
  if (entry?.value.kind !== 'map') return [];
  const at = pathText(['services', name, 'deploy']);
  const chosen = [...entry.value.entries].filter(([key]) => ways.includes(key));
  const [, second] = chosen;
  const hint = 'keep exactly one of helm, kustomize and manifests';
  if (chosen.length === 0)
    return [diagnosticAt(entry.key, `${at} does not say how to deploy`, hint.replace('keep', 'add'))];
  if (second !== undefined) {
    const names = chosen.map(([key]) => key).join(' and ');
    return [diagnosticAt(second[1].key, `${at} has ${names}; a service is deployed in one way`, hint)];
  }
  const manifests = entryAt(entry.value, ['manifests']);
  return manifests?.value.kind === 'list' && manifests.value.items.length === 0
    ? [diagnosticAt(manifests.key, `${at}.manifests is empty`, 'name the files, e.g. [deploy/*.yaml]')]
    : [];
}

function checkImage([name, { value }]: Named): Diagnostic[] {
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
  if (containerfile !== undefined) return [];
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
    if (word.kind !== 'scalar' || word.secret !== true) continue;
    const message = `${at}.command.run[${index}] puts a secret onto a command line, where other users of the machine see it`;
    const hint = `hand it over by ${at}.command.env`;
    found.push(diagnosticAt(word.origin, message, hint));
  }
  return found;
}

/** `registry.copy` needs two registries. */
function checkCopy(tree: Tree): Diagnostic[] {
  const copy = entryAt(tree, ['registry', 'copy']);
  const push = stringAt(tree, ['registry', 'push'])?.value;
  const pull = stringAt(tree, ['registry', 'pull'])?.value ?? push;
  if (copy === undefined || pull !== push) return [];
  const message = `registry.copy copies from push to pull, and both are ${push ?? 'missing'}`;
  return [
    diagnosticAt(
      copy.key,
      message,
      'set registry.pull to the registry that the nodes pull from, or remove it',
    ),
  ];
}

/** Numbers that would reach a chart or a build as another text than the one that was written, such as 1.10. */
function checkNumbers([name, { value }]: Named): Diagnostic[] {
  return [
    ['deploy', 'helm', 'set'],
    ['image', 'buildArgs'],
    ['image', 'command', 'env'],
  ].flatMap((path) =>
    entriesAt(value, path).flatMap(([key, { value: node }]) => {
      if (node.kind !== 'scalar' || typeof node.value !== 'number' || node.written === String(node.value))
        return [];
      const at = pathText(['services', name, ...path, key]);
      const written = node.written ?? '';
      const message = `${at}: ${written} is the number ${node.value}`;
      return [diagnosticAt(node.origin, message, `put it in quotes to keep it as it is: "${written}"`)];
    }),
  );
}

interface Need {
  readonly on: string;
  readonly origin: Origin;
  readonly path: string;
}

function needsOf([name, { value }]: Named): Need[] {
  return itemsAt(value, ['needs']).flatMap((_, index) => {
    const text = stringAt(value, ['needs', index]);
    const path = pathText(['services', name, 'needs', index]);
    return text === undefined ? [] : [{ on: text.value, origin: text.origin, path }];
  });
}

function checkNeeds(services: readonly Named[]): Diagnostic[] {
  const names = services.map(([name]) => name);
  const needs = new Map(services.map((service) => [service[0], needsOf(service)]));
  const unknown = [...needs.values()].flat().flatMap(({ on, origin, path }) => {
    if (names.includes(on)) return [];
    const proposal = nearest(on, names);
    const hint = proposal === undefined ? `services: ${names.join(', ')}` : `did you mean ${proposal}?`;
    return [diagnosticAt(origin, `${path}: there is no service "${on}"`, hint)];
  });
  return [...unknown, ...findCircles(needs)];
}

/** Each circle once, at the `needs` entry that closes it. Depth first in file order. */
function findCircles(needs: ReadonlyMap<string, readonly Need[]>): Diagnostic[] {
  const found: Diagnostic[] = [];
  const done = new Set<string>();
  const visit = (name: string, way: readonly string[]): void => {
    for (const { on, origin } of done.has(name) ? [] : (needs.get(name) ?? [])) {
      const start = [...way, name].indexOf(on);
      if (start < 0) visit(on, [...way, name]);
      else {
        if (on === name) {
          found.push(diagnosticAt(origin, `services.${name} needs itself`, 'remove it'));
          continue;
        }
        const circle = [...[...way, name].slice(start), on].join(' → ');
        found.push(
          diagnosticAt(
            origin,
            `services need each other in a circle: ${circle}`,
            'remove one of these needs',
          ),
        );
      }
    }
    done.add(name);
  };
  for (const name of needs.keys()) visit(name, []);
  return found;
}

function checkForwards(services: readonly Named[]): Diagnostic[] {
  const taken = new Map<number, { service: string; origin: Origin }>();
  return services.flatMap(([service, { value }]) =>
    itemsAt(value, ['dev', 'forward']).flatMap((_, index) => {
      const text = stringAt(value, ['dev', 'forward', index]);
      const ports = text === undefined ? undefined : forwardPorts(text.value);
      if (text === undefined || ports === undefined) return [];
      const first = taken.get(ports.localPort);
      if (first === undefined) {
        taken.set(ports.localPort, { service, origin: text.origin });
        return [];
      }
      const message = `local port ${ports.localPort} is forwarded by ${first.service} already, at ${placeText(first.origin)}`;
      return [diagnosticAt(text.origin, message, 'use another local port')];
    }),
  );
}

function checkReleases(tree: Tree, services: readonly Named[]): Diagnostic[] {
  const taken = new Map<string, { service: string; origin: Origin }>();
  const fallback = stringAt(tree, ['cluster', 'namespace'])?.value ?? '';
  return services.flatMap(([service, { key, value }]) => {
    if (treeAt(value, ['deploy', 'helm'])?.kind !== 'map') return [];
    const written = stringAt(value, ['deploy', 'helm', 'release']);
    const release = written?.value ?? service;
    const origin = written?.origin ?? key;
    if (written === undefined && release.length > maxReleaseName) {
      const message = `services.${service}: the name is too long for a Helm release (${maxReleaseName} characters)`;
      return [diagnosticAt(origin, message, 'set deploy.helm.release to a shorter one')];
    }
    const namespace = stringAt(value, ['deploy', 'namespace'])?.value ?? fallback;
    const first = taken.get(`${namespace}/${release}`);
    if (first === undefined) {
      taken.set(`${namespace}/${release}`, { service, origin });
      return [];
    }
    const message = `the release "${release}" is that of ${first.service} already, at ${placeText(first.origin)}`;
    return [
      diagnosticAt(origin, message, `give ${service} a deploy.helm.release of its own, or another namespace`),
    ];
  });
}
