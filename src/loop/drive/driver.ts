/**
 * Runs the loop: takes messages one after the other, hands them to `reduce`, and performs the effects. It decides
 * nothing. Only here does time become messages.
 */
import type { ProjectConfig, ServiceConfig } from '../../config/model.ts';
import type { Outcome } from '../../core/outcome.ts';
import { createBatches } from './batches.ts';
import type { ImageOwner } from '../work/images.ts';
import { createLooks, type LooksParts } from './looks.ts';
import type { RouteSpec } from '../../core/routes.ts';
import type { Step } from '../work/execute.ts';
import { reduce } from '../decide/reducer.ts';
import { createConfiguration, type Reloaded } from './configuration.ts';
import type { Effect, Message, Timer, UserMessage } from '../decide/messages.ts';
import { initialState, type LoopState } from '../decide/state.ts';
import type { Records, WorkParts } from '../work/types.ts';
import { createWrittenFiles } from '../work/written.ts';

/** What the loop is made from. */
export interface LoopParts extends LooksParts {
  /** The project with the services that take part in the configuration. */
  readonly config: ProjectConfig;
  readonly work: WorkParts;
  /** All services of the project, also those that take no part. */
  readonly images: readonly ImageOwner[];
  readonly records: Records;
  /** Reads the configuration again, for the same services and profiles. */
  readonly reload: () => Promise<Outcome<Reloaded>>;
  /** Whether a service's unit tests run with its build. */
  readonly testsRun: (service: ServiceConfig) => boolean;
  /** Batches that may keep this machine busy at once. */
  readonly limit: number;
  /** Default: `devRoutes` of core/routes.ts. */
  readonly routes?: readonly RouteSpec[];
  /** Steps besides those of loop/steps/list.ts. */
  readonly steps?: readonly Step[];
}

/** The running loop. */
export interface Loop {
  /**
   * Runs until it is asked to stop. Call it only once. Resolves when nothing of it runs any more. Rejects only for
   * bugs.
   */
  start(): Promise<void>;
  /** Passes on a key, a signal, or the state of the cluster's connection. Messages before `start` wait for it. */
  send(message: UserMessage): void;
  state(): LoopState;
}

/** Makes a loop. Nothing happens before `start`. */
export function createLoop(parts: LoopParts): Loop {
  const { scanner, clock, emit, limit } = parts;
  let state = initialState([], limit);
  let started = false;
  let draining = false;
  const queue: Message[] = [];
  const timers = new Map<Timer, () => void>();
  let stop = (): void => undefined;
  let crash = (_reason: unknown): void => undefined;
  const end = new Promise<void>((resolve, reject) => {
    stop = resolve;
    crash = reject;
  });
  const configuration = createConfiguration(parts);
  const written = createWrittenFiles((service, message, hint) =>
    emit({ type: 'notice', level: 'warning', service, message, hint }),
  );
  const looks = createLooks(parts, configuration, written, tell);
  const batches = createBatches({ ...parts, written, looks }, configuration, tell);

  function tell(message: Message): void {
    queue.push(message);
    drain();
  }

  function drain(): void {
    if (draining || !started) return;
    draining = true;
    try {
      for (let message = queue.shift(); message !== undefined; message = queue.shift()) {
        const next = reduce(state, message);
        state = next.state;
        for (const effect of next.effects) perform(effect);
      }
    } catch (error) {
      crash(error);
    } finally {
      draining = false;
    }
  }

  /** Starts work that reports by messages. If it rejects, that is a bug and ends the loop. */
  function begin(work: Promise<void>): void {
    work.catch((error: unknown) => {
      crash(error);
    });
  }

  function perform(effect: Effect): void {
    switch (effect.kind) {
      case 'emit':
        emit(effect.event);
        break;
      case 'look':
        begin(looks.look(effect.services));
        break;
      case 'start-batch':
        begin(batches.start(effect.orders));
        break;
      case 'cancel-run':
        batches.cancel(effect.run, effect.reason);
        break;
      case 'open-gate':
        batches.openGate(effect.run, effect.running);
        break;
      case 'arm-timer': {
        const { timer, ms } = effect;
        timers.get(timer)?.();
        timers.set(
          timer,
          clock.after(ms, () => {
            tell({ kind: 'timer-fired', timer });
          }),
        );
        break;
      }
      case 'disarm-timer':
        timers.get(effect.timer)?.();
        timers.delete(effect.timer);
        break;
      case 'reload-config':
        begin(reload());
        break;
      case 'exit':
        stop();
        break;
    }
  }

  async function reload(): Promise<void> {
    const message = await configuration.reload();
    if (message.kind === 'config-reloaded') scanner.configure(configuration.config);
    tell(message);
  }

  return {
    async start() {
      state = initialState(await configuration.specs(), limit, parts.routes);
      started = true;
      queue.unshift({ kind: 'started' });
      drain();
      try {
        await end;
      } finally {
        for (const disarm of timers.values()) disarm();
        batches.cancelAll('shutdown');
        await looks.close();
      }
    },
    send(message) {
      tell(message);
    },
    state: () => state,
  };
}
