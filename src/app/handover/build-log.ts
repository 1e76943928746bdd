/** Gathers what artifacts.json says of a build beside the image: how long its stages took, and the state of git. */
import type { Did } from '../../loop/work/once-job.ts';
import type { BuiltArtifact } from './artifacts.ts';
import type { Session } from '../session.ts';
import type { Work } from '../compose/work.ts';

/** Listens to one build, or to one run. */
export interface BuildLog {
  /** For `OnceOptions.finished`. */
  readonly finished: (service: string, did: Did) => void;
  /** What is to be written down: every image that is there, also of a service that was not deployed in the end. */
  artifacts(): Promise<readonly BuiltArtifact[]>;
}

/** Makes one. */
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
