/**
 * Rules between several values of appdev.yaml: each service has one way to deploy, no two services share a port or a
 * release, and so on. A value of the wrong type is skipped here, because the schema reports it. So all errors of a file
 * appear together.
 */
import type { Diagnostic } from '../../core/diagnostic.ts';
import { checkImage } from './image.ts';
import { checkImagePlaces } from './image-places.ts';
import { checkNeeds, checkOtherImages } from './others.ts';
import { checkJarArgs } from './secrets.ts';
import { forwardPorts, maxReleaseName } from '../schema/grammar.ts';
import { diagnosticAt, placeText } from '../text/locate.ts';
import {
  entriesAt,
  entryAt,
  itemsAt,
  pathText,
  stringAt,
  treeAt,
  type Named,
  type Origin,
  type Tree,
} from '../text/tree.ts';

/** The errors of a project. `tree` has its profiles applied and its variables filled in. */
export function checkProject(tree: Tree): Diagnostic[] {
  const services = entriesAt(tree, ['services']);
  return [
    ...(services.length === 0 ? noServices(tree) : []),
    ...services.flatMap((service) => [
      ...checkDeploy(service),
      ...checkImage(service),
      ...checkImagePlaces(service),
      ...checkJarArgs(service),
      ...checkNumbers(service),
    ]),
    ...checkNeeds(services),
    ...checkForwards(services),
    ...checkReleases(tree, services),
    ...checkOtherImages(services),
    ...checkCopy(tree),
  ];
}

/** The errors in `profiles` as they are written, active or not. `file` is the tree of the whole file. */
export function checkProfiles(file: Tree): Diagnostic[] {
  const names = new Map<string, Origin>();
  return itemsAt(file, ['profiles']).flatMap((profile) => {
    const found: Diagnostic[] = [];
    const name = stringAt(profile, ['name']);
    const first = name === undefined ? undefined : names.get(name.value);
    if (name !== undefined && first !== undefined) {
      const message = `the name "${name.value}" is used by another profile, at ${placeText(first)}`;
      found.push(diagnosticAt(name.origin, message, 'give it another name'));
    } else if (name !== undefined) names.set(name.value, name.origin);
    for (const entry of itemsAt(profile, ['activation'])) {
      if (entry.kind !== 'map' || entry.entries.size > 0) continue;
      found.push(
        diagnosticAt(
          entry.origin,
          'this activation has no condition',
          'add env, kubeContext or command, or remove it',
        ),
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
  return [diagnosticAt(patch.origin, `this patch "${op}" has no \`${needed}\``, `add \`${needed}\``)];
}

function noServices(tree: Tree): Diagnostic[] {
  const entry = entryAt(tree, ['services']);
  return entry?.value.kind === 'map'
    ? [diagnosticAt(entry.key, 'services is empty', 'add a service: its name, and below it `deploy`')]
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
    return [
      diagnosticAt(second[1].key, `${at} has ${names}, but a service can be deployed in one way only`, hint),
    ];
  }
  const manifests = entryAt(entry.value, ['manifests']);
  return manifests?.value.kind === 'list' && manifests.value.items.length === 0
    ? [diagnosticAt(manifests.key, `${at}.manifests is empty`, 'name the files, e.g. [deploy/*.yaml]')]
    : [];
}

/** `registry.copy` copies from one registry to another, so `push` and `pull` must differ. */
function checkCopy(tree: Tree): Diagnostic[] {
  const copy = entryAt(tree, ['registry', 'copy']);
  const push = stringAt(tree, ['registry', 'push'])?.value;
  const pull = stringAt(tree, ['registry', 'pull'])?.value ?? push;
  if (copy === undefined || pull !== push) return [];
  const message = `registry.copy copies images from push to pull, but both are ${push ?? 'missing'}`;
  return [
    diagnosticAt(
      copy.key,
      message,
      'set registry.pull to the registry that the nodes pull from, or remove it',
    ),
  ];
}

/** Reports numbers that a chart or a build would receive as a different text: 1.10 would arrive as 1.1. */
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
      return [diagnosticAt(node.origin, message, `to keep the text, put it in quotes: "${written}"`)];
    }),
  );
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
      const message = `local port ${ports.localPort} is already forwarded by ${first.service}, at ${placeText(first.origin)}`;
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
      const message = `services.${service}: the name is too long for a Helm release (at most ${maxReleaseName} characters)`;
      return [diagnosticAt(origin, message, 'set deploy.helm.release to a shorter name')];
    }
    const namespace = stringAt(value, ['deploy', 'namespace'])?.value ?? fallback;
    const first = taken.get(`${namespace}/${release}`);
    if (first === undefined) {
      taken.set(`${namespace}/${release}`, { service, origin });
      return [];
    }
    const message = `the release "${release}" is already used by ${first.service}, at ${placeText(first.origin)}`;
    return [
      diagnosticAt(origin, message, `give ${service} another deploy.helm.release or another namespace`),
    ];
  });
}
