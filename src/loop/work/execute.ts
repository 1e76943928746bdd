/**
 * The one executor: carries runs along their routes, step after step. `dev` and the one-shot commands only differ in
 * when runs start and what they wait for (`RunHooks`).
 */
import { stagesOf, type RouteSpec, type Stage } from '../../core/routes.ts';
import type { Member, RunEnd, RunState, StepResult } from './member.ts';

/** The runs of a batch, each with how it has gone so far. */
export type Progress = ReadonlyMap<Member, Promise<RunEnd>>;

/** Does one stage, or several in a row that one invocation does together. */
export type Step =
  | {
      readonly scope: 'service';
      readonly stages: readonly Stage[];
      run(member: Member, state: RunState): Promise<StepResult>;
    }
  | {
      readonly scope: 'batch';
      readonly stages: readonly Stage[];
      /** Takes all members of a batch at once. It must give each of them an end. They may end at different times. */
      run(states: ReadonlyMap<Member, Promise<StepResult>>): ReadonlyMap<Member, Promise<StepResult>>;
    };

/** How a run begins: it looks at its inputs, and at what is made of them already. */
export type OpenRun = (member: Member) => Promise<StepResult>;

/**
 * Starts the runs of one batch, which all have the same route. Each promise resolves as soon as its run has ended. It
 * rejects only for bugs.
 */
export function execute(
  members: readonly Member[],
  route: RouteSpec,
  { steps, open }: { readonly steps: readonly Step[]; readonly open: OpenRun },
): Progress {
  let runs: Progress = new Map(members.map((member) => [member, ended(open(member), {})]));
  for (const step of stepsFor(route, steps)) runs = carryOn(runs, step);
  return runs;
}

/**
 * The steps of a route, in order. The longest step that fits does the next stages. Throws if no step does a stage,
 * because the table is wrong then.
 */
export function stepsFor(route: RouteSpec, steps: readonly Step[]): readonly Step[] {
  const found: Step[] = [];
  const left = [...stagesOf(route)];
  while (left.length > 0) {
    const [step] = steps
      .filter(({ stages }) => stages.every((stage, index) => left[index] === stage))
      .sort((a, b) => b.stages.length - a.stages.length);
    if (step === undefined) throw new Error(`no step does the stage ${left[0]} of the route ${route.route}`);
    left.splice(0, step.stages.length);
    found.push(step);
  }
  return found;
}

function carryOn(runs: Progress, step: Step): Progress {
  if (step.scope === 'batch') {
    const results = step.run(new Map([...runs].map(([member, run]) => [member, resultOf(run)])));
    return new Map(
      [...runs].map(([member, run]) => [member, after(run, results.get(member) ?? resultOf(run))]),
    );
  }
  return new Map(
    [...runs].map(([member, run]) => [
      member,
      after(
        run,
        run.then(({ result }) => (result.kind === 'ok' ? step.run(member, result.value) : result)),
      ),
    ]),
  );
}

async function resultOf(run: Promise<RunEnd>): Promise<StepResult> {
  return (await run).result;
}

async function after(before: Promise<RunEnd>, result: Promise<StepResult>): Promise<RunEnd> {
  return await ended(result, (await before).reached);
}

async function ended(pending: Promise<StepResult>, before: Partial<RunState>): Promise<RunEnd> {
  const result = await pending;
  return { result, reached: result.kind === 'ok' ? result.value : before };
}
