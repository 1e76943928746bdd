/**
 * Carries out the runs that the loop planned, with the one executor. It owns their AbortControllers and the gates
 * before their applies. It reports a run as finished only when the run's work has ended.
 */
import type { Rendered } from '../../deploy/types.ts';
import type { Artifact, Emit } from '../../core/events.ts';
import { cancelled, ok, type CancelReason, type Outcome } from '../../core/outcome.ts';
import { onAbort } from '../../support/abort.ts';
import type { MonotonicClock } from '../../support/clock.ts';
import type { Fingerprint, InputScanner } from '../../watch/types.ts';
import { execute, type Step } from '../work/execute.ts';
import { identityOf, otherImages } from '../work/images.ts';
import type { Looks } from './looks.ts';
import type { Member, RunEnd } from '../work/member.ts';
import { openRun } from '../work/open-run.ts';
import { createRunReporter, type RunReporter } from '../work/reporter.ts';
import { createAdmission } from '../steps/scan.ts';
import type { Configuration } from './configuration.ts';
import { createSteps } from '../steps/list.ts';
import type { Message, RunFinished, RunOrder } from '../decide/messages.ts';
import type { Running, Uses } from '../decide/state.ts';
import type { BuildParts, Records } from '../work/types.ts';
import type { WrittenFiles } from '../work/written.ts';

/** What runs need besides the parts of the configuration. */
export interface BatchesParts {
  readonly scanner: InputScanner;
  readonly records: Records;
  readonly written: WrittenFiles;
  readonly looks: Looks;
  readonly testsRun: BuildParts['testsRun'];
  readonly clock: MonotonicClock;
  readonly emit: Emit;
  /** Steps besides those of loop/steps/list.ts. */
  readonly steps?: readonly Step[];
}

/** Runs under way. */
export interface Batches {
  /** Starts runs of one route. Each ends with a `run-finished` message. Rejects only for bugs. */
  start(orders: readonly RunOrder[]): Promise<void>;
  cancel(run: number, reason: CancelReason): void;
  cancelAll(reason: CancelReason): void;
  /** Lets a run go on to its apply. `running` is what its pods run now. */
  openGate(run: number, running: Running): void;
}

/** One run under way. */
interface Job {
  readonly member: Member;
  readonly reporter: RunReporter;
}

/** Makes the part that carries out runs for a loop. `tell` takes its messages. */
export function createBatches(
  parts: BatchesParts,
  configuration: Configuration,
  tell: (message: Message) => void,
): Batches {
  const { scanner, records, written, testsRun, clock, emit, looks } = parts;
  const controllers = new Map<number, AbortController>();
  const gates = new Map<number, (outcome: Outcome<Running>) => void>();
  /** The newest image of each service of this session. */
  const images = new Map<string, Artifact>();
  const admission = createAdmission(configuration.work);
  const build: BuildParts = {
    ...configuration.work,
    projectRoot: configuration.config.root,
    ...{ scanner, records, written, testsRun },
  };
  const steps = [
    ...createSteps(build, admission, {
      jarStarted: (member, before) => looks.jarStarted(member, before),
      jarEnded: (member) => looks.jarEnded(member),
      accepted: accept,
      made,
      others: ({ service }) => otherImages(configuration.images, service.name, images),
      awaits: (other) => configuration.service(other)?.image !== undefined,
      gate,
      rendered: (member, scan, deploy) => accept(member, { ...scan.fingerprint, deploy }),
    }),
    ...(parts.steps ?? []),
  ];
  const open = openRun(build);

  function accept({ service, run }: Member, fingerprint: Fingerprint): void {
    tell({ kind: 'inputs-accepted', service: service.name, run, fingerprint });
  }

  function made({ service, run }: Member, artifact: Artifact | undefined): Promise<Outcome<void>> {
    if (artifact !== undefined) {
      images.set(service.name, artifact);
      tell({ kind: 'image-made', service: service.name, run, image: identityOf(artifact) });
    }
    return Promise.resolve(ok(undefined));
  }

  function gate({ service, run, signal }: Member, rendered: Rendered): Promise<Outcome<Running>> {
    if (signal.aborted) return Promise.resolve(cancelled(signal));
    return new Promise((resolve) => {
      onAbort(signal, () => resolve(cancelled(signal)));
      gates.set(run, resolve);
      tell({ kind: 'gate-reached', service: service.name, run, uses: usesOf(rendered) });
    });
  }

  function begin(order: RunOrder): readonly Job[] {
    const service = configuration.service(order.service);
    if (service === undefined) return [];
    const { run, route, force, fingerprint: expected } = order;
    const controller = new AbortController();
    controllers.set(run, controller);
    const reporter = createRunReporter({
      ...{ service: service.name, run, emit },
      now: () => clock.now(),
      onStage: (stage) => tell({ kind: 'stage-reached', service: service.name, run, stage }),
    });
    const seen = looks.recent(service.name);
    const member: Member = {
      ...{ service, run, route, force, expected },
      ...{ signal: controller.signal, report: reporter.report },
      ...(seen === undefined ? {} : { seen }),
    };
    return [{ member, reporter }];
  }

  function end({ member, reporter }: Job, { result, reached }: RunEnd): void {
    const { service, run } = member;
    const { artifact, manifests } = reached;
    reporter.close(result.kind === 'redirected' ? 'cancelled' : result.kind);
    controllers.delete(run);
    gates.delete(run);
    tell({
      kind: 'run-finished',
      service: service.name,
      run,
      result: resultOf(result),
      ms: reporter.elapsedMs(),
      stages: reporter.timings(),
      ...(artifact === undefined ? {} : { artifact }),
      ...(manifests === undefined ? {} : { manifests }),
    });
  }

  return {
    async start(orders) {
      const jobs = orders.flatMap(begin);
      const [route] = orders.map((order) => order.route);
      if (route === undefined) return;
      const runs = execute(
        jobs.map(({ member }) => member),
        route,
        { steps, open },
      );
      await Promise.all(
        jobs.map(async (job) => {
          const run = await runs.get(job.member);
          if (run !== undefined) end(job, run);
        }),
      );
    },
    cancel(run, reason) {
      controllers.get(run)?.abort(reason);
    },
    cancelAll(reason) {
      for (const controller of controllers.values()) controller.abort(reason);
    },
    openGate(run, running) {
      gates.get(run)?.(ok(running));
    },
  };
}

function resultOf(result: RunEnd['result']): RunFinished['result'] {
  return result.kind === 'ok' ? { kind: 'ok' } : result;
}

function usesOf({ uses = [], lacks = [] }: Rendered): Uses {
  const known = Object.fromEntries(uses.map((artifact) => [artifact.service, identityOf(artifact)]));
  return { ...known, ...Object.fromEntries(lacks.map((service) => [service, ''])) };
}
