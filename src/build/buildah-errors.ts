/** Why Buildah could not build an image. Pure. Its exit code is 125 for nearly everything, so that only the text tells. */
import { appdevError, type AppdevError } from '../errors.ts';
import { withoutPasswords } from './redact.ts';
import { errorLine, transferFailure } from './transfer-errors.ts';

/** Why an image could not be built. */
export function buildFailure(service: string, file: string, lines: readonly string[]): AppdevError {
  const last = withoutPasswords(errorLine(lines));
  const base =
    /(?:initializing source|reading manifest \S+ in|pinging container registry) (?:docker:\/\/)?(\S+?):? /.exec(
      last,
    )?.[1];
  if (base !== undefined && /creating build container/.test(lines.join('\n'))) {
    const { error } = transferFailure(`${service}: pulling ${base}`, base.split('/', 1)[0] ?? base, lines);
    return {
      ...error,
      code: 'BASE_IMAGE_MISSING',
      hint: `check FROM in ${file}, or try by hand: buildah pull ${base}`,
    };
  }
  const step = [...lines].reverse().find((line) => /^STEP \d+/.test(line));
  const where =
    step === undefined ? '' : ` at ${step.replace(/^(STEP [\d/]+): /, '$1 of '.concat(file, ': '))}`;
  const missing = /no such file or directory|no items matching glob|no sources? .*found|copier: stat/.test(
    last,
  );
  const hint = missing
    ? `check that the file is there and not excluded by .dockerignore; a jar has to be where the build leaves it (target/)`
    : `see the step in ${file}, or run it by hand: buildah bud -f ${file}`;
  return appdevError('IMAGE_BUILD_FAILED', `${service}: buildah failed${where}: ${last}`, {
    hint,
    evidence: lines.slice(-10).map(withoutPasswords),
  });
}

/** Whether a build failed because the image that it starts from is not in the storage. */
export function isBaseMissing(lines: readonly string[]): boolean {
  return lines.some((line) => /image not known|no such image|unable to find .* in local storage/.test(line));
}
