/**
 * The names of one registry, as a build pod sees them: what it pushes to, and what it must be told so that names of
 * this machine mean the same registry there. Pure.
 */
import { isLoopbackHost, splitRegistryName } from '../../../registry/reference.ts';
import type { Registry } from '../../../registry/types.ts';

/** Names as a build pod uses them. */
export interface PodNames {
  /** `host[:port][/path]` of the registry. */
  readonly registry: string;
  /** `host[:port]` of it. */
  readonly host: string;
  /** Hosts that mean this machine's registry, and the host to ask instead. */
  readonly maps: ReadonlyMap<string, string>;
  /** The pod's name for a reference that this machine uses. */
  translate(reference: string): string;
  /** This machine's name for a reference that the pod or the node uses. */
  here(reference: string): string;
}

/** The names for a registry; undefined if none of its names works in a pod. */
export function podNames({ push, pull, inCluster }: Registry): PodNames | undefined {
  // Any name other than a loopback name means the same everywhere.
  const registry = inCluster ?? (isLoopbackHost(splitRegistryName(push).host) ? undefined : push);
  if (registry === undefined) return undefined;
  const { host, path } = splitRegistryName(registry);
  const maps = new Map<string, string>();
  for (const name of [push, pull]) {
    const other = splitRegistryName(name);
    // The executor maps only hosts. If the folders differ, names in a Containerfile stay as they are.
    if (other.host !== host && other.path === path) maps.set(other.host, host);
  }
  return {
    registry,
    host,
    maps,
    translate(reference) {
      const from = [push, pull].find((name) => reference.startsWith(`${name}/`));
      return from === undefined ? reference : `${registry}${reference.slice(from.length)}`;
    },
    here(reference) {
      const from = [push, registry, pull].find((name) => reference.startsWith(`${name}/`));
      return from === undefined ? reference : `${push}${reference.slice(from.length)}`;
    },
  };
}
