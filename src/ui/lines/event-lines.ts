/**
 * The permanent lines that an event prints, and their words. Above the panel only the `brief` lines are printed, because
 * the panel shows the rest; plain output prints all of them. Pure.
 */
import type { AppdevError } from '../../core/errors.ts';
import type { AppEvent } from '../../core/events.ts';
import { cardLines, docsLink } from './card.ts';
import { count } from '../../core/words.ts';
import { changeText, duration, holdText, skippedText, timingLine } from './format.ts';
import { seg, type Line, type Segment } from '../text/line.ts';
import { nameWidthOf, type View } from '../view/view.ts';

/** What the lines depend on in addition to the event. */
export interface LineContext {
  readonly detail: 'brief' | 'full';
  /** True: print every line of the tools, not only warnings and errors. */
  readonly verbose: boolean;
  /** The view after the event. */
  readonly view: View;
  /** Path of a service's log file, as the user would type it. Absent: no log files are kept. */
  readonly logPath?: (service: string) => string;
}

/** Lines of Maven, javac, buildah and helm that the user should see even if the stage succeeds. */
const noteworthy = /^\[(?:WARNING|ERROR|FATAL)\]|\b(?:warning|error|fatal):/i;

/** The permanent lines for an event, oldest first. Most events have none. */
export function eventLines(event: AppEvent, context: LineContext): Line[] {
  const { view } = context;
  const full = context.detail === 'full';
  switch (event.type) {
    case 'session.started':
      return full ? [sessionLine(event)] : [];
    case 'session.finished':
      return event.error === undefined || isKnown(event.error, view) ? [] : failure(event.error);
    case 'cluster.selected':
      return full
        ? [
            [
              seg(
                `cluster ${event.context} (${event.product}) at ${event.server}, namespace ${event.namespace}`,
                'dim',
              ),
            ],
          ]
        : [];
    case 'registry.selected':
      return full ? [[seg(`registry ${registryNames(event)} (${event.source})`, 'dim')]] : [];
    case 'config.reloaded':
      return [
        [seg(`appdev.yaml reloaded${profilesText(event.profiles)}${changedText(event.changed)}`, 'dim')],
      ];
    case 'config.rejected':
      return [
        [seg('✗', 'bad'), seg(' the new appdev.yaml is not valid; the previous one stays active', 'strong')],
        ...indent(cardLines(event.error)),
      ];
    case 'watch.started': {
      const polling =
        event.mode === 'events' ? '' : event.mode === 'polling' ? ' by polling' : ', partly by polling';
      const why = event.reason === undefined ? '' : `: ${event.reason}`;
      if (!full && polling === '') return [];
      return [
        [seg(`watching ${count(event.files, 'file')}${polling}${why}`, polling === '' ? 'dim' : 'warn')],
      ];
    }
    case 'watch.changed':
      return [];
    case 'watch.paused':
      return [[seg('paused: saves are noticed but not built', 'warn')]];
    case 'watch.resumed':
      return [[seg('resumed', 'dim')]];
    case 'change.detected': {
      if (!full) return [];
      const more = event.more > 0 ? ` and ${event.more} more` : '';
      return [[...prefix(event.service), seg(`#${event.change} ${event.paths.join(', ')}${more}`, 'dim')]];
    }
    case 'service.held':
      return full ? [[...prefix(event.service), seg(`held: ${holdText(event.hold)}`, 'warn')]] : [];
    case 'run.started':
      return full ? [[...prefix(event.service), seg(runText(event))]] : [];
    case 'stage.output':
      return context.verbose || (full && noteworthy.test(event.line))
        ? [[...prefix(event.service, event.stage), seg(event.line, context.verbose ? 'dim' : undefined)]]
        : [];
    case 'stage.finished':
      return full ? [[...prefix(event.service), ...stageText(event)]] : [];
    case 'run.finished': {
      const line = timingLine(event, full ? 0 : nameWidthOf(view));
      if (event.outcome !== 'failed' || event.error === undefined) return [line];
      const tail = view.services.find((service) => service.name === event.service)?.tail ?? [];
      const logPath = context.logPath?.(event.service);
      return [
        line,
        ...indent(cardLines(event.error, { tail, ...(logPath === undefined ? {} : { logPath }) })),
      ];
    }
    case 'pod.changed': {
      if (!full) return [];
      const { ready, desired, restarts, phase, missing, reason } = event.pods;
      const again = restarts > 0 ? `, ${count(restarts, 'restart')}` : '';
      const why = reason === undefined ? '' : `: ${reason}`;
      const gone = missing === undefined ? '' : `; not in the cluster: ${missing.join(', ')}`;
      return [
        [
          ...prefix(event.service),
          seg(`pods ${ready}/${desired} ready, ${phase}${again}${why}${gone}`, 'dim'),
        ],
      ];
    }
    case 'pod.log':
      return [[...prefix(event.service, containerLabel(event, context)), seg(event.line)]];
    case 'forward.opened':
      return full
        ? [
            [
              ...prefix(event.service),
              seg(`http://localhost:${event.localPort} forwards to ${event.remotePort}`),
            ],
          ]
        : [];
    case 'forward.lost': {
      const who = prefix(event.service);
      const hint = event.hint === undefined ? [] : [[...who, seg('  try: ', 'busy'), seg(event.hint)]];
      return [[...who, seg(`port ${event.localPort} is not forwarded: ${event.reason}`, 'warn')], ...hint];
    }
    case 'forward.closed':
      return full
        ? [[...prefix(event.service), seg(`port ${event.localPort} is no longer forwarded`, 'dim')]]
        : [];
    case 'cluster.lost':
      return [[seg('✗', 'bad'), seg(` cluster ${event.context} does not answer: ${event.reason}`)]];
    case 'cluster.regained':
      return [[seg('✓', 'ok'), seg(` cluster ${event.context} answers again`)]];
    case 'notice':
      return notice(event);
    case 'cleanup.started':
      return full ? [[seg(`removing ${event.services.join(', ')}`)]] : [];
    case 'cleanup.finished':
      return [removal(event)];
    case 'service.released':
    case 'stage.started':
      return [];
  }
}

