/** One run of `buildah bud`: starts it, reads the image's id, and explains a failure. */
import { readFile, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { ok, type NotOk, type Outcome } from '../../../core/outcome.ts';
import { diskFull, saysDiskFull } from '../../../support/files/disk-full.ts';
import { buildFailure } from './errors.ts';
import { buildFlags, type Buildah } from './session.ts';

/** What to build. */
export interface BudRequest {
  /** Name of the service, for messages. */
  readonly service: string;
  /** Absolute path of the Containerfile. */
  readonly file: string;
  /** Absolute path of the context. */
  readonly context: string;
  readonly flags: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A file for the image's id that nobody else uses. Default: beside the Containerfile, which must then be ours. */
  readonly idFile?: string;
}

/** An image, or a failure with the whole output, because some failures are a reason to try something else. */
export type BudResult =
  | {
      readonly kind: 'built';
      /** `sha256` of the configuration, hex. */
      readonly imageId: string;
      /** Ids of the steps that came from Buildah's cache. */
      readonly cached: readonly string[];
    }
  | { readonly kind: 'failed'; readonly lines: readonly string[]; readonly failure: NotOk };

/** Runs the build. The outcome fails only if Buildah cannot be started or the signal fires. */
export async function bud(
  buildah: Buildah,
  { service, file, context, flags, env = {}, idFile = `${file}.id` }: BudRequest,
  signal: AbortSignal,
  onLine: (line: string) => void,
): Promise<Outcome<BudResult>> {
  const args = ['bud', ...buildFlags(buildah.storage), ...flags, '--iidfile', idFile, '-f', file, context];
  const cached: string[] = [];
  const finished = await buildah.run(
    { args, cwd: context, env },
    {
      signal,
      onLine: (_stream, line) => {
        const step = /^--> Using cache ([0-9a-f]{64})$/.exec(line)?.[1];
        if (step !== undefined) cached.push(step);
        if (line.trim() !== '') onLine(line);
      },
    },
  );
  if (finished.kind !== 'ok') return finished;
  const { exitCode, lines } = finished.value;
  if (exitCode === 0) {
    const imageId = (await readFile(idFile, 'utf8')).trim().replace(/^sha256:/, '');
    await rm(idFile, { force: true });
    return ok({ kind: 'built', imageId, cached });
  }
  const failure: NotOk = lines.some(saysDiskFull)
    ? await diskFull(`building the image of ${service}`, buildah.folders(), { evidence: lines.slice(-3) })
    : { kind: 'failed', error: buildFailure(service, basename(file), lines) };
  return ok({ kind: 'failed', lines, failure });
}
