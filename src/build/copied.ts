/**
 * Copies images from the registry they were pushed to into another one that the nodes pull from, by digest, with skopeo.
 * Wraps a builder; owns the copy and nothing of how an image is made. Credentials are found by skopeo where
 * `skopeo login` and `buildah login` leave them, and never on its command line.
 */
import { cancelled, failed, ok, type NotOk, type Outcome } from '../outcome.ts';
import type { Artifact, StageOutcome } from '../events.ts';
import type { ManifestReader, Registry } from '../registry/types.ts';
import type { RunProcess } from '../support/process.ts';
import { transferFailure } from './buildah-errors.ts';
import type { ImageBuilder, StageReporter } from './types.ts';

/** What the copy is made from. */
export interface CopyParts {
  readonly run: RunProcess;
  /** Its `push` is copied from, its `pull` copied to; it has `copy`. */
  readonly registry: Registry;
  /** Asks the registry of `pull`. */
  readonly reader: ManifestReader;
}

/** The same builder, whose images are in the registry of `pull` as well. The copy is the end of the stage `push`. */
export function copyingBuilder(builder: ImageBuilder, parts: CopyParts): ImageBuilder {
  return {
    async build(request, context) {
      let pushed: { readonly outcome: StageOutcome; readonly detail: string | undefined } | undefined;
      const report: StageReporter = {
        ...context.report,
        finished(stage, outcome, detail) {
          if (stage === 'push' && (outcome === 'ok' || outcome === 'skipped')) pushed = { outcome, detail };
          else context.report.finished(stage, outcome, detail);
        },
      };
      const built = await builder.build(request, { ...context, report });
      if (built.kind !== 'ok') {
        if (pushed !== undefined) context.report.finished('push', pushed.outcome, pushed.detail);
        return built;
      }
      const copied = await copy(parts, built.value, context.signal, (line) => {
        context.report.output('push', 'stderr', line);
      });
      const host = hostOf(built.value.pullRepository);
      if (copied.kind !== 'ok') context.report.finished('push', copied.kind);
      else if (copied.value === 'there') {
        const { outcome = 'skipped', detail = '' } = pushed ?? {};
        context.report.finished('push', outcome, `${detail}, in ${host} already`);
      } else context.report.finished('push', 'ok', `${pushed?.detail ?? ''}, copied to ${host}`);
      return copied.kind === 'ok' ? built : copied;
    },
  };
}

/** Copies unless it is there. Fails with REGISTRY_…, PUSH_FAILED or TOOL_MISSING. */
async function copy(
  { run, registry, reader }: CopyParts,
  { service, repository, pullRepository, tag, digest }: Artifact,
  signal: AbortSignal,
  onLine: (line: string) => void,
): Promise<Outcome<'copied' | 'there'>> {
  const before = await reader.headManifest(pullRepository, digest, signal);
  if (before.kind !== 'ok') return before;
  if (before.value?.digest === digest) return ok('there');
  const finished = await run(
    {
      tool: 'skopeo',
      args: [
        'copy',
        // An index is copied with all that it names; without this, skopeo takes one platform and makes another digest.
        '--all',
        '--preserve-digests',
        '--retry-times',
        '2',
        ...(registry.insecure ? ['--src-tls-verify=false'] : []),
        ...(registry.copy?.insecure === true ? ['--dest-tls-verify=false'] : []),
        `docker://${repository}@${digest}`,
        `docker://${pullRepository}:${tag}`,
      ],
      cwd: '/',
    },
    { signal, onLine: (_stream, line) => onLine(line) },
  );
  if (finished.kind === 'cancelled') return cancelled(signal);
  if (finished.kind === 'missing') {
    return failed(
      'TOOL_MISSING',
      `skopeo is not on the PATH, and ${service} has to be copied to ${registry.pull}`,
      {
        hint: 'install it: apt-get install skopeo, dnf install skopeo; or remove registry.copy from appdev.yaml',
      },
    );
  }
  if (finished.exitCode !== 0) return copyFailed(repository, pullRepository, finished.lines);
  const after = await reader.headManifest(pullRepository, digest, signal);
  if (after.kind !== 'ok') return after;
  if (after.value?.digest === digest) return ok('copied');
  return failed(
    'PUSH_FAILED',
    `${hostOf(pullRepository)} took ${pullRepository}:${tag} and does not have ${digest}`,
    {
      hint: `try by hand: skopeo inspect docker://${pullRepository}:${tag}`,
    },
  );
}

/** skopeo's words are those of Buildah's library; which of the two registries they are about, they say by the way. */
function copyFailed(repository: string, pullRepository: string, lines: readonly string[]): NotOk {
  const text = lines.join('\n');
  const ofSource = /initializing source|reading manifest|reading blob|reading config/.test(text);
  const host = hostOf(ofSource ? repository : pullRepository);
  const { error } = transferFailure(`copying ${repository} to ${pullRepository}`, host, lines);
  if (ofSource || error.code !== 'REGISTRY_UNREACHABLE' || !/plain HTTP/.test(error.message)) {
    return { kind: 'failed', error };
  }
  const hint = 'set registry.copy.insecure: true in appdev.yaml if that is meant to be so';
  return { kind: 'failed', error: { ...error, hint } };
}

function hostOf(repository: string): string {
  return repository.split('/', 1)[0] ?? repository;
}
