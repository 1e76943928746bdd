/**
 * Everything that appdev tells its user, as one union of plain, JSON-serialisable events. The reporters (terminal
 * panel, plain lines, NDJSON) are equal consumers of it and get nothing else. Types are dotted and in past tense.
 */
import type { AppdevError } from './errors.ts';
import type { CancelReason } from './outcome.ts';

/** One step of a run. `scan`: the registry's judgement of a pushed image is waited for. `sync` and `restart` belong to routes that go round the image. */
export type Stage =
  | 'compile'
  | 'package'
  | 'image'
  | 'push'
  | 'scan'
  | 'render'
  | 'apply'
  | 'rollout'
  | 'sync'
  | 'restart'
  | 'verify';

/** How a change reaches the pod. */
export type Route = 'render-only' | 'image' | 'restart' | 'hotswap';

/** How a stage ended. `skipped` means its result was already there. */
export type StageOutcome = 'ok' | 'failed' | 'cancelled' | 'skipped';

/** Why a service with a pending change does not run, with the culprit's name where there is one. */
export type Hold =
  | { readonly reason: 'paused' }
  | { readonly reason: 'manual' }
  | { readonly reason: 'needs'; readonly on: string }
  /** Its manifests name the image of that service, which is being built. */
  | { readonly reason: 'image'; readonly on: string }
  | { readonly reason: 'building'; readonly on: string }
  | { readonly reason: 'limit'; readonly running: number }
  | { readonly reason: 'git'; readonly operation: string }
  | { readonly reason: 'cluster'; readonly context: string }
  | { readonly reason: 'config' }
  | { readonly reason: 'cancelling' }
  | { readonly reason: 'settling' };

/** How long one stage of a run took. */
export interface StageTiming {
  readonly stage: Stage;
  /** Milliseconds of wall time. */
  readonly ms: number;
  readonly outcome: StageOutcome;
}

/** An image that the registry confirmed, with what it was built from. */
export interface Artifact {
  readonly service: string;
  /** Repository as pushed, with registry host, without tag: `localhost:5001/orders`. */
  readonly repository: string;
  readonly tag: string;
  /** `sha256:…` of the manifest (or index) in the registry. */
  readonly digest: string;
  /** Repository as the node pulls it; differs from `repository` where push and pull names differ. */
  readonly pullRepository: string;
  /** Hash over every input of jar and image; empty for an image that was built elsewhere. */
  readonly inputHash: string;
  /** SHA-256 of the jar in it, hex; absent where it has none of ours. */
  readonly jarSha256?: string;
  /** What built it; absent for an image that was built elsewhere. */
  readonly builder?: BuilderFacts;
}

/** The program that built an image. */
export interface BuilderFacts {
  /** `buildah`, `kaniko`, or the name of the program that `image.command` runs. */
  readonly name: string;
  /** Version of Buildah, or the image of Kaniko's executor; absent for a program of the user's. */
  readonly version?: string;
}

/** State of the newest pods of a service, as the panel shows it. */
export interface PodSummary {
  readonly ready: number;
  readonly desired: number;
  readonly restarts: number;
  /** A short word for the worst state: `Running`, `Pending`, `CrashLoopBackOff`, … */
  readonly phase: string;
}

/** What happened, without the envelope that the bus adds. */
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
      /** `kind`, `minikube`, …, or `named` for one that `cluster.allow` or the command line names. */
      readonly product: string;
      readonly namespace: string;
    }
  | {
      readonly type: 'registry.selected';
      readonly push: string;
      readonly pull: string;
      readonly inCluster?: string;
      /** How it was found, to be shown: `appdev.yaml`, `KEP-1755`, `kind`, `minikube`, `load`. */
      readonly source: string;
    }
  | { readonly type: 'config.reloaded'; readonly profiles: readonly string[] }
  | { readonly type: 'config.rejected'; readonly error: AppdevError }
  | {
      readonly type: 'watch.started';
      readonly files: number;
      readonly mode: 'events' | 'polling' | 'mixed';
      readonly reason?: string;
    }
  | { readonly type: 'watch.paused' }
  | { readonly type: 'watch.resumed' }
  | {
      readonly type: 'change.detected';
      readonly service: string;
      readonly change: number;
      /** Relative to the project, sorted, at most 20; `more` counts the rest. */
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
      /** Why it runs, e.g. `OrderService.java (+2)`, `start`, `asked for (r)`. */
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
      /** One phrase worth showing: `1 layer, 34 KB`, `revision 7`, `unchanged`. */
      readonly detail?: string;
    }
  | {
      readonly type: 'run.finished';
      readonly service: string;
      readonly run: number;
      readonly change: number;
      readonly reason: string;
      readonly outcome: 'ok' | 'failed' | 'cancelled';
      readonly cancelReason?: CancelReason;
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
    }
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
  | { readonly type: 'cleanup.finished'; readonly removed: number; readonly kept: number };

/** One event as reporters get it. */
export type AppEvent = EventBody & {
  /** Counts from 1 within the session. */
  readonly seq: number;
  /** ISO 8601 time in UTC. */
  readonly at: string;
};

/** Publishes an event. Never throws and never blocks. */
export type Emit = (event: EventBody) => void;

/** The session's one way from work to screen: numbers and stamps events and hands them to every subscriber. */
export interface EventBus {
  readonly emit: Emit;
  /** Adds a consumer; the returned function removes it. Subscribers see every later event, in order. */
  subscribe(consumer: (event: AppEvent) => void): () => void;
}

/** Makes a bus. `now` gives the time in milliseconds since the epoch. */
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
