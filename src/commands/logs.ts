/** `appdev logs`: prints or follows the application logs of the services. */
import { followPodLogs, readPodLogs, type PodLogsRequest } from '../cluster/logs/pod-logs.ts';
import { durationMs } from '../config/schema/grammar.ts';
import type { EventBody } from '../core/events.ts';
import { failed, ok, type Outcome } from '../core/outcome.ts';
import { namespaceOf, openTarget } from '../app/compose/cluster.ts';
import type { Invocation } from '../app/invocation.ts';
import { done, noticesOnStderr, wantsJson, withData } from '../app/data-session.ts';
import { podsIn } from '../app/deployed/selectors.ts';
import { cleanLine, showUnsafe } from '../ui/text/sanitize.ts';

/** How many lines of each container are printed if neither `--tail` nor `--since` is passed. */
const defaultTail = 200;

/** Runs `appdev logs`. Returns the exit code; with `--follow`, it runs until a signal. */
export async function logs(invocation: Invocation): Promise<Outcome<number>> {
  const limits = limitsOf(invocation);
  if (limits.kind !== 'ok') return limits;
  const json = wantsJson(invocation);
  const print = (service: string, pod: string, container: string, line: string): void => {
    process.stdout.write(
      json
        ? showUnsafe(`${JSON.stringify({ v: 1, type: 'pod.log', service, pod, container, line })}\n`)
        : `${service} │ ${cleanLine(line)}\n`,
    );
  };
  return await withData(
    invocation,
    async (session) => {
      const target = await openTarget(session, 'logs');
      if (target.kind !== 'ok') return target;
      const { cluster, deployer } = target.value;
      const { signals, emit } = session;
      const requests: PodLogsRequest[] = [];
      const deployedNames: string[] = [];
      for (const service of session.services) {
        const deployed = await deployer.way.deployed(service, signals.shutdown);
        if (deployed.kind !== 'ok') return deployed;
        if (deployed.value.deployed) deployedNames.push(service.name);
        const namespace = namespaceOf(service, cluster);
        for (const pods of podsIn(deployed.value.objects, namespace)) {
          requests.push({ service: service.name, ...pods, ...limits.value });
        }
      }
      if (requests.length === 0 && deployedNames.length > 0) {
        return failed(
          'DEPLOY_FAILED',
          `what is deployed of ${deployedNames.join(', ')} makes no pods with labels`,
          {
            hint: 'run appdev status to see what is deployed; kubectl logs reads the log of any pod by its name',
          },
        );
      }
      if (requests.length === 0) {
        return failed('DEPLOY_FAILED', `nothing of ${session.project.config.name} is deployed`, {
          hint: 'run appdev status to see what is deployed, or name another namespace: -n NAME',
        });
      }
      if (invocation.flags.follow === true) {
        await Promise.all(requests.map((request) => followPodLogs(cluster, request, emit, signals.shutdown)));
        return done;
      }
      for (const request of requests) {
        const lines = await readPodLogs(cluster, request, signals.shutdown);
        if (lines.kind !== 'ok') return lines;
        for (const { pod, container, line } of session.mask(lines.value))
          print(request.service, pod, container, line);
      }
      return done;
    },
    (event: EventBody) => {
      if (event.type === 'pod.log') print(event.service, event.pod, event.container, event.line);
      else noticesOnStderr(event);
    },
  );
}

type Limits = Pick<PodLogsRequest, 'tailLines' | 'sinceSeconds'>;

function limitsOf(invocation: Invocation): Outcome<Limits> {
  const { since, tail } = invocation.flags;
  const sinceMs = since === undefined ? undefined : durationMs(since);
  if (since !== undefined && sinceMs === undefined) {
    return failed('USAGE', `--since takes a duration, not '${since}'`, {
      hint: 'write e.g. --since 10m or --since 90s',
    });
  }
  if (tail !== undefined && !/^\d+$/.test(tail)) {
    return failed('USAGE', `--tail takes a number of lines, not '${tail}'`, {
      hint: 'write e.g. --tail 100',
    });
  }
  const tailLines = tail === undefined ? (since === undefined ? defaultTail : undefined) : Number(tail);
  return ok({
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(sinceMs === undefined ? {} : { sinceSeconds: Math.ceil(sinceMs / 1000) }),
  });
}
