/**
 * Turns image names of one registry into names in another, by the rules that Skaffold's users know as "default repo": a
 * project whose manifests name `registry.example.com/team/orders` runs with any registry, and nobody edits YAML. Pure
 * text.
 *
 * One rule differs: a name without a host goes below the registry as written (`shop/orders` stays two parts), because
 * that is what such a name means in appdev.yaml.
 */
import { looksLikeHost } from './reference.ts';

/** Longest name including its host, as in distribution. */
const maxLength = 255;

/**
 * The part of a Google registry's name before the folders: host and project, for Artifact Registry also the repository.
 */
const google = /^(?:[a-z0-9.-]+\.)?gcr\.io\/[^/]+|^[a-z0-9-]+-docker\.pkg\.dev\/[^/]+\/[^/]+/;

/** True for a repository that names its registry. */
export function namesHost(repository: string): boolean {
  const slash = repository.indexOf('/');
  return slash > 0 && looksLikeHost(repository.slice(0, slash));
}

/** A repository with a host, as one part that every registry accepts: `registry_example_com_team_orders`. */
export function flatName(repository: string): string {
  return namesHost(repository) ? repository.toLowerCase().replace(/[/._:@[\]]+/g, '_') : repository;
}

/**
 * The path of a repository below a registry.
 *
 * @param registry `host[:port][/path]` that images are pushed to
 * @param aliases other names of the same registry
 * @param nested true if the registry supports folders of any depth, as Google's do
 */
export function pathBelow(
  repository: string,
  registry: string,
  aliases: readonly (string | undefined)[] = [],
  nested = false,
): string {
  if (!namesHost(repository)) return repository;
  for (const name of [registry, ...aliases]) {
    if (name !== undefined && repository.startsWith(`${name}/`)) return repository.slice(name.length + 1);
  }
  const project = google.exec(registry)?.[0];
  const room = maxLength - registry.length - 1;
  if (project === undefined && !nested) return cut(flatName(repository), room);
  const shared = project !== undefined && repository.startsWith(`${project}/`);
  // Only hosts may have a port's colon.
  const path = shared
    ? repository.slice(project.length + 1)
    : repository.toLowerCase().replace(/[:[\]]+/g, '_');
  return cut(path, room);
}

/** The first part of a name. A name must not end in a separator. */
function cut(path: string, length: number): string {
  return path.slice(0, length).replace(/[^a-z0-9]+$/, '');
}
