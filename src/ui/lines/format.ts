/** The words that all reporters share: durations, stages, holds and the timing line of a run. Pure. */
import type { AppEvent, Hold, StageTiming } from '../../core/events.ts';
import type { Stage } from '../../core/routes.ts';
import { count } from '../../core/words.ts';
import { isFirst } from '../view/first-run.ts';
import { seg, type Line, type Segment, type Tone } from '../text/line.ts';

/** The event `run.finished`, from which a timing line is made. */
export type RunFinished = Extract<AppEvent, { type: 'run.finished' }>;

/** Formats milliseconds. Below a minute: seconds with one decimal and no unit, `0.9`. From there on: `1m42s`, `1h02m`. */
function shortDuration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 59.95) return seconds.toFixed(1);
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}m${pad2(whole % 60)}s`;
  return `${Math.floor(minutes / 60)}h${pad2(minutes % 60)}m`;
}

/** Formats milliseconds with a unit: `2.9s`, `1m42s`, `1h02m`. */
export function duration(ms: number): string {
  const text = shortDuration(ms);
  return /[a-z]$/.test(text) ? text : `${text}s`;
}

/** The first seven hex digits of a `sha256:…` digest. */
export function shortDigest(digest: string): string {
  return digest.slice(digest.indexOf(':') + 1).slice(0, 7);
}

/** Why a service with a pending change is not built yet, and what it waits for. */
export function holdText(hold: Hold): string {
  switch (hold.reason) {
    case 'paused':
      return 'paused (p resumes)';
    case 'manual':
      return 'changed (r builds it)';
    case 'needs':
      return `waits for ${hold.on} to be ready`;
    case 'image':
      return `waits for the image of ${hold.on}`;
    case 'building':
      return `waits for the build of ${hold.on}`;
    case 'limit':
      return `waits for one of ${count(hold.running, 'running build')} to finish`;
    case 'git':
      return `waits for git (${hold.operation})`;
    case 'cluster':
      return `waits for the cluster ${hold.context}`;
    case 'config':
      return 'waits for appdev.yaml to be read';
    case 'cancelling':
      return 'waits for the previous run to stop';
    case 'settling':
      return 'waits until the files stop changing';
  }
}

/** Why a run was cancelled, in a few words. */
export function cancelText(reason: RunFinished['cancelReason']): string {
  switch (reason) {
    case 'superseded':
      return 'superseded by a newer save';
    case 'redirected':
      return 'handed on to another route';
    case 'user':
      return 'cancelled (c)';
    case 'deadline':
      return 'cancelled at its deadline';
    case 'shutdown':
    case undefined:
      return 'cancelled';
  }
}

/** `#14 OrderService.java (+2)`. Only the reason if no save caused the run: `change` is 0, or it is a first one. */
export function changeText(change: number, reason: string): string {
  return change > 0 && !isFirst({ reason }) ? `#${change} ${reason}` : reason;
}

/** What a stage that was not done means: its result was made before, or what is there is as it should be. */
export function skippedText(stage: Stage): string {
  return ['compile', 'package', 'image'].includes(stage) ? `${stage} reused` : `${stage} unchanged`;
}

/** The stages of a run: `compile 0.9 › image 0.4 › push unchanged`, or `compile reused › image reused`. Only `unchanged` if every stage was skipped. */
export function stageChain(stages: readonly StageTiming[]): Line {
  if (stages.length > 0 && stages.every((stage) => stage.outcome === 'skipped'))
    return [seg('unchanged', 'dim')];
  return stages.flatMap((timing, index): Segment[] => {
    const separator = index === 0 ? [] : [seg(' › ', 'dim')];
    const name = `${timing.stage} `;
    switch (timing.outcome) {
      case 'ok':
        return [...separator, seg(name + shortDuration(timing.ms))];
      case 'skipped':
        return [...separator, seg(skippedText(timing.stage), 'dim')];
      case 'failed':
        return [...separator, seg(`${name}${shortDuration(timing.ms)} failed`, 'bad')];
      case 'cancelled':
        return [...separator, seg(`${name}${shortDuration(timing.ms)} cancelled`, 'dim')];
    }
  });
}

const marks = { ok: ['✓', 'ok'], failed: ['✗', 'bad'], cancelled: ['–', 'dim'] } as const satisfies Record<
  RunFinished['outcome'],
  readonly [string, Tone]
>;

/**
 * The line that stays in the scrollback after each run:
 * `✓ orders  2.9s  compile 0.9 › image 0.4 › push 0.1 › rollout 1.5   #14 OrderService.java (+2)`.
 *
 * @param nameWidth columns for the service's name, to align several services; a longer name is not cut
 */
export function timingLine(run: RunFinished, nameWidth = 0): Line {
  const [glyph, tone] = marks[run.outcome];
  const line: Segment[] = [
    seg(glyph, tone),
    seg(` ${run.service.padEnd(nameWidth)}`, 'strong'),
    seg(`  ${duration(run.ms)}  `),
  ];
  if (run.outcome === 'cancelled') line.push(seg(cancelText(run.cancelReason), 'dim'));
  const chain = stageChain(run.stages);
  if (chain.length > 0 && run.outcome === 'cancelled') line.push(seg('  '));
  line.push(...chain);
  if (run.outcome === 'failed' && !run.stages.some((stage) => stage.outcome === 'failed')) {
    line.push(seg(chain.length > 0 ? '  failed' : 'failed', 'bad'));
  }
  line.push(seg(`   ${changeText(run.change, run.reason)}`, 'dim'));
  return line;
}

function pad2(n: number): string {
  return String(n).padStart(2, '0');
}
