/**
 * Image references: their grammar, their parts, and how a registry's name and a repository below it are combined. Pure
 * text; does not know whether a host exists. The grammar is that of the OCI distribution specification (names, tags,
 * digests) and of distribution's reference package (which first part is a host).
 */
import { isLoopback } from '../cluster/address.ts';

/** The parts of `[host[:port]/]path[:tag][@digest]`. */
export interface ImageReference {
  /** With port, as written. Absent if the first part is not a host. */
  readonly host?: string;
  /** Separated by slashes, in lower case, with at least one part. */
  readonly path: string;
  readonly tag?: string;
  /** `algorithm:hex`. */
  readonly digest?: string;
}

const component = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const hostPattern =
  /^(?:[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?)*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/;

/** True for a tag: at most 128 of `A-Za-z0-9_.-`, not beginning with `.` or `-`. */
export function isTag(text: string): boolean {
  return /^\w[\w.-]{0,127}$/.test(text);
}

/** True for a digest that registries use: `sha256:` with 64, or `sha512:` with 128 lower-case hex digits. */
export function isDigest(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$|^sha512:[0-9a-f]{128}$/.test(text);
}

/**
 * True if the first part of a reference means a host: it contains a dot or a colon, or is `localhost`, or contains what
 * a path must not (upper case). Everything else is the first folder of a path.
 */
export function looksLikeHost(part: string): boolean {
  return /[.:]/.test(part) || part === 'localhost' || part !== part.toLowerCase();
}

/** Splits and checks a reference; undefined if the text is not one. */
export function parseReference(text: string): ImageReference | undefined {
  const [named = '', digest, ...more] = text.split('@');
  if (more.length > 0 || (digest !== undefined && !isDigest(digest))) return undefined;
  // A colon before the last slash belongs to a port.
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  if (tag !== undefined && !isTag(tag)) return undefined;
  const name = colon < 0 ? named : named.slice(0, colon);
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const hasHost = slash > 0 && looksLikeHost(first);
  const path = hasHost ? name.slice(slash + 1) : name;
  if (hasHost && !hostPattern.test(first)) return undefined;
  // 255 characters including the host, as in distribution.
  if (name.length > 255 || !path.split('/').every((part) => component.test(part))) return undefined;
  return {
    ...(hasHost ? { host: first } : {}),
    path,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** The text of a reference. The inverse of `parseReference`. */
export function formatReference({ host, path, tag, digest }: ImageReference): string {
  return `${host === undefined ? '' : `${host}/`}${path}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** The parts of a registry's name: `host[:port]`, and the path below which its images are (empty for none). */
export interface RegistryName {
  readonly host: string;
  readonly path: string;
}

/** Splits `host[:port][/path]`. The first part is the host, whatever it looks like: `registry/shop` is host `registry`. */
export function splitRegistryName(name: string): RegistryName {
  const slash = name.indexOf('/');
  return slash < 0 ? { host: name, path: '' } : { host: name.slice(0, slash), path: name.slice(slash + 1) };
}

/** True if a text is a registry's name. */
export function isRegistryName(text: string): boolean {
  const { host, path } = splitRegistryName(text);
  if (text.includes('/') && path === '') return false;
  return hostPattern.test(host) && (path === '' || path.split('/').every((part) => component.test(part)));
}

/** The host without its port and without the brackets of IPv6, in lower case. */
export function hostname(host: string): string {
  return host
    .replace(/:[0-9]+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
}

/** True if a registry's host (with or without port) is this machine's loopback, judged by its name alone. */
export function isLoopbackHost(host: string): boolean {
  return isLoopback(hostname(host));
}

/**
 * The host of a registry's API, and the repository's path there. Usually the same text. The exception is Docker Hub,
 * whose name in references is not its API host, and whose single-part repositories are below `library/`.
 */
export function apiAddress(host: string, path: string): { readonly host: string; readonly path: string } {
  if (host !== 'docker.io' && host !== 'index.docker.io') return { host, path };
  return { host: 'registry-1.docker.io', path: path.includes('/') || path === '' ? path : `library/${path}` };
}
