/**
 * Collects what artifacts.json says about a build in addition to the image: the times of its stages and the state of
 * git.
 */
import type { Did } from '../../loop/once/run-once.ts';
import type { BuiltArtifact } from './artifacts.ts';
import type { Session } from '../session.ts';
import type { Work } from '../compose/work.ts';

/** Records one build or run. */
export interface BuildLog {
  /** Records the result of a service. Pass it as `OnceOptions.finished`. */
  readonly finished: (service: string, did: Did) => void;
  /** The artifacts to write: every image that was built, also if its service was not deployed. */
  artifacts(): Promise<readonly BuiltArtifact[]>;
}

/** Makes an empty record for the session's services. */
export function createBuildLog({ services, signals }: Session, { git, tags }: Work): BuildLog {
  const runs = new Map<string, Did>();
  return {
    finished: (service, did) => void runs.set(service, did),
    async artifacts() {
      const built: BuiltArtifact[] = [];
      for (const { name, path } of services) {
        const { artifact, stages = [] } = runs.get(name) ?? {};
        if (artifact === undefined) continue;
        const state = await git.state(path, signals.shutdown);
        built.push({ artifact, tags: tags.given(artifact), git: state, stages });
      }
      return built;
    },
  };
}
