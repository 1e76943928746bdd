import { describe, expect, it } from 'vitest';
import type { EventBody } from '../../core/events.ts';
import { createRunReporter, sharedReporter } from './reporter.ts';

function setup(service = 'orders') {
  const events: EventBody[] = [];
  const clock = { ms: 100 };
  const reporter = createRunReporter({
    service,
    run: 7,
    emit: (event) => events.push(event),
    now: () => clock.ms,
  });
  return { events, clock, reporter };
}

describe('a run’s reporter', () => {
  it('times stages and names service and run', () => {
    const { events, clock, reporter } = setup();
    reporter.report.started('compile');
    clock.ms = 950.4;
    reporter.report.finished('compile', 'ok', '3 classes');
    reporter.report.finished('image', 'skipped', 'unchanged');
    expect(events).toEqual([
      { type: 'stage.started', service: 'orders', run: 7, stage: 'compile' },
      {
        type: 'stage.finished',
        service: 'orders',
        run: 7,
        stage: 'compile',
        outcome: 'ok',
        ms: 850,
        detail: '3 classes',
      },
      {
        type: 'stage.finished',
        service: 'orders',
        run: 7,
        stage: 'image',
        outcome: 'skipped',
        ms: 0,
        detail: 'unchanged',
      },
    ]);
    expect(reporter.timings()).toEqual([
      { stage: 'compile', ms: 850, outcome: 'ok' },
      { stage: 'image', ms: 0, outcome: 'skipped' },
    ]);
    expect(reporter.elapsedMs()).toBe(850);
  });

  it('makes a warning a notice of the service', () => {
    const { events, reporter } = setup();
    reporter.report.warn('set back');
    expect(events).toEqual([{ type: 'notice', level: 'warning', service: 'orders', message: 'set back' }]);
  });

  it('ends what was left open, and is silent afterwards', () => {
    const { events, reporter } = setup();
    reporter.report.started('rollout');
    reporter.close('cancelled');
    reporter.report.output('rollout', 'stdout', 'late');
    reporter.report.warn('late');
    reporter.report.started('verify');
    expect(events.map(({ type }) => type)).toEqual(['stage.started', 'stage.finished']);
    expect(reporter.timings()).toEqual([{ stage: 'rollout', ms: 0, outcome: 'cancelled' }]);
  });

  it('shows shared work to each of its runs', () => {
    const [orders, stock] = [setup('orders'), setup('stock')];
    const shared = sharedReporter([orders.reporter.report, stock.reporter.report]);
    shared.started('compile');
    shared.output('compile', 'stderr', 'warning');
    shared.finished('compile', 'ok');
    for (const { events } of [orders, stock]) {
      expect(events.map(({ type }) => type)).toEqual(['stage.started', 'stage.output', 'stage.finished']);
    }
    expect(stock.events[0]).toMatchObject({ service: 'stock' });
  });
});
