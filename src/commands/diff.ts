/** `appdev diff` and `appdev deploy --dry-run`: what a deploy would change in the cluster, as a unified diff. */
import { patchOf } from '../deploy/live/shown.ts';
import type { ObjectChange, Preview } from '../deploy/types.ts';
import { complete, otherImages } from '../loop/work/images.ts';
import { ok, type Outcome } from '../core/outcome.ts';
import { openTarget } from '../app/compose/cluster.ts';
import type { Invocation } from '../app/invocation.ts';
import { readDeployInput } from '../app/handover/deploy-input.ts';
import { quietContext } from '../app/compose/once.ts';
import { noticesOnStderr, wantsJson, withData } from '../app/data-session.ts';
import { showUnsafe } from '../ui/text/sanitize.ts';

/** The exit code with `--exit-code` if there are changes. No failure uses it, so that scripts can tell them apart. */
const changedCode = 11;

interface Shown extends Preview {
  readonly service: string;
  readonly namespace: string;
}

/** Runs `appdev diff`. Returns the exit code. */
export async function diff(invocation: Invocation): Promise<Outcome<number>> {
  return await previewDeploy(invocation, 'diff');
}

/** Prints what would change and returns the exit code. `command` decides which contexts the guard allows. */
export async function previewDeploy(
  invocation: Invocation,
  command: 'diff' | 'deploy',
): Promise<Outcome<number>> {
  return await withData(
    invocation,
    async (whole) => {
      const input = await readDeployInput(whole);
      if (input.kind !== 'ok') return input;
      const { session } = input.value;
      const { signals, project, services } = session;
      const opened = await openTarget(session, command);
      if (opened.kind !== 'ok') return opened;
      const placed = await input.value.place(opened.value);
      if (placed.kind !== 'ok') return placed;
      const { target, artifacts } = placed.value;
      const previews: Shown[] = [];
      for (const service of services) {
        const { name } = service;
        const context = quietContext(signals.shutdown);
        const others = otherImages(project.config.services, name, artifacts);
        const rendered = complete(
          await target.deployer.renderer.render(service, artifacts.get(name), context, others),
        );
        if (rendered.kind !== 'ok') return rendered;
        const preview = await target.deployer.way.preview(service, rendered.value, signals.shutdown);
        if (preview.kind !== 'ok') return preview;
        previews.push({ service: name, namespace: rendered.value.namespace, ...preview.value });
      }
      process.stdout.write(
        showUnsafe(session.mask(wantsJson(invocation) ? jsonOf(previews) : textOf(previews))),
      );
      const changed = previews.some(isChanged);
      return exitOf(changed && invocation.flags.exitCode === true);
    },
    noticesOnStderr,
  );
}

function exitOf(tell: boolean): Outcome<number> {
  return ok(tell ? changedCode : 0);
}

function isChanged({ changes, notes }: Preview): boolean {
  return changes.length > 0 || notes.length > 0;
}

/** The text for a terminal. Lines that begin with `#` are for people; the rest is a diff. */
function textOf(previews: readonly Shown[]): string {
  return previews
    .map((preview) => {
      const { service, namespace, changes, notes } = preview;
      const counts = isChanged(preview) ? countsOf(changes) : 'no change';
      const head = [`# ${service} in ${namespace}: ${counts}`, ...notes.map((note) => `# ${note}`)];
      return `${head.join('\n')}\n${changes.map(patchOf).join('')}`;
    })
    .join('');
}

const words = { create: 'created', change: 'changed', replace: 'replaced', delete: 'deleted' } as const;

function countsOf(changes: readonly ObjectChange[]): string {
  if (changes.length === 0) return 'no object would change';
  const parts = Object.entries(words).flatMap(([kind, word]) => {
    const count = changes.filter(({ change }) => change === kind).length;
    return count === 0 ? [] : [`${count} ${word}`];
  });
  return parts.join(', ');
}

function jsonOf(previews: readonly Shown[]): string {
  const services = previews.map(({ service, namespace, changes, notes }) => ({
    ...{ service, namespace, notes },
    changes: changes.map((one) => ({
      object: one.object,
      ...(one.namespace === undefined ? {} : { namespace: one.namespace }),
      change: one.change,
      diff: patchOf(one),
    })),
  }));
  return `${JSON.stringify({ v: 1, changed: previews.some(isChanged), services })}\n`;
}
