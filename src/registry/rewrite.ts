/**
 * Image names of one registry as names in another, by the rules that Skaffold's users know as "default repo": a project
 * whose manifests name `registry.example.com/team/orders` runs with any registry, and nobody edits YAML. Pure text.
 *
 * One rule differs: a name without a host is below the registry as it is written (`shop/orders` stays two parts), because
 * in appdev.yaml that is what such a name means.
 */
import { looksLikeHost } from './reference.ts';

/** The longest name with its host, as distribution has it. */
const maxLength = 255;

/** What of a Google registry's name comes before the folders: host and project, for Artifact Registry the repository too. */
const google = /^(?:[a-z0-9.-]+\.)?gcr\.io\/[^/]+|^[a-z0-9-]+-docker\.pkg\.dev\/[^/]+\/[^/]+/;

/** True for a repository that names its registry. */
export function namesHost(repository: string): boolean {
  const slash = repository.indexOf('/');
  return slash > 0 && looksLikeHost(repository.slice(0, slash));
}

/** A repository with a host as one part that every registry takes: `registry_example_com_team_orders`. */
export function flatName(repository: string): string {
  return namesHost(repository) ? repository.toLowerCase().replace(/[/._:@[\]]+/g, '_') : repository;
}

/**
 * The path of a repository below a registry.
 *
 * @param registry `host[:port][/path]` that images are pushed to
 * @param aliases further names of the same registry
 * @param nested whether the registry keeps folders of any depth; Google's do
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
  // A port's colon is for hosts only.
  const path = shared
    ? repository.slice(project.length + 1)
    : repository.toLowerCase().replace(/[:[\]]+/g, '_');
  return cut(path, room);
}

/** A name may not end in what separates its parts. */
function cut(path: string, length: number): string {
  return path.slice(0, length).replace(/[^a-z0-9]+$/, '');
}
