/**
 * Why Buildah could not build an image. Its exit code is 125 for nearly everything, so only the text tells the cause.
 * Pure.
 */
import { appdevError, type AppdevError } from '../../../core/errors.ts';
import { splitRegistryName } from '../../../registry/reference.ts';
import { withoutPasswords } from '../../../support/mask.ts';
import { errorLine, loginHint, transferFailure, type TransferFailure } from '../transfer/errors.ts';

/**
 * Why the base of a Containerfile could not be pulled, and whether another try may help. Undefined if the build failed
 * for another reason. A base that arrived completely has its manifest written.
 */
export function baseFailure(
  service: string,
  file: string,
  lines: readonly string[],
): TransferFailure | undefined {
  const last = errorLine(lines);
  if (!last.startsWith('creating build container: ')) return undefined;
  const named =
    /(?:initializing source|reading manifest \S+ in|pinging container registry) (?:docker:\/\/)?(\S+?):? /.exec(
      last,
    );
  const begun = lines.findLastIndex((line) => line.startsWith('Trying to pull '));
  const inPull = begun >= 0 && !lines.slice(begun).some((line) => line.startsWith('Writing manifest '));
  const base = inPull ? /^Trying to pull (\S+?)(?:\.\.\.)?$/.exec(lines[begun] ?? '')?.[1] : named?.[1];
  if (base === undefined) return undefined;
  const { host } = splitRegistryName(base);
  const { error, retry } = transferFailure(`${service}: pulling ${base}`, host, lines);
  // A refused login is fixed by another login. The others need a change of the Containerfile or the registry.
  const hint =
    retry === 'once' ? loginHint(host) : `check FROM in ${file}, or try by hand: buildah pull ${base}`;
  return { error: { ...error, code: 'BASE_IMAGE_MISSING', hint }, retry };
}

/** The error for an image that could not be built. */
export function buildFailure(service: string, file: string, lines: readonly string[]): AppdevError {
  const pull = baseFailure(service, file, lines);
  if (pull !== undefined) return pull.error;
  const last = withoutPasswords(errorLine(lines));
  const step = [...lines].reverse().find((line) => /^STEP \d+/.test(line));
  const where =
    step === undefined ? '' : ` at ${step.replace(/^(STEP [\d/]+): /, '$1 of '.concat(file, ': '))}`;
  const missing =
    /no such file or directory|no items matching glob|no sources? .{0,200}found|copier: stat/.test(last);
  const hint = isForeignHeredoc(last, lines)
    ? `this Buildah does not know here-documents (<<EOF): install Buildah 1.33 or newer, or copy a file in place of them`
    : missing
      ? `check that the file is there and not excluded by .dockerignore; a jar has to be where the build leaves it (target/)`
      : `see the step in ${file}, or run it by hand: buildah bud -f ${file}`;
  return appdevError('IMAGE_BUILD_FAILED', `${service}: buildah failed${where}: ${last}`, {
    hint,
    evidence: lines.slice(-10).map(withoutPasswords),
  });
}

/**
 * Whether Buildah misread a here-document, as versions before 1.33 do. They take its mark for a file of the context,
 * or its text for instructions.
 */
function isForeignHeredoc(last: string, lines: readonly string[]): boolean {
  if (last.includes('copier: stat: "/<<')) return true;
  return (
    last.includes('Unknown instruction') && lines.some((line) => /^STEP \d/.test(line) && line.includes('<<'))
  );
}

/** Whether a build failed because the image that it starts from is not in the storage. */
export function isBaseMissing(lines: readonly string[]): boolean {
  return lines.some((line) =>
    /image not known|no such image|unable to find .{0,200} in local storage/.test(line),
  );
}