/** What a run is about. The check at the end of `run` and of `verify` builds and deploys nothing. */
function runText({ run, route, change, reason }: Extract<AppEvent, { type: 'run.started' }>): string {
  return reason === 'verify'
    ? 'checking that the pods run it'
    : `run ${run} (${route}): ${changeText(change, reason)}`;
}

/** The service's name in front of one of its lines. `part` is a container or a stage. */
export function prefix(service: string, part?: string): Segment[] {
  return [seg(part === undefined ? service : `${service}/${part}`, 'name'), seg(' │ ', 'dim')];
}

/** Repeats the failed services for the end of a long log, where people look first. Empty if none failed. */
export function failureSummary(view: View, logPath?: (service: string) => string): Line[] {
  const failures = view.services.filter((service) => service.last?.outcome === 'failed');
  if (failures.length === 0) return [];
  return [
    [seg(`failed: ${failures.length} of ${count(view.services.length, 'service')}`, 'bad')],
    ...failures.flatMap((service): Line[] => {
      const stage = service.last?.stages.find((timing) => timing.outcome === 'failed')?.stage;
      const error = service.last?.error;
      const first = error?.diagnostics?.find((diagnostic) => diagnostic.severity === 'error');
      const place =
        first?.file === undefined
          ? ''
          : ` (${first.file}${first.line === undefined ? '' : `:${first.line}`})`;
      return [
        [
          seg('✗', 'bad'),
          seg(` ${service.name}${stage === undefined ? '' : `  ${stage}`}`, 'strong'),
          seg(`  ${error?.message ?? ''}${place}`),
        ],
        ...(error?.hint === undefined ? [] : [[seg('    try: ', 'busy'), seg(error.hint)]]),
        ...(error === undefined ? [] : [[seg(`    ${error.code}  ${docsLink(error)}`, 'dim')]]),
        ...(logPath === undefined ? [] : [[seg(`    log: ${logPath(service.name)}`, 'dim')]]),
      ];
    }),
  ];
}

