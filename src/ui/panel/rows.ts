/**
 * The cells of one service's row and of its details, for three widths. Pure. Cells are separate texts, because Ink
 * remembers every different text it has measured: `1.2s` occurs again, whole lines would not.
 */
import type { PodSummary } from '../../core/events.ts';
import { shortCard } from '../lines/card.ts';
import { changeText, duration, holdText, shortDigest, stageChain } from '../lines/format.ts';
import { isOpen, type UiState } from '../view/keys.ts';
import { seg, type Line, type Segment } from '../text/line.ts';
import { stateMarks, stateOf, type ServiceView } from '../view/view.ts';

/** One cell with a width in columns. Without `width` it takes the rest of the row. Text that does not fit is cut. */
export interface Cell {
  readonly line: Line;
  readonly width?: number;
  readonly align?: 'right';
}

/** One line of the panel. `key` is unique within the panel. */
export interface PanelRow {
  readonly key: string;
  readonly cells: readonly Cell[];
}

/** Layouts by the terminal's width in columns: below 80, below 120, and wider. */
export type WidthClass = 'narrow' | 'medium' | 'wide';

/** What rows depend on in addition to the service. */
export interface RowContext {
  readonly width: WidthClass;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly ui: UiState;
  /** Columns for the service's name. */
  readonly nameWidth: number;
  /** What is shown of each service's name. */
  readonly names: ReadonlyMap<string, string>;
  readonly logPath?: (service: string) => string;
}

/** Milliseconds for which each picture of the spinner is shown: four a second. */
export const spinnerMs = 250;

const spinner = ['◐', '◓', '◑', '◒'] as const;

/** A row with one cell that is as wide as the panel. */
export function plainRow(key: string, line: Line): PanelRow {
  return { key, cells: [{ line }] };
}

/** The row of a service: name, state, pods, times, and why it waits or where it answers. */
export function serviceRow(service: ServiceView, context: RowContext): PanelRow {
  const selected = context.ui.selected === service.name;
  const cells: Cell[] = [
    { line: [seg(selected ? '▸' : '', 'busy')], width: 2 },
    { line: [seg(context.names.get(service.name) ?? service.name, 'strong')], width: context.nameWidth + 2 },
    { line: stateCell(service, context.now), width: 17 },
    { line: podsCell(service), width: 9 },
  ];
  if (context.width !== 'narrow') cells.push({ line: lastCell(service), width: 8, align: 'right' });
  if (context.width === 'wide') {
    cells.push({
      line: service.digest === undefined ? [] : [seg(shortDigest(service.digest), 'dim')],
      width: 9,
    });
  }
  cells.push({ line: restCell(service, context.width) });
  return { key: `service ${service.name}`, cells };
}

/** The rows under an open service, at most `max`: the error's card, or what is known about it. None if it is closed. */
export function detailRows(service: ServiceView, context: RowContext, max: number): PanelRow[] {
  if (!isOpen(context.ui, service) || max < 1) return [];
  const indent = { line: [], width: 6 };
  return detailLines(service, context, max)
    .slice(0, max)
    .map((line, index) => ({ key: `service ${service.name} ${index}`, cells: [indent, { line }] }));
}

function stateCell(service: ServiceView, now: number): Line {
  const state = stateOf(service);
  const [glyph, tone] = stateMarks[state];
  if (service.run === undefined) return [seg(`${glyph} ${state}`, tone)];
  const frame = spinner[Math.floor(now / spinnerMs) % spinner.length] ?? glyph;
  const since = service.run.stage?.startedAt ?? service.run.startedAt;
  return [seg(`${frame} ${service.run.stage?.stage ?? 'running'}`, tone), seg(` ${duration(now - since)}`)];
}

function podsCell(service: ServiceView): Line {
  const pods = service.pods;
  if (pods === undefined) return [];
  const line: Segment[] = [
    seg(`${pods.ready}/${pods.desired}`, pods.ready < pods.desired ? 'warn' : undefined),
  ];
  if (pods.restarts > 0) line.push(seg(` ↻${pods.restarts}`, 'warn'));
  return line;
}

function lastCell(service: ServiceView): Line {
  const last = service.last;
  return last === undefined || service.run !== undefined ? [] : [seg(`${duration(last.ms)} `, 'dim')];
}

