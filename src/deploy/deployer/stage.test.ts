import { describe, expect, it } from 'vitest';
import type { WorkContext } from '../../build/types.ts';
import { failed, ok } from '../../core/outcome.ts';
import { inStage } from './stage.ts';

function noted(): WorkContext & { readonly notes: string[]; readonly controller: AbortController } {
  const notes: string[] = [];
  const controller = new AbortController();
  return {
    notes,
    controller,
    signal: controller.signal,
    report: {
      started: (stage) => notes.push(`${stage} started`),
      output: () => undefined,
      warn: () => undefined,
      finished: (stage, outcome, detail) => notes.push(`${stage} ${outcome} ${detail ?? ''}`.trim()),
    },
  };
}

describe('inStage', () => {
  it('reports the beginning and every kind of end', async () => {
    const context = noted();
    await inStage(
      'apply',
      context,
      async () => await Promise.resolve(ok(7)),
      (value) => ({ detail: `revision ${value}` }),
    );
    await inStage(
      'apply',
      context,
      async () => await Promise.resolve(ok(7)),
      () => ({ skipped: true }),
    );
    await inStage('render', context, async () => await Promise.resolve(failed('RENDER_FAILED', 'no')));
    await inStage(
      'rollout',
      context,
      async () => await Promise.resolve({ kind: 'cancelled', reason: 'superseded' } as const),
    );
    expect(context.notes.filter((note) => !note.endsWith('started'))).toEqual([
      'apply ok revision 7',
      'apply skipped',
      'render failed',
      'rollout cancelled',
    ]);
  });

  it('closes the stage when the work throws', async () => {
    const context = noted();
    const broken = inStage('render', context, async () => await Promise.reject(new Error('a bug')));
    await expect(broken).rejects.toThrow('a bug');
    expect(context.notes).toEqual(['render started', 'render failed']);
  });

  it('begins nothing after the signal', async () => {
    const context = noted();
    context.controller.abort('superseded');
    const outcome = await inStage('apply', context, async () => await Promise.resolve(ok(1)));
    expect(outcome).toEqual({ kind: 'cancelled', reason: 'superseded' });
    expect(context.notes).toEqual([]);
  });
});
