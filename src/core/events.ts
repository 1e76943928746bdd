/**
 * Everything that appdev tells its user, as one union of plain events that can be written as JSON. The reporters (panel,
 * plain lines, NDJSON) get these events and nothing else. Types have a dot and are in past tense.
 */
import type { AppdevError } from './errors.ts';
import type { CancelReason } from './outcome.ts';
import type { Route, Stage } from './routes.ts';

/** How a stage ended. `skipped`: its result already existed. */
export type StageOutcome = 'ok' | 'failed' | 'cancelled' | 'skipped';

/** Why a service with a pending change is not built yet, and what it waits for. */
export type Hold =
  | { readonly reason: 'paused' }
  | { readonly reason: 'manual' }
  | { readonly reason: 'needs'; readonly on: string }
  /** Its manifests use the image of the service `on`, which is being built. */
  | { readonly reason: 'image'; readonly on: string }
  | { readonly reason: 'building'; readonly on: string }
  | { readonly reason: 'limit'; readonly running: number }
  | { readonly reason: 'git'; readonly operation: string }
  | { readonly reason: 'cluster'; readonly context: string }
  | { readonly reason: 'config' }
  | { readonly reason: 'cancelling' }
  | { readonly reason: 'settling' };

/** How one stage of a run ended, and how long it took. */
export interface StageTiming {
  readonly stage: Stage;
  /** Milliseconds of wall time. */
  readonly ms: number;
  readonly outcome: StageOutcome;
}

/** An image that the registry has confirmed, and what it was built from. */
export interface Artifact {
  readonly service: string;
  /** The repository as it was pushed, with the registry's host and without a tag: `localhost:5001/orders`. */
  readonly repository: string;
  readonly tag: string;
  /** `sha256:…` of the manifest (or index) in the registry. */
  readonly digest: string;
  /** The repository as nodes pull it. It differs from `repository` if the registry has another name for nodes. */
  readonly pullRepository: string;
  /** Hash over all inputs of the jar and the image. Empty if the image was built elsewhere. */
  readonly inputHash: string;
  /** SHA-256 of the jar in the image, in hex. Absent if appdev built no jar for it. */
  readonly jarSha256?: string;
  /** What built the image. Absent if it was built elsewhere. */
  readonly builder?: BuilderFacts;
}

/** The program that built an image. */
export interface BuilderFacts {
  /** `buildah`, `kaniko`, or the name of the program that `image.command` runs. */
  readonly name: string;
  /** Version of Buildah, or the image of Kaniko's executor. Absent for a program of the user. */
  readonly version?: string;
}

/** The state of a service's newest pods, summed up for the panel. */
export interface PodSummary {
  readonly ready: number;
  readonly desired: number;
  readonly restarts: number;
  /** A short word for the worst state: `Running`, `Pending`, `CrashLoopBackOff`, … */
  readonly phase: string;
  /** Workloads that are not in the cluster, `Kind/name` each. Absent if all are there. */
  readonly missing?: readonly string[];
  /** Ready pods of an older revision, which still serve. Absent if there are none. */
  readonly older?: number;
  /** Why pods are not ready, as far as the cluster says so: `Pod/orders-x: its readiness probe fails: …`. */
  readonly reason?: string;
}

