/**
 * The active configuration and the parts that fit it. It reads the configuration again when asked. If the new one
 * cannot be used, it is rejected and the old one stays active. The cluster never changes under a running session.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ProjectConfig, ServiceConfig } from '../../config/model.ts';
import type { Emit } from '../../core/events.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { ImageOwner } from '../work/images.ts';
import type { Message } from '../decide/messages.ts';
import { configChanges } from './config-changes.ts';
import type { ServiceSpec } from '../decide/state.ts';
import type { WorkParts } from '../work/types.ts';

/**
 * A configuration that was read again. The parts stay as they are: a session chooses cluster, registry and builders
 * once.
 */
export interface Reloaded {
  readonly config: ProjectConfig;
  /** All services of the project, also those that take no part: manifests may name the image of any. */
  readonly images: readonly ImageOwner[];
}

/** What the configuration is made from. */
export interface ConfigurationParts extends Reloaded {
  readonly work: WorkParts;
  readonly reload: () => Promise<Outcome<Reloaded>>;
  /** Whether a service's unit tests run with its build. */
  readonly testsRun: (service: ServiceConfig) => boolean;
  readonly emit: Emit;
}

/** The active configuration, and what comes from it. */
export interface Configuration {
  readonly config: ProjectConfig;
  readonly work: WorkParts;
  /** As in `Reloaded`. */
  readonly images: readonly ImageOwner[];
  /** A service by its name; `undefined` if it is not configured any more. */
  service(name: string): ServiceConfig | undefined;
  /** What the loop has to know about each service. Asks the build tool which of them belong together. */
  specs(): Promise<readonly ServiceSpec[]>;
  /** Reads the configuration again. The message says how that ended. */
  reload(): Promise<Message>;
}

/** Sections that only the start of a session reads, and what to say when they change. */
const pinned = [
  {
    section: 'cluster',
    message: 'the `cluster` section changed; this session keeps using the cluster that it started with',
    hint: 'restart appdev to use the other one',
  },
  {
    section: 'name',
    message: 'the name of the project changed; this session keeps the name that it started with',
    hint: 'restart appdev to use the new one',
  },
] as const;

/** Makes the active configuration. It begins with the configuration of `parts`, and reads nothing yet. */
export function createConfiguration(parts: ConfigurationParts): Configuration {
  const { work } = parts;
  let { config, images } = parts;
  /** The configuration as it was read last. It shows whether the next reading brings anything new. */
  let read = config;
  /** The file was wrong at the last reading. Going back to the active configuration is then worth a message. */
  let wasRejected = false;

  async function specs(): Promise<readonly ServiceSpec[]> {
    const found: ServiceSpec[] = [];
    for (const service of config.services) {
      const reactor = service.jar === undefined ? undefined : await work.jarBuilder.reactorOf(service);
      found.push({
        name: service.name,
        // If the reactor is unknown, the build will say why. Until then the service is on its own.
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
      for (const { section, message, hint } of pinned) {
        const wanted = next.config[section];
        // The way back to what the session has needs no word.
        if (isDeepStrictEqual(wanted, config[section]) || isDeepStrictEqual(wanted, read[section])) continue;
        parts.emit({ type: 'notice', level: 'warning', message, hint });
      }
      const changed = configChanges(read, next.config);
      read = next.config;
      config = { ...next.config, cluster: config.cluster, name: config.name };
      return { kind: 'config-reloaded', services: await specs(), profiles: config.profiles, changed };
    },
  };
}
