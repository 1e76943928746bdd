/**
 * An image builder for a registry that is a Harbor. Creates the project before the push, if it is told to, and explains a
 * refusal. Wraps any builder. If the registry is not a Harbor, it changes nothing.
 */
import type { ServiceConfig } from '../../config/model.ts';
import type { AppdevError } from '../../core/errors.ts';
import { appdevError } from '../../core/errors.ts';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { credentialsHint, harborPath, type Harbor } from '../../registry/harbor/harbor.ts';
import { splitRegistryName } from '../../registry/reference.ts';
import type { ImageBuilder } from '../types.ts';

/** What such a builder needs. */
export interface HarborBuilderParts {
  readonly harbor: Harbor;
  /** Create a project that does not exist. */
  readonly createProject: boolean;
  /** The repository that a service's image is pushed to, with the registry's host. */
  readonly repositoryOf: (service: ServiceConfig) => string;
}

/** Wraps a builder. Adds the failure PROJECT_MISSING. */
export function withHarbor(builder: ImageBuilder, parts: HarborBuilderParts): ImageBuilder {
  const { harbor, createProject, repositoryOf } = parts;
  /** Projects that exist, as this session has seen. */
  const ensured = new Map<string, Promise<Outcome<void>>>();

  async function ensure(repository: string, signal: AbortSignal): Promise<Outcome<void>> {
    const path = harborPath(repository);
    const isHarbor = await harbor.isHarbor(signal);
    if (isHarbor.kind !== 'ok') return isHarbor;
    const { host } = splitRegistryName(repository);
    if (!isHarbor.value) {
      return failed(
        'USAGE',
        `--create-project: the registry ${host} is not a Harbor, so it has no projects`,
        {
          hint: 'remove the flag',
        },
      );
    }
    // The push reports what is missing.
    if (path === undefined) return ok(undefined);
    const { project } = path;
    for (;;) {
      const under = ensured.get(project) ?? make(project, host, signal);
      ensured.set(project, under);
      const made = await under;
      // What failed may be fixed in the meantime.
      if (made.kind !== 'ok' && ensured.get(project) === under) ensured.delete(project);
      // Another service's build may have begun this, and may have been cancelled.
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
      `Harbor at ${host} has no project ${project}, and this account is not allowed to create one`,
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
      return built;
    },
  };
}

/** Explains a refusal. Harbor answers 401 alike to a wrong password, a missing right and a missing project. */
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
    return appdevError('PROJECT_MISSING', `${repository} does not name a project of the Harbor at ${host}`, {
      hint: `write the project after the host: registry: {push: "${host}/PROJECT"}`,
      ...evidence,
    });
  }
  const { project } = path;
  const there = await harbor.hasProject(project, signal);
  // The password is wrong or missing. Harbor's own answer to that is clearer than a refused push.
  if (there.kind === 'failed' && there.error.code === 'REGISTRY_DENIED')
    return { ...there.error, ...evidence };
  if (there.kind !== 'ok') return error;
  if (!there.value) {
    return appdevError('PROJECT_MISSING', `Harbor at ${host} has no project ${project}`, {
      hint: `create it there, or run appdev run --create-project with an account that may create projects; if ${project} is a typo, fix registry.push`,
      ...evidence,
    });
  }
  return appdevError(
    'REGISTRY_DENIED',
    `Harbor at ${host} has the project ${project}, but this account is not allowed to push ${name}`,
    {
      hint: `give it the rights to push and pull repositories of ${project} (a robot needs both), or use another account: ${credentialsHint(host)}`,
      ...evidence,
    },
  );
}
