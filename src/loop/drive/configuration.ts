/**
 * The configuration in force and the parts that fit it. Reads it again when asked: what cannot be used is rejected and the
 * old one stays, and the cluster is never changed under a running session.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ProjectConfig, ServiceConfig } from '../../config/model.ts';
import type { Emit } from '../../core/events.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { ImageOwner } from '../work/images.ts';
import type { Message } from '../decide/messages.ts';
import type { ServiceSpec } from '../decide/state.ts';
import type { WorkParts } from '../work/types.ts';

/** A configuration read again. The parts stay as they are: cluster, registry and builders are chosen once a session. */
export interface Reloaded {
  readonly config: ProjectConfig;
  /** All services of the project, also those that take no part: manifests may name the image of any. */
  readonly images: readonly ImageOwner[];
}

/** What a session is made from. */
export interface SessionParts extends Reloaded {
  readonly work: WorkParts;
  readonly reload: () => Promise<Outcome<Reloaded>>;
  /** Whether a service's unit tests run with its build. */
  readonly testsRun: (service: ServiceConfig) => boolean;
  readonly emit: Emit;
}

/** The configuration in force. */
export interface Session {
  readonly config: ProjectConfig;
  readonly work: WorkParts;
  /** As in `Reloaded`. */
  readonly images: readonly ImageOwner[];
  /** A service by its name; `undefined` when it is no longer configured. */
  service(name: string): ServiceConfig | undefined;
  /** What the loop has to know of each service. Asks the build tool which of them belong together. */
  specs(): Promise<readonly ServiceSpec[]>;
  /** Reads the configuration again; the message says what came of it. */
  reload(): Promise<Message>;
}

/** Makes the session. */
export function createSession(parts: SessionParts): Session {
  const { work } = parts;
  let { config, images } = parts;
  /** As it was read last, to tell whether the next reading brings anything new. */
  let read = config;
  /** The file was wrong at the last reading: going back to what is in force is then worth saying. */
  let wasRejected = false;

  async function specs(): Promise<readonly ServiceSpec[]> {
    const found: ServiceSpec[] = [];
    for (const service of config.services) {
      const reactor = service.jar === undefined ? undefined : await work.jarBuilder.reactorOf(service);
      found.push({
        name: service.name,
        // Where the reactor cannot be told, the build will say why; until then the service is on its own.
        ...(reactor === undefined ? {} : { reactor: reactor.kind === 'ok' ? reactor.value : service.path }),
        builds: service.image !== undefined,
        tests: parts.testsRun(service),
        needs: service.needs,
        manual: service.dev.trigger === 'manual',
      });
    }
    return found;
  }

  return {
    get config() {
      return config;
    },
    work,
    get images() {
      return images;
    },
    service: (name) => config.services.find((service) => service.name === name),
    specs,
    async reload() {
      const outcome = await parts.reload();
      if (outcome.kind === 'failed') {
        wasRejected = true;
        return { kind: 'config-rejected', error: outcome.error };
      }
      if (outcome.kind === 'cancelled') return { kind: 'config-kept' };
      const next = outcome.value;
      images = next.images;
      if (!wasRejected && isDeepStrictEqual(next.config, read)) return { kind: 'config-kept' };
      wasRejected = false;
      if (!isDeepStrictEqual(next.config.cluster, read.cluster)) {
        parts.emit({
          type: 'notice',
          level: 'warning',
          message:
            'the `cluster` section changed; this session stays with the cluster that it was started for',
          hint: 'restart appdev to use the other one',
        });
      }
      read = next.config;
      config = { ...next.config, cluster: config.cluster };
      return { kind: 'config-reloaded', services: await specs(), profiles: config.profiles };
    },
  };
}
