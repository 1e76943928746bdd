/**
 * What a file is to a service, and what its change decides. Plain words, so that the code that decides needs no disk.
 */

/** What a file is to a service. */
export type Role =
  | 'source'
  | 'resource'
  | 'test'
  | 'build-file'
  | 'containerfile'
  | 'context'
  | 'chart'
  | 'values'
  | 'overlay'
  | 'manifest'
  | 'config';

const buildRoles: ReadonlySet<string> = new Set<Role>([
  'source',
  'resource',
  'build-file',
  'containerfile',
  'context',
]);
const deployRoles: ReadonlySet<string> = new Set<Role>(['chart', 'values', 'overlay', 'manifest']);

/** Whether files of this role decide the jar or the image. */
export function decidesBuild(role: Role): boolean {
  return buildRoles.has(role);
}

/** Whether files of this role decide the manifests. */
export function decidesDeploy(role: Role): boolean {
  return deployRoles.has(role);
}
