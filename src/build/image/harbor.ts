/**
 * An image builder whose registry is a Harbor: sees to the project before, says what a refusal means, and lets no image
 * through that Harbor's project or the scan keeps back. Wraps any builder; where the registry is no Harbor it changes
 * nothing.
 */
import type { ServiceConfig } from '../../config/model.ts';
import type { AppdevError } from '../../core/errors.ts';
import { appdevError } from '../../core/errors.ts';
import { cancelled, failed, ok, type Outcome } from '../../core/outcome.ts';
import { credentialsHint, harborPath, type Harbor } from '../../registry/harbor/harbor.ts';
import type { RegistryClient } from '../../registry/api/client.ts';
import { splitRegistryName } from '../../registry/reference.ts';
import type { ScanGate } from '../../registry/harbor/scan-gate.ts';
import type { ImageBuilder } from '../types.ts';

/** What such a builder is made from. */
export interface HarborBuilderParts {
  readonly harbor: Harbor;
  readonly gate: ScanGate;
  readonly client: Pick<RegistryClient, 'putTag'>;
  /** Make a project that is not there. */
  readonly createProject: boolean;
  /** The repository that a service's image is pushed to, with the registry's host. */
  readonly repositoryOf: (service: ServiceConfig) => string;
}

/**
 * The tag that keeps a deployed image. Retention rules and clean-ups go by tags: one that moves on (a branch, `latest`)
 * leaves its last image without any, and that is collected while pods still name it by digest. This tag is made of the
 * digest, so that it never moves, and its prefix lets a retention rule spare what was deployed (`appdev-**`).
 */
export function keepingTag(digest: string): string {
  return `appdev-${digest.replace(/^\w+:/, '').slice(0, 16)}`;
}

/** Wraps a builder. Fails further with PROJECT_MISSING, SCAN_GATE and SCAN_INCOMPLETE. */
export function withHarbor(builder: ImageBuilder, parts: HarborBuilderParts): ImageBuilder {
  const { harbor, client, gate, createProject, repositoryOf } = parts;
  /** Projects that are there, by this session's own look. */
  const ensured = new Map<string, Promise<Outcome<void>>>();

  async function ensure(repository: string, signal: AbortSignal): Promise<Outcome<void>> {
    const path = harborPath(repository);
    const isHarbor = await harbor.isHarbor(signal);
    if (isHarbor.kind !== 'ok') return isHarbor;
    const { host } = splitRegistryName(repository);
    if (!isHarbor.value) {
      return failed('USAGE', `--create-project: the registry ${host} is no Harbor, and has no projects`, {
        hint: 'leave the flag out',
      });
    }
    // The push says what is missing.
    if (path === undefined) return ok(undefined);
    const { project } = path;
    for (;;) {
      const under = ensured.get(project) ?? make(project, host, signal);
      ensured.set(project, under);
      const made = await under;
      // What failed may be mended meanwhile.
      if (made.kind !== 'ok' && ensured.get(project) === under) ensured.delete(project);
      // Another service's build may have begun it, and been cancelled.
      if (made.kind !== 'cancelled' || signal.aborted) return made;
    }
  }

  async function make(project: string, host: string, signal: AbortSignal): Promise<Outcome<void>> {
    const there = await harbor.hasProject(project, signal);
    if (there.kind !== 'ok') return there;
    if (there.value) return ok(undefined);
    const made = await harbor.createProject(project, signal);
    if (made.kind !== 'ok') return made;
    if (made.value !== 'not allowed') return ok(undefined);
    return failed(
      'PROJECT_MISSING',
      `Harbor at ${host} has no project ${project}, and this account may not create one`,
      {
        hint: 'let an administrator create it, or use a system robot with the right to create projects (a robot of a project never has it)',
      },
    );
  }

  return {
    async build(request, context) {
      const { service } = request;
      const { signal } = context;
      const repository = repositoryOf(service);
      if (createProject) {
        const there = await ensure(repository, signal);
        if (there.kind !== 'ok') return there;
      }
      const built = await builder.build(request, context);
      if (built.kind === 'failed' && built.error.code === 'REGISTRY_DENIED')
        return { kind: 'failed', error: await explained(harbor, repository, built.error, signal) };
      if (built.kind !== 'ok') return built;
      const judged = await gate(built.value, context);
      if (judged.kind !== 'ok') return judged;
      const isHarbor = await harbor.isHarbor(signal);
      if (isHarbor.kind === 'ok' && isHarbor.value) {
        const { digest } = built.value;
        const kept = await client.putTag(built.value.repository, digest, keepingTag(digest), signal);
        if (kept.kind !== 'ok') return kept;
      }
      return signal.aborted ? cancelled(signal) : built;
    },
  };
}

/** What a refusal means: Harbor says 401 to a wrong password, a missing right and a missing project alike. */
export async function explained(
  harbor: Pick<Harbor, 'isHarbor' | 'hasProject'>,
  repository: string,
  error: AppdevError,
  signal: AbortSignal,
): Promise<AppdevError> {
  const isHarbor = await harbor.isHarbor(signal);
  if (isHarbor.kind !== 'ok' || !isHarbor.value) return error;
  const { host, path: name } = splitRegistryName(repository);
  const evidence = error.evidence === undefined ? {} : { evidence: error.evidence };
  const path = harborPath(repository);
  if (path === undefined) {
    return appdevError('PROJECT_MISSING', `${repository} names no project of the Harbor at ${host}`, {
      hint: `write the project behind the host: registry: {push: "${host}/PROJECT"}`,
      ...evidence,
    });
  }
  const { project } = path;
  const there = await harbor.hasProject(project, signal);
  // A wrong password, or none: Harbor's own answer to that is plainer than a refused push.
  if (there.kind === 'failed' && there.error.code === 'REGISTRY_DENIED')
    return { ...there.error, ...evidence };
  if (there.kind !== 'ok') return error;
  if (!there.value) {
    return appdevError('PROJECT_MISSING', `Harbor at ${host} has no project ${project}`, {
      hint: `create it there, or with an account that may: appdev run --create-project; if ${project} is a typo, mend registry.push`,
      ...evidence,
    });
  }
  return appdevError(
    'REGISTRY_DENIED',
    `Harbor at ${host} has the project ${project}, but this account may not push ${name}`,
    {
      hint: `give it the rights to push and pull repositories of ${project} (a robot needs both), or take another account: ${credentialsHint(host)}`,
      ...evidence,
    },
  );
}
