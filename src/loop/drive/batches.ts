/**
 * Carries out the runs that the loop planned: one batch shares the jar build, then each run goes on alone. Owns their
 * AbortControllers and the gates before their deploys. A run is reported as finished only when its work has ended.
 */
import type { Rendered } from '../../deploy/types.ts';
import type { Artifact, Emit } from '../../core/events.ts';
import type { CancelReason, Outcome } from '../../core/outcome.ts';
import type { Fingerprint, InputScanner } from '../../watch/types.ts';
import { onAbort } from '../../support/abort.ts';
import { identityOf, otherImages } from '../work/images.ts';
import type { Looks } from './looks.ts';
import { prepare, type Member, type Prepared, type Unfinished } from '../work/prepare.ts';
import { createRunReporter, type RunReporter } from '../work/reporter.ts';
import { buildImage, deploy, type AppliedHashes } from '../work/run.ts';
import type { Session } from './configuration.ts';
import type { Message, RunOrder } from '../decide/messages.ts';
import type { Uses } from '../decide/state.ts';
import type { BuildParts, Clock, Records } from '../work/types.ts';
import type { WrittenFiles } from '../work/written.ts';

/** What runs need beside the session's parts. */
export interface BatchesParts {
  readonly scanner: InputScanner;
  readonly records: Records;
  readonly written: WrittenFiles;
  readonly looks: Looks;
  readonly testsRun: BuildParts['testsRun'];
  readonly clock: Clock;
  readonly emit: Emit;
}

/** Runs under way. */
export interface Batches {
  /** Starts runs; each ends with a `run-finished` message. Rejects only for bugs. */
  start(orders: readonly RunOrder[]): Promise<void>;
  cancel(run: number, reason: CancelReason): void;
  cancelAll(reason: CancelReason): void;
  openGate(run: number): void;
  /** Nothing is known any more of what the cluster has. */
  forgetApplied(): void;
}

/** Makes the hands of a loop; `tell` takes its messages. */
export function createBatches(
  parts: BatchesParts,
  session: Session,
  tell: (message: Message) => void,
): Batches {
  const { clock, emit, looks } = parts;
  const controllers = new Map<number, AbortController>();
  const gates = new Map<number, (open: boolean) => void>();
  const applied: AppliedHashes = new Map();
  /** The newest image of each service of this session. */
  const images = new Map<string, Artifact>();

  function reporterOf({ service, run }: RunOrder): RunReporter {
    const now = (): number => clock.now();
    return createRunReporter({
      service,
      run,
      emit,
      now,
      onStage: (stage) => tell({ kind: 'stage-reached', service, run, stage }),
    });
  }

  function accept({ service, run }: Member, fingerprint: Fingerprint): void {
    tell({ kind: 'inputs-accepted', service: service.name, run, fingerprint });
  }

  function gate({ service, run, signal }: Member, rendered: Rendered): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      onAbort(signal, () => resolve(false));
      gates.set(run, resolve);
      tell({ kind: 'gate-reached', service: service.name, run, uses: usesOf(rendered) });
    });
  }

  async function carryOut(
    member: Member,
    reporter: RunReporter,
    prepared: Promise<Prepared | Unfinished> | undefined,
    build: BuildParts,
  ): Promise<void> {
    if (prepared === undefined) return;
    const ready = await prepared;
    const image = await buildImage(member, ready, build);
    const artifact = image.kind === 'ok' ? image.value : undefined;
    let result: Outcome<unknown> | Unfinished = image;
    const { name } = member.service;
    if (artifact !== undefined) {
      images.set(name, artifact);
      tell({ kind: 'image-made', service: name, run: member.run, image: identityOf(artifact) });
    }
    if (image.kind === 'ok' && 'scan' in ready) {
      const { fingerprint } = ready.scan;
      result = await deploy(member, artifact, ready.scan, build, applied, {
        gate: (rendered) => gate(member, rendered),
        others: () => otherImages(session.images, name, images),
        awaits: (other) => session.service(other)?.image !== undefined,
        rendered: (state) => accept(member, { ...fingerprint, deploy: state }),
      });
    }
    reporter.close(result.kind);
    controllers.delete(member.run);
    gates.delete(member.run);
    tell({
      kind: 'run-finished',
      service: name,
      run: member.run,
      result: result.kind === 'ok' ? { kind: 'ok' } : result,
      ms: reporter.elapsedMs(),
      stages: reporter.timings(),
      ...(artifact === undefined ? {} : { artifact }),
      ...('artifactLost' in result ? { artifactLost: true } : {}),
    });
  }

  return {
    async start(orders) {
      const jobs = orders.flatMap((order) => {
        const service = session.service(order.service);
        if (service === undefined) return [];
        const controller = new AbortController();
        controllers.set(order.run, controller);
        const reporter = reporterOf(order);
        const { run, route, force, fingerprint: expected } = order;
        const { signal } = controller;
        const seen = looks.recent(order.service);
        const { report } = reporter;
        const member: Member = {
          ...{ service, run, route, force, expected, signal, report },
          ...(seen === undefined ? {} : { seen }),
        };
        return [{ member, reporter }];
      });
      const build: BuildParts = { ...session.work, ...parts, projectRoot: session.config.root };
      const prepared = prepare(
        jobs.map(({ member }) => member),
        build,
        {
          jarStarted: (member, before) => looks.jarStarted(member, before),
          jarEnded: (member) => looks.jarEnded(member),
          accepted: accept,
        },
      );
      await Promise.all(
        jobs.map(({ member, reporter }) => carryOut(member, reporter, prepared.get(member), build)),
      );
    },
    cancel(run, reason) {
      controllers.get(run)?.abort(reason);
    },
    cancelAll(reason) {
      for (const controller of controllers.values()) controller.abort(reason);
    },
    openGate(run) {
      gates.get(run)?.(true);
    },
    forgetApplied() {
      applied.clear();
    },
  };
}

function usesOf({ uses = [], lacks = [] }: Rendered): Uses {
  const known = Object.fromEntries(uses.map((artifact) => [artifact.service, identityOf(artifact)]));
  return { ...known, ...Object.fromEntries(lacks.map((service) => [service, ''])) };
}
