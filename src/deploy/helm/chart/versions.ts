/** Versions and ranges as Helm reads them (Masterminds/semver 3), by the semver of npm. Pure. */
import { coerce, satisfies, validRange, type SemVer } from 'semver';

/** True for a version as loose as Helm allows: `1.0`, `v1.0.0-rc.1`. */
export function isVersion(text: string): boolean {
  return versionOf(text) !== null;
}

/**
 * True if a version lies in a range. A range that cannot be read is left to helm, so everything lies in it. Helm joins
 * the parts of a range by commas too, and lets any pre-release in if the range names one.
 */
export function fits(text: string, range: string): boolean {
  const read = range.replaceAll(',', ' ');
  const version = versionOf(text);
  if (version === null || validRange(read) === null) return true;
  return satisfies(version, read, { includePrerelease: /\d-[\da-z]/i.test(read) });
}

/** Newer than any Kubernetes for years, so that the search has a beginning. */
const lastMinor = 99;

/** The newest Kubernetes in a range (`kubeVersion` of a Chart.yaml), as `1.34.0`; undefined if there is none. */
export function newestKubernetes(range: string): string | undefined {
  for (let minor = lastMinor; minor >= 0; minor -= 1) {
    if (fits(`1.${minor}.0`, range)) return `1.${minor}.0`;
  }
  return undefined;
}

function versionOf(text: string): SemVer | null {
  return /^v?\d+(\.\d+){0,2}([-+]\S+)?$/.test(text) ? coerce(text, { includePrerelease: true }) : null;
}
