/**
 * Copies images from the registry they were pushed to into another one that the nodes pull from, by digest, with skopeo.
 * Wraps a builder; owns the copy and nothing of how an image is made. skopeo is the session's user at both registries: its
 * logins stand in files, never on its command line.
 */
import { cancelled, failed, ok, type Outcome } from '../../../core/outcome.ts';
import type { Artifact, StageOutcome } from '../../../core/events.ts';
import type { RegistryAccess } from '../../../registry/login/access.ts';
import type { ManifestReader, Registry } from '../../../registry/types.ts';
import { systemClock, type Clock } from '../../../support/clock.ts';
import type { RunProcess } from '../../../support/process/process.ts';
import { transferFailure, type TransferFailure } from './errors.ts';
import { inTries } from './tries.ts';
import type { ImageBuilder, StageReporter, WorkContext } from '../../types.ts';

/** What the copy is made from. */
export interface CopyParts {
  readonly run: RunProcess;
  /** Its `push` is copied from, its `pull` copied to; it has `copy`. */
  readonly registry: Registry;
  /** Asks the registry of `pull`. */
  readonly reader: ManifestReader;
  /** The way into both. */
  readonly access: Pick<RegistryAccess, 'authFiles' | 'certDir'>;
  /** For tests of what is tried again. */
  readonly clock?: Clock;
}

/**
 * The same builder, whose images are in the registry of `pull` as well: what it lets through, and nothing else. The copy is
 * the end of the stage `push`, or one of its own where another stage came in between.
 */
export function copyingBuilder(builder: ImageBuilder, parts: CopyParts): ImageBuilder {
  return {
    async build(request, context) {
      const { report } = context;
      const push = heldPush(report);
      const built = await builder.build(request, { ...context, report: push.report });
      if (built.kind !== 'ok') {
        push.release();
        return built;
      }
      const before = push.take();
      if (before === undefined) report.started('push');
      const copied = await copy(parts, built.value, context);
      const host = hostOf(built.value.pullRepository);
      const detail = (text: string): string => [before?.detail ?? [], text].flat().join(', ');
      if (copied.kind !== 'ok') report.finished('push', copied.kind);
      else if (copied.value === 'copied') report.finished('push', 'ok', detail(`copied to ${host}`));
      else report.finished('push', before?.outcome ?? 'skipped', detail(`in ${host} already`));
      return copied.kind === 'ok' ? built : copied;
    },
  };
}

interface PushEnd {
  readonly outcome: StageOutcome;
  readonly detail: string | undefined;
}

/** A reporter that keeps the end of a push to itself until it is known what comes next. */
function heldPush(report: StageReporter): {
  readonly report: StageReporter;
  /** Reports the end that is kept. */
  release(): void;
  /** The end that is kept, which the caller reports. */
  take(): PushEnd | undefined;
} {
  let held: PushEnd | undefined;
  const take = (): PushEnd | undefined => {
    const end = held;
    held = undefined;
    return end;
  };
  const release = (): void => {
    const end = take();
    if (end !== undefined) report.finished('push', end.outcome, end.detail);
  };
  return {
    report: {
      ...report,
      started(stage) {
        release();
        report.started(stage);
      },
      finished(stage, outcome, detail) {
        if (stage === 'push' && (outcome === 'ok' || outcome === 'skipped')) held = { outcome, detail };
        else report.finished(stage, outcome, detail);
      },
    },
    release,
    take,
  };
}

/** Copies unless it is there. Fails with REGISTRY_…, PUSH_FAILED, QUOTA_EXCEEDED, TAG_IMMUTABLE or TOOL_MISSING. */
async function copy(
  parts: CopyParts,
  artifact: Artifact,
  { signal, report }: WorkContext,
): Promise<Outcome<'copied' | 'there'>> {
  const { reader, clock = systemClock } = parts;
  const { repository, pullRepository, tag, digest } = artifact;
  const before = await reader.headManifest(pullRepository, digest, signal);
  if (before.kind !== 'ok') return before;
  if (before.value?.digest === digest) return ok('there');
  const onLine = (line: string): void => report.output('push', 'stderr', line);
  const copied = await inTries(
    {
      attempt: async (fresh) => await tryOnce(parts, artifact, fresh, signal, onLine),
      failureOf: (lines) => copyFailure(repository, pullRepository, lines),
      onRetry: onLine,
    },
    clock,
    signal,
  );
  if (copied.kind !== 'ok') return copied;
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

/** skopeo's output where it failed; undefined where it did not. */
async function tryOnce(
  { run, registry, access }: CopyParts,
  { service, repository, pullRepository, tag, digest }: Artifact,
  fresh: boolean,
  signal: AbortSignal,
  onLine: (line: string) => void,
): Promise<Outcome<readonly string[] | undefined>> {
  const from = await access.authFiles.forRepository(registry.push, fresh, signal);
  if (from.kind !== 'ok') return from;
  const to = await access.authFiles.forRepository(registry.pull, fresh, signal);
  if (to.kind !== 'ok') return to;
  const flag = (name: string, value: string | undefined): string[] =>
    value === undefined ? [] : [name, value];
  const finished = await run(
    {
      tool: 'skopeo',
      args: [
        'copy',
        // An index is copied with all that it names; without this, skopeo takes one platform and makes another digest.
        '--all',
        '--preserve-digests',
        ...flag('--src-authfile', from.value),
        ...flag('--dest-authfile', to.value),
        ...flag('--src-cert-dir', access.certDir),
        ...flag('--dest-cert-dir', access.certDir),
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
  return ok(finished.exitCode === 0 ? undefined : finished.lines);
}

/** skopeo's words are those of Buildah's library; which of the two registries they are about, they say by the way. */
function copyFailure(repository: string, pullRepository: string, lines: readonly string[]): TransferFailure {
  const text = lines.join('\n');
  const ofSource = /initializing source|reading manifest|reading blob|reading config/.test(text);
  const host = hostOf(ofSource ? repository : pullRepository);
  const failure = transferFailure(`copying ${repository} to ${pullRepository}`, host, lines);
  const { error, retry } = failure;
  if (ofSource || error.code !== 'REGISTRY_UNREACHABLE' || !/plain HTTP/.test(error.message)) return failure;
  const hint = 'set registry.copy.insecure: true in appdev.yaml if that is meant to be so';
  return { error: { ...error, hint }, retry };
}

function hostOf(repository: string): string {
  return repository.split('/', 1)[0] ?? repository;
}
