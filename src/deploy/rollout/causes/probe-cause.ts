/** Why a running container is not ready: the probe's URL and the last answer. Pure. */
import { fieldAt, fieldsAt, listAt, numberAt, stringAt } from '../../../support/fields.ts';
import { newestEvent, type ContainerView, type Finding } from './container-view.ts';

/** A probe, as the kubelet names it in events. */
export type ProbeName = 'readiness' | 'startup' | 'liveness';

/**
 * The cause for a running container whose probe fails. `only` limits it to that probe; then the container need not be
 * running at the moment.
 *
 * @returns undefined while no probe has failed, because the app is still starting
 */
export function probeCause(view: ContainerView, only?: ProbeName): Finding | undefined {
  const { spec, status, events, called } = view;
  if (only === undefined && fieldAt(status, 'state', 'running') === undefined) return undefined;
  const failures = events.filter((event) => {
    const message = stringAt(event, 'message') ?? '';
    return only === undefined
      ? /^\w+ probe (failed|errored)/.test(message)
      : message.toLowerCase().startsWith(`${only} probe`);
  });
  const failure = newestEvent(failures, 'Unhealthy', 'ProbeWarning');
  const match = /^(\w+) probe (?:failed|errored):?\s*([\s\S]*)$/.exec(stringAt(failure, 'message') ?? '');
  if (match === null) return undefined;
  const name = (match[1] ?? '').toLowerCase() as ProbeName;
  const probe = fieldsAt(spec, `${name}Probe`);
  const target = probeTarget(probe, spec);
  return {
    kind: 'probe',
    message: `${called} runs, but its ${name} probe${target === '' ? '' : ` ${target}`} fails: ${answer(match[2] ?? '')}`,
    hint: probeHint(match[2] ?? '', target),
    endsAfterMs: 'deadline',
    log: 'current',
  };
}

/** What the probe calls: `GET :8080/actuator/health/readiness`, with named ports resolved. */
function probeTarget(probe: unknown, spec: unknown): string {
  const http = fieldAt(probe, 'httpGet');
  if (http !== undefined) return `GET :${port(fieldAt(http, 'port'), spec)}${stringAt(http, 'path') ?? '/'}`;
  const tcp = fieldAt(probe, 'tcpSocket');
  if (tcp !== undefined) return `to port ${port(fieldAt(tcp, 'port'), spec)}`;
  const grpc = fieldAt(probe, 'grpc');
  if (grpc !== undefined) return `by gRPC to port ${port(fieldAt(grpc, 'port'), spec)}`;
  const command = listAt(probe, 'exec', 'command');
  return command.length === 0 ? '' : `\`${command.map(String).join(' ')}\``;
}

function port(value: unknown, spec: unknown): string {
  if (typeof value === 'number') return String(value);
  const named = listAt(spec, 'ports').find((one) => stringAt(one, 'name') === value);
  return String(numberAt(named, 'containerPort') ?? value);
}

/** The answer, without the URL that the kubelet repeats. */
function answer(said: string): string {
  const status = /statuscode: (\d+)/.exec(said)?.[1];
  if (status !== undefined) return `HTTP ${status}`;
  const text = said
    .replace(/^(Get|Head) "[^"]*": /, '')
    .replace(/dial tcp \S+: (connect: )?/, '')
    .trim();
  return text === '' ? 'no answer' : (text.split('\n')[0] ?? text);
}

function probeHint(said: string, target: string): string {
  if (/connection refused/.test(said))
    return `the app does not listen there (yet): check that its server.port fits ${target || 'the probe'}`;
  if (/statuscode: 404/.test(said))
    return `nothing serves that path: check it against management.endpoints of the app`;
  if (/statuscode: 50[03]/.test(said))
    return 'the app itself says that it is not ready: look at its log and its health endpoint';
  if (/statuscode: 40[13]/.test(said))
    return 'the app wants the probe to sign in: allow access to the health endpoint without a login';
  if (/deadline exceeded|timeout/i.test(said))
    return "the answer takes longer than the probe's timeoutSeconds";
  return 'check the probe against what the app serves; run appdev render to see it';
}