/** An event without the number and time that the bus adds. */
export type EventBody =
  | {
      readonly type: 'session.started';
      readonly command: string;
      readonly version: string;
      readonly project: string;
      readonly profiles: readonly string[];
      readonly services: readonly string[];
    }
  | { readonly type: 'session.finished'; readonly exitCode: number; readonly error?: AppdevError }
  | {
      readonly type: 'cluster.selected';
      readonly context: string;
      readonly server: string;
      /** `kind`, `minikube`, …, or `named` if `cluster.allow` or the command line names the context. */
      readonly product: string;
      readonly namespace: string;
    }
  | {
      readonly type: 'registry.selected';
      readonly push: string;
      readonly pull: string;
      readonly inCluster?: string;
      /** Where the registry's name came from, for messages: `appdev.yaml`, `KEP-1755`, `kind`, `minikube`, `load`. */
      readonly source: string;
    }
  | {
      readonly type: 'config.reloaded';
      readonly profiles: readonly string[];
      /** The keys that changed: `services.orders.dev.forward`. */
      readonly changed: readonly string[];
    }
  | { readonly type: 'config.rejected'; readonly error: AppdevError }
  | {
      readonly type: 'watch.started';
      readonly files: number;
      readonly mode: 'events' | 'polling' | 'mixed';
      readonly reason?: string;
    }
  /** There are more or fewer files now. */
  | { readonly type: 'watch.changed'; readonly files: number }
  | { readonly type: 'watch.paused' }
  | { readonly type: 'watch.resumed' }
  | {
      readonly type: 'change.detected';
      readonly service: string;
      readonly change: number;
      /** At most 20 paths, sorted and relative to the project. `more` is the number of the others. */
      readonly paths: readonly string[];
      readonly more: number;
    }
  | { readonly type: 'service.held'; readonly service: string; readonly hold: Hold }
  | { readonly type: 'service.released'; readonly service: string }
  | {
      readonly type: 'run.started';
      readonly service: string;
      readonly run: number;
      readonly change: number;
      readonly route: Route;
      /** Why it takes this route: `changed: source`, `its image is gone from the registry`. */
      readonly because: string;
      /** Why the run started, e.g. `OrderService.java (+2)`, `start`, `asked for (r)`. */
      readonly reason: string;
    }
  | { readonly type: 'stage.started'; readonly service: string; readonly run: number; readonly stage: Stage }
  | {
      readonly type: 'stage.output';
      readonly service: string;
      readonly run: number;
      readonly stage: Stage;
      readonly stream: 'stdout' | 'stderr';
      readonly line: string;
    }
  | {
      readonly type: 'stage.finished';
      readonly service: string;
      readonly run: number;
      readonly stage: Stage;
      readonly outcome: StageOutcome;
      readonly ms: number;
      /** A short phrase to show, e.g. `1 layer, 34 KB`, `revision 7`, `unchanged`. */
      readonly detail?: string;
    }
  | {
      readonly type: 'run.finished';
      readonly service: string;
      readonly run: number;
      readonly change: number;
      readonly reason: string;
      readonly outcome: 'ok' | 'failed' | 'cancelled';
      /** `redirected`: another route goes on with it, as the next run. */
      readonly cancelReason?: CancelReason | 'redirected';
      readonly error?: AppdevError;
      readonly ms: number;
      readonly stages: readonly StageTiming[];
      readonly artifact?: Artifact;
    }
  | { readonly type: 'pod.changed'; readonly service: string; readonly pods: PodSummary }
  | {
      readonly type: 'pod.log';
      readonly service: string;
      readonly pod: string;
      readonly container: string;
      readonly line: string;
    }
  | {
      readonly type: 'forward.opened';
      readonly service: string;
      readonly localPort: number;
      readonly remotePort: number;
    }
  | {
      readonly type: 'forward.lost';
      readonly service: string;
      readonly localPort: number;
      readonly reason: string;
      readonly hint?: string;
    }
  /** appdev.yaml no longer asks for it. */
  | { readonly type: 'forward.closed'; readonly service: string; readonly localPort: number }
  | { readonly type: 'cluster.lost'; readonly context: string; readonly reason: string }
  | { readonly type: 'cluster.regained'; readonly context: string }
  | {
      readonly type: 'notice';
      readonly level: 'info' | 'warning';
      readonly message: string;
      readonly hint?: string;
      readonly service?: string;
    }
  | { readonly type: 'cleanup.started'; readonly services: readonly string[] }
  | {
      readonly type: 'cleanup.finished';
      /** Objects. */
      readonly removed: number;
      readonly kept: number;
      /** Services of which something may still be there. */
      readonly failed: readonly string[];
    };

/** An event as reporters get it. */
export type AppEvent = EventBody & {
  /** The number of the event in its session, from 1. */
  readonly seq: number;
  /** When it happened, in ISO 8601 and UTC. */
  readonly at: string;
};

/** Publishes an event. Never throws and never blocks. */
export type Emit = (event: EventBody) => void;

/**
 * The only way from work to the screen. It adds a number and the time to each event and passes it to every subscriber.
 */
export interface EventBus {
  readonly emit: Emit;
  /** Adds a consumer, which gets every later event in order. The returned function removes it. */
  subscribe(consumer: (event: AppEvent) => void): () => void;
}

/** Makes a bus. `now` returns the time in milliseconds since 1970. */
export function createEventBus(now: () => number): EventBus {
  const consumers = new Set<(event: AppEvent) => void>();
  let seq = 0;
  return {
    emit(body) {
      seq += 1;
      const event: AppEvent = { ...body, seq, at: new Date(now()).toISOString() };
      for (const consumer of consumers) consumer(event);
    },
    subscribe(consumer) {
      consumers.add(consumer);
      return () => {
        consumers.delete(consumer);
      };
    },
  };
}