function failure(error: AppdevError): Line[] {
  const [first = [], ...rest] = cardLines(error);
  return [[seg('✗ ', 'bad'), ...first], ...indent(rest)];
}

/** True if a service's card has already shown this error. */
function isKnown(error: AppdevError, view: View): boolean {
  const same = (other: AppdevError | undefined): boolean =>
    other !== undefined && other.code === error.code && other.message === error.message;
  return view.services.some((service) => same(service.last?.error));
}

function indent(lines: readonly Line[]): Line[] {
  return lines.map((line) => [seg('    '), ...line]);
}

function sessionLine(event: Extract<AppEvent, { type: 'session.started' }>): Line {
  return [
    seg(`appdev ${event.version} ${event.command}`, 'strong'),
    seg(`  ${event.project}${profilesText(event.profiles)}: ${event.services.join(', ')}`),
  ];
}

/** At most this many changed keys are named. */
const namedKeys = 4;

function changedText(changed: readonly string[]): string {
  if (changed.length === 0) return '';
  const more = changed.length > namedKeys ? ` and ${changed.length - namedKeys} more` : '';
  return `: ${changed.slice(0, namedKeys).join(', ')}${more}`;
}

function profilesText(profiles: readonly string[]): string {
  return profiles.length === 0 ? '' : ` (profiles: ${profiles.join(', ')})`;
}

function registryNames(event: Extract<AppEvent, { type: 'registry.selected' }>): string {
  return event.push === event.pull ? event.push : `${event.push}, pulled as ${event.pull}`;
}

function stageText(event: Extract<AppEvent, { type: 'stage.finished' }>): Segment[] {
  const detail = event.detail === undefined ? [] : [seg(` (${event.detail})`, 'dim')];
  switch (event.outcome) {
    case 'ok':
      return [seg(`${event.stage} ${duration(event.ms)}`), ...detail];
    case 'skipped':
      return [seg(skippedText(event.stage), 'dim'), ...(event.detail === 'unchanged' ? [] : detail)];
    case 'failed':
      return [seg(`${event.stage} failed after ${duration(event.ms)}`, 'bad'), ...detail];
    case 'cancelled':
      return [seg(`${event.stage} cancelled after ${duration(event.ms)}`, 'dim'), ...detail];
  }
}

/**
 * The label of a line of an application's log. A container with the service's name needs none. If there are several pods,
 * the label has the pod too: above the panel only the last part of its name.
 */
function containerLabel(
  event: Extract<AppEvent, { type: 'pod.log' }>,
  context: LineContext,
): string | undefined {
  const container = event.container === event.service ? [] : [event.container];
  const desired = context.view.services.find((service) => service.name === event.service)?.pods?.desired ?? 1;
  const name = context.detail === 'full' ? event.pod : event.pod.slice(event.pod.lastIndexOf('-') + 1);
  const pod = desired > 1 ? [name] : [];
  const label = [...pod, ...container].join('/');
  return label === '' ? undefined : label;
}

function removal({ removed, kept, failed }: Extract<AppEvent, { type: 'cleanup.finished' }>): Line {
  const counted = `removed ${count(removed, 'object')}, kept ${kept}`;
  if (failed.length === 0) return [seg('✓', 'ok'), seg(` ${counted}`)];
  return [seg('✗', 'bad'), seg(` could not remove ${failed.join(', ')}; ${counted}`)];
}

function notice(event: Extract<AppEvent, { type: 'notice' }>): Line[] {
  const who = event.service === undefined ? [] : prefix(event.service);
  const sign = event.level === 'warning' ? [seg('warning: ', 'warn')] : [];
  const hint = event.hint === undefined ? [] : [[...who, seg('  try: ', 'busy'), seg(event.hint)]];
  return [[...who, ...sign, seg(event.message)], ...hint];
}