function restCell(service: ServiceView, width: WidthClass): Line {
  const state = stateOf(service);
  const { run, last, hold, pods } = service;
  if (run !== undefined) {
    // What a rollout waits for matters more than what is done.
    if (run.stage?.stage === 'rollout' && pods?.reason !== undefined)
      return [seg(shortReason(pods.reason), 'warn')];
    const chain = width === 'narrow' || run.done.length === 0 ? [] : [...stageChain(run.done), seg('  ')];
    return [...chain, seg(changeText(run.change, run.reason), 'dim')];
  }
  if (state === 'failed') {
    const stage = last?.stages.find((timing) => timing.outcome === 'failed')?.stage;
    const why: Segment[] = [seg(stage === undefined ? '' : `in ${stage}`, 'bad')];
    if (hold !== undefined) why.push(seg(`  ${holdText(hold)}`, 'warn'));
    // A failed compile does not touch the running pods; the user should know that.
    else if (pods !== undefined && (pods.ready > 0 || pods.older !== undefined))
      why.push(seg('  the previous version still serves', 'dim'));
    return why;
  }
  if (state === 'unhealthy') return [seg(pods?.phase ?? '', 'bad')];
  if (state === 'missing') return [seg(`${missingText(pods)}; r deploys it again`, 'bad')];
  if (state === 'removing') return [];
  if (hold !== undefined) return [seg(holdText(hold), 'warn')];
  if (state === 'starting')
    return pods?.reason === undefined
      ? [seg(pods?.phase ?? '', 'dim')]
      : [seg(shortReason(pods.reason), 'warn')];
  if (service.pending !== undefined) return [seg(pendingText(service.pending), 'dim')];
  return addressCell(service, width);
}

function addressCell(service: ServiceView, width: WidthClass): Line {
  // What works comes first: a long reason must not push it out of the row.
  const forwards = [...service.forwards].sort(
    (a, b) => Number(a.lost !== undefined) - Number(b.lost !== undefined),
  );
  const line: Segment[] = forwards.flatMap((forward, index) => [
    ...(index === 0 ? [] : [seg('  ')]),
    forward.lost === undefined
      ? seg(`http://localhost:${forward.localPort}`)
      : seg(`:${forward.localPort} not forwarded (${forward.lost})`, 'warn'),
  ]);
  if (width === 'medium' && service.digest !== undefined)
    line.push(seg(`  ${shortDigest(service.digest)}`, 'dim'));
  return line;
}

/** Why pods are not ready, without the pod, which the details name: a row has little room. */
function shortReason(reason: string): string {
  return reason.replace(/^\S+: /, '');
}

/** `Deployment/orders is not in the cluster`. */
function missingText(pods: PodSummary | undefined): string {
  const missing = pods?.missing ?? [];
  return `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not in the cluster`;
}

function pendingText(pending: NonNullable<ServiceView['pending']>): string {
  const [first = ''] = pending.paths;
  const others = pending.paths.length - 1 + pending.more;
  return changeText(pending.change, others > 0 ? `${first} (+${others})` : first);
}

function detailLines(service: ServiceView, context: RowContext, max: number): Line[] {
  const logPath = context.logPath?.(service.name);
  const error = service.run === undefined ? service.last?.error : undefined;
  if (error !== undefined) {
    return shortCard(error, { tail: service.tail, ...(logPath === undefined ? {} : { logPath }) }, max);
  }
  const { last, run, pods, digest, pending, hold } = service;
  const field = (name: string, ...value: Segment[]): Line => [seg(name.padEnd(8), 'dim'), ...value];
  const lines: Line[] = [];
  if (run !== undefined && run.done.length > 0) lines.push(field('stages', ...stageChain(run.done)));
  else if (last !== undefined) {
    lines.push(field('last', seg(`${changeText(last.change, last.reason)}  `), ...stageChain(last.stages)));
  }
  if (pods !== undefined)
    lines.push(
      field('pods', seg(`${pods.ready}/${pods.desired} ready, ${pods.phase}, restarts ${pods.restarts}`)),
    );
  if (pods?.reason !== undefined) lines.push(field('waits', seg(pods.reason, 'warn')));
  if (pods?.missing !== undefined) lines.push(field('missing', seg(missingText(pods), 'bad')));
  if (digest !== undefined) lines.push(field('image', seg(digest)));
  if (pending !== undefined) lines.push(field('change', seg(pendingText(pending))));
  if (hold !== undefined) lines.push(field('held', seg(holdText(hold))));
  if (logPath !== undefined) lines.push(field('log', seg(logPath)));
  return lines.length > 0 ? lines : [[seg('nothing has run yet', 'dim')]];
}
