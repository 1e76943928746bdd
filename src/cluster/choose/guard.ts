/**
 * Decides whether a command may use a cluster. Pure, and always first: nothing is contacted before its decision. It
 * sees only the kubeconfig, the project file and the command line.
 */
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { recognize, type ContextFacts } from '../products.ts';

/** Commands that touch a cluster. */
export type GuardedCommand =
  'dev' | 'deploy' | 'delete' | 'run' | 'build' | 'verify' | 'diff' | 'status' | 'logs' | 'doctor';

/**
 * What each command needs. `local`: a known local product, or a context that `cluster.allow` lists. `named`: that, or
 * any context that was named on purpose (`--kube-context`, `cluster.context`); for `run`, which is for pipelines, `build`,
 * which pushes to the registry that it finds through the cluster, and `diff`. It changes nothing, but it sends every
 * object as a dry run, Secrets with their values, and admission webhooks and the audit log get to see them. `any`: for
 * commands that only read. doctor also tries a push and a pod, but not if the product is `unknown`
 * (src/app/doctor/registry-probe.ts).
 */
const needs: Record<GuardedCommand, 'local' | 'named' | 'any'> = {
  dev: 'local',
  deploy: 'local',
  delete: 'local',
  run: 'named',
  build: 'named',
  verify: 'any',
  diff: 'named',
  status: 'any',
  logs: 'any',
  doctor: 'any',
};

/** What the guard's decision depends on. */
export interface GuardRequest {
  readonly command: GuardedCommand;
  readonly facts: ContextFacts;
  /** `cluster.allow` of appdev.yaml: exact names of contexts. */
  readonly allow: readonly string[];
  /** True if the context was named by `--kube-context`, APPDEV_KUBE_CONTEXT or `cluster.context`. */
  readonly explicitContext: boolean;
  /** IP addresses of this machine's interfaces, as `os.networkInterfaces` lists them. */
  readonly ownAddresses: readonly string[];
  /** Other contexts of the kubeconfig that lead to known local products. */
  readonly localContexts: readonly string[];
}

/**
 * Permission to use the context. `product` is the known local product; `named` if only `cluster.allow` or the command
 * line vouches for it; `unknown` for a command that only reads.
 */
export interface Admission {
  readonly product: string;
}

/**
 * Admits a command to a cluster, or refuses it (CONTEXT_REFUSED or CONTEXT_NOT_NAMED, exit 9) with what to write or
 * type.
 */
export function decide(request: GuardRequest): Outcome<Admission> {
  const { command, facts, allow, explicitContext } = request;
  const recognition = recognize(facts, request.ownAddresses);
  if (recognition.kind === 'known') return ok({ product: recognition.product });
  if (allow.includes(facts.context)) return ok({ product: 'named' });

  const where = `context ${facts.context} (${facts.server})`;
  switch (needs[command]) {
    case 'any':
      return ok({ product: explicitContext ? 'named' : 'unknown' });
    case 'named':
      if (explicitContext) return ok({ product: 'named' });
      return failed(
        'CONTEXT_NOT_NAMED',
        `${command} does not use ${where} unless you name it: ${recognition.reason}, and it is only the current context`,
        { hint: adviceFor(request, `name it: ${withContext(command, facts.context)}`) },
      );
    case 'local': {
      const line = allowLine([...allow, facts.context]);
      return failed('CONTEXT_REFUSED', `${command} does not write to ${where}: ${recognition.reason}`, {
        hint: adviceFor(request, `put this line under "cluster:" in appdev.yaml: ${line}`),
      });
    }
  }
}

/** At most this many local contexts are listed. */
const listed = 5;

/**
 * What to do about a context that is refused. Who did not name it has most likely forgotten to switch, so that comes
 * first. `permit` says how to use it all the same.
 */
function adviceFor({ command, facts, explicitContext, localContexts }: GuardRequest, permit: string): string {
  const meant = `if you mean ${facts.context}, ${permit}`;
  const [first, ...others] = localContexts;
  if (explicitContext)
    return first === undefined ? meant : `${meant}; local contexts: ${listOf(localContexts)}`;
  if (first === undefined) return `to use another cluster: ${withContext(command, 'NAME')}; ${meant}`;
  const more = others.length === 0 ? '' : ` (or ${listOf(others)})`;
  return `switch to a local cluster: ${withContext(command, first)}, or kubectl config use-context ${shellWord(first)}${more}; ${meant}`;
}

function listOf(contexts: readonly string[]): string {
  return contexts.slice(0, listed).join(', ') + (contexts.length > listed ? ', …' : '');
}

function withContext(command: GuardedCommand, context: string): string {
  return `appdev ${command} --kube-context ${shellWord(context)}`;
}

/** The line of appdev.yaml that allows these contexts. */
export function allowLine(contexts: readonly string[]): string {
  return `allow: [${contexts.map(yamlWord).join(', ')}]`;
}

/**
 * The text plain if YAML's flow style reads it back as the same string, otherwise quoted (`arn:aws:…`, `123`, `true`).
 */
function yamlWord(text: string): string {
  const plain =
    /^[A-Za-z][A-Za-z0-9._@/-]*$/.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text);
  return plain ? text : JSON.stringify(text);
}

function shellWord(text: string): string {
  return /^[A-Za-z0-9._@/:-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
