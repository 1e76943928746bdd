/**
 * Who owns an object. What appdev creates carries two labels, with the names of the project and the service. They
 * contain nothing random, so the same inputs give the same object. appdev changes and deletes only objects that carry
 * both.
 */
import type { KubeObject } from '../../cluster/types.ts';
import { contentHash } from './content.ts';
import { projectLabel, serviceLabel } from '../../core/labels.ts';

/** Field manager of every server-side apply by appdev. */
export const fieldManager = 'appdev';

/** The owner of what is deployed. */
export interface Owner {
  readonly project: string;
  readonly service: string;
}

/**
 * A name as a label value. Unchanged if Kubernetes allows it (63 characters, `A-Za-z0-9._-`, alphanumeric ends);
 * otherwise shortened and made unique by a hash.
 */
export function labelValue(name: string): string {
  if (/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/.test(name)) return name;
  const fit = name
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 50);
  return `${fit === '' ? 'x' : fit}-${contentHash(name).slice(0, 12)}`;
}

/** The labels of an owner's objects. */
export function ownerLabels(owner: Owner): Readonly<Record<string, string>> {
  return { [projectLabel]: labelValue(owner.project), [serviceLabel]: labelValue(owner.service) };
}

/** True if an object carries this owner's labels. */
export function isOwnedBy(object: KubeObject, owner: Owner): boolean {
  const labels = object.metadata.labels ?? {};
  return Object.entries(ownerLabels(owner)).every(([key, value]) => labels[key] === value);
}

/** The service of this project that made an object; undefined if it was anyone else. */
export function serviceOf(object: KubeObject, project: string): string | undefined {
  const labels = object.metadata.labels ?? {};
  return labels[projectLabel] === labelValue(project) ? labels[serviceLabel] : undefined;
}

/** What to type if two services of one project have the same object. */
export function sharedHint(first: string, second: string): string {
  return `let ${first} alone render it and write \`needs: [${first}]\` in ${second}; or make it a service of its own that both need`;
}

/** Who made an object that is not ours, as far as its metadata says. A phrase for a message. */
export function makerOf(object: KubeObject): string {
  const labels = object.metadata.labels ?? {};
  const annotations = object.metadata.annotations ?? {};
  const project = labels[projectLabel];
  if (project !== undefined) return `service ${labels[serviceLabel] ?? '?'} of appdev project ${project}`;
  const release = annotations['meta.helm.sh/release-name'];
  if (release !== undefined) return `Helm release ${release}`;
  if ('kubectl.kubernetes.io/last-applied-configuration' in annotations) return 'kubectl apply';
  const managedBy = labels['app.kubernetes.io/managed-by'];
  return managedBy ?? 'someone else';
}
