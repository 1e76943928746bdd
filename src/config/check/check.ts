/**
 * What must be true between several values of appdev.yaml: one way to deploy, ports and releases of one service only, and
 * the rules of image.ts and needs.ts. Reads the tree leniently, as those do: a value of the wrong type is the
 * schema's business and is passed over here, so that all errors of a file appear together.
 */
import type { Diagnostic } from '../../core/diagnostic.ts';
import { checkImage } from './image.ts';
import { checkNeeds } from './needs.ts';
import { checkOtherImages } from './other-images.ts';
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

/** Complaints about the project after profiles and variables. */
export function checkProject(tree: Tree): Diagnostic[] {
  const services = entriesAt(tree, ['services']);
  return [
    ...(services.length === 0 ? noServices(tree) : []),
    ...services.flatMap((service) => [
      ...checkDeploy(service),
      ...checkImage(service),
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
