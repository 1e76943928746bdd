import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import type { EventBody, PodSummary } from '../../core/events.ts';
import {
  compileError,
  samples,
  session,
  sessionStart,
  stamped,
} from '../../../test/support/sample-events.ts';
import { initialUi, pressKey, type UiState } from '../view/keys.ts';
import { lineText } from '../text/line.ts';
import { initialView, reduceView } from '../view/model.ts';
import { panelHeight, planPanel, widthClass, type Size } from './panel.ts';
import type { PanelRow } from './rows.ts';
import type { View } from '../view/view.ts';

const now = sessionStart + 10_000;
const viewOf = (bodies: readonly EventBody[]): View => stamped(bodies).reduce(reduceView, initialView);
const plan = (view: View, size: Size, ui: UiState = initialUi): PanelRow[] =>
  planPanel(view, { ui, size, now, keys: true });
const text = (rows: readonly PanelRow[]): string =>
  rows.map((row) => row.cells.map((cell) => lineText(cell.line)).join(' ')).join('\n');
const many = (n: number): string[] => Array.from({ length: n }, (_, i) => `service-${i}`);
const failAll = (names: readonly string[]): EventBody[] => [
  { ...samples['session.started'], services: names },
  ...names.map((service, run): EventBody => ({
    ...samples['run.finished'],
    service,
    run,
    outcome: 'failed',
    error: compileError,
  })),
];

const podsAre = (more: Partial<PodSummary>): EventBody => ({
  ...samples['pod.changed'],
  pods: { ready: 0, desired: 0, restarts: 0, phase: 'None', ...more },
});

test.each([
  [59, 'narrow'],
  [79, 'narrow'],
  [80, 'medium'],
  [119, 'medium'],
  [120, 'wide'],
])('%i columns are %s', (columns, width) => {
  expect(widthClass(columns)).toBe(width);
});

describe('height', () => {
  test('is never the whole terminal, whatever happened, whatever was pressed', () => {
    const bodies = Object.values(samples) as readonly EventBody[];
    const step = fc.record({
      body: fc.constantFrom(...bodies, ...session),
      service: fc.constantFrom(...many(6)),
      run: fc.nat(3),
    });
    const keys = fc.array(fc.constantFrom('j', 'k', '?', 'q', 'l', '\r'), { maxLength: 6 });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        keys,
        fc.integer({ min: 2, max: 60 }),
        fc.integer({ min: 10, max: 200 }),
        (steps, pressed, rows, columns) => {
          const view = viewOf(
            steps.map(({ body, service, run }) => ({
              ...body,
              ...('service' in body ? { service } : {}),
              ...('run' in body ? { run } : {}),
            })),
          );
          const ui = pressed.reduce(
            (state, input) => pressKey(state, view, { input, return: input === '\r' }).ui,
            initialUi,
          );
          const planned = plan(view, { columns, rows }, ui);
          expect(planned.length).toBeGreaterThan(0);
          expect(planned.length).toBeLessThanOrEqual(rows - 1);
          if (!ui.help) expect(planned.length).toBeLessThanOrEqual(panelHeight(rows));
          expect(new Set(planned.map((row) => row.key)).size).toBe(planned.length);
        },
      ),
      { numRuns: 300 },
    );
  });

  test.each([
    [60, 11, 1],
    [59, 40, 1],
    [60, 12, 11],
  ])('a terminal of %i×%i has at most %i lines', (columns, rows, lines) => {
    const planned = plan(viewOf(failAll(many(30))), { columns, rows });
    expect(planned).toHaveLength(lines);
  });

  test('leaves the log a third of a high terminal', () => {
    expect(panelHeight(60)).toBe(40);
    expect(plan(viewOf(failAll(many(50))), { columns: 100, rows: 60 }).length).toBe(40);
  });
});

describe('more services than rows', () => {
  const names = many(40);
  const ready = names.map((service): EventBody => ({ ...samples['pod.changed'], service }));
  const failed: EventBody = {
    ...samples['run.finished'],
    service: 'service-33',
    outcome: 'failed',
    error: compileError,
  };
  const view = viewOf([{ ...samples['session.started'], services: names }, ...ready, failed]);

  test('the failing one is among those shown, with its cause, and the others are counted', () => {
    const shown = text(plan(view, { columns: 100, rows: 24 }));
    expect(shown).toContain('service-33');
    expect(shown).toContain(compileError.message);
    expect(shown).toMatch(/… \d+ more .*: ● \d+ ready/);
  });

  test('the selected one is among those shown', () => {
    const ui = { ...initialUi, selected: 'service-27' };
    expect(text(plan(view, { columns: 100, rows: 24 }, ui))).toContain('▸ service-27');
  });

  test('the list scrolls with the selection, and says where the others are', () => {
    const calm = viewOf([{ ...samples['session.started'], services: names }, ...ready]);
    const rows = (selected?: string): string =>
      text(
        plan(
          calm,
          { columns: 100, rows: 24 },
          selected === undefined ? initialUi : { ...initialUi, selected },
        ),
      );
    expect(rows()).toMatch(/service-0 [\s\S]*… 28 more below: ● 28 ready/);
    expect(rows('service-20')).toMatch(/service-19 .*\n▸ service-20 .*\n service-21 /);
    expect(rows('service-20')).toMatch(/… 28 more \(\d+ above, \d+ below\)/);
    expect(rows('service-39')).toMatch(/… 28 more above/);
    expect(text(plan(view, { columns: 100, rows: 24 }))).toMatch(/more \(\d+ between, \d+ below\)/);
  });

  test.each([60, 80, 100, 120, 160])('long names can be told apart at %i columns', (columns) => {
    const long = Array.from({ length: 40 }, (_, n) => `service-with-a-long-name-of-its-own-${n}`);
    const shown = text(
      plan(viewOf([{ ...samples['session.started'], services: long }]), { columns, rows: 60 }),
    );
    const seen = [...shown.matchAll(/^ +(ser\S+)/gm)].map((match) => match[1]);
    expect(seen.length).toBeGreaterThan(30);
    expect(new Set(seen).size).toBe(seen.length);
  });

  test('a wide terminal has room for a long name', () => {
    const name = 'service-with-a-long-name-of-its-own';
    const only = viewOf([{ ...samples['session.started'], services: [name] }]);
    expect(text(plan(only, { columns: 120, rows: 24 }))).toContain(` ${name} `);
  });

  test('rows stay in the session’s order', () => {
    const shown = [...text(plan(view, { columns: 100, rows: 24 })).matchAll(/service-(\d+)/g)].map((match) =>
      Number(match[1]),
    );
    expect(shown).toEqual([...shown].sort((a, b) => a - b));
  });
});

describe('what it says', () => {
  const size = { columns: 100, rows: 40 };

  test('each state has a word beside its glyph', () => {
    const shown = text(plan(viewOf(session), size));
    for (const sign of ['● ready', '✗ failed', '‖ held', '✗ 1 failed']) expect(shown).toContain(sign);
    expect(shown).toMatch(/[◐◓◑◒] image/);
  });

  test('elapsed time is counted up to now', () => {
    const at = stamped(session).length - 1;
    expect(text(plan(viewOf(session), size))).toContain(`image ${((10_000 - at * 100) / 1000).toFixed(1)}s`);
  });

  test('a failed compile says that the previous version serves', () => {
    const view = viewOf([
      samples['session.started'],
      samples['pod.changed'],
      {
        ...samples['run.finished'],
        outcome: 'failed',
        error: compileError,
        stages: [{ stage: 'compile', ms: 1, outcome: 'failed' }],
      },
    ]);
    expect(text(plan(view, size))).toContain('in compile  the previous version still serves');
  });

  test.each([
    [{ missing: ['Deployment/orders'] }, 'Deployment/orders is not in the cluster; r deploys it again'],
    [{ missing: ['Job/a', 'Deployment/b'] }, 'Job/a, Deployment/b are not in the cluster'],
  ])('what someone deleted is named, and never green: %j', (more, words) => {
    const shown = text(plan(viewOf([samples['session.started'], podsAre(more)]), size));
    expect(shown).toMatch(/✗ missing +0\/0/);
    expect(shown).toContain(words);
    expect(shown).not.toContain('● ');
  });

  test('a service without pods is not called ready', () => {
    const shown = text(plan(viewOf([samples['session.started'], podsAre({})]), size));
    expect(shown).toMatch(/○ no pods +0\/0/);
    expect(shown).not.toContain('● ');
  });

  test('a rollout that waits says why, before its end and in its details', () => {
    const reason = 'Pod/orders-x: its readiness probe fails: HTTP 404';
    const waiting = [
      samples['session.started'],
      samples['run.started'],
      { ...samples['stage.started'], stage: 'rollout' as const },
    ];
    const view = viewOf([...waiting, podsAre({ desired: 1, reason })]);
    expect(text(plan(view, size))).toContain(' its readiness probe fails: HTTP 404');
    const ui = { ...initialUi, selected: 'orders', opened: { 'orders#7': true } };
    expect(text(plan(view, size, ui))).toContain(`waits   ${reason}`);
    // Later than that, the row has its last run and its address again.
    expect(text(plan(viewOf([...waiting, podsAre({ ready: 1, desired: 1 })]), size))).not.toContain('probe');
  });

  test('a failed rollout says that the previous version serves, beside the newest 0/1', () => {
    const view = viewOf([
      samples['session.started'],
      podsAre({ desired: 1, older: 1 }),
      {
        ...samples['run.finished'],
        outcome: 'failed',
        error: compileError,
        stages: [{ stage: 'rollout', ms: 1, outcome: 'failed' }],
      },
    ]);
    expect(text(plan(view, size))).toMatch(/0\/1.*in rollout {2}the previous version still serves/);
  });

  test('of several forwards, those that work come first, and those that were taken out go', () => {
    const lost = { ...samples['forward.lost'], localPort: 8195, reason: 'no pod serves' };
    const start = [samples['session.started'], podsAre({ ready: 1, desired: 1 })];
    const opened = { ...samples['forward.opened'], localPort: 8196 };
    expect(text(plan(viewOf([...start, lost, opened]), size))).toContain(
      'http://localhost:8196  :8195 not forwarded (no pod serves)',
    );
    const closed = { ...samples['forward.closed'], localPort: 8195 };
    expect(text(plan(viewOf([...start, lost, opened, closed]), size))).not.toContain('8195');
  });

  test('trouble that is not a service’s has a line of its own', () => {
    const view = viewOf([
      samples['session.started'],
      samples['cluster.selected'],
      samples['cluster.lost'],
      samples['config.rejected'],
      samples['watch.paused'],
    ]);
    const shown = text(plan(view, size));
    expect(shown).toContain('cluster kind-shop does not answer: connection refused');
    expect(shown).toContain(
      'the new appdev.yaml is not valid; the previous one stays active (appdev.yaml:7)',
    );
    expect(shown).toContain('paused: saves are noticed but not built; p resumes');
    expect(shown).toContain('p resume');
  });

  test('Ctrl-C once and twice, and the cleanup, are announced', () => {
    const view = viewOf([samples['session.started']]);
    expect(text(plan(view, size, { ...initialUi, quitting: 1 }))).toContain('Ctrl-C stops now');
    expect(text(plan(view, size, { ...initialUi, quitting: 2 }))).toContain('stopping now');
    const cleaning = viewOf([samples['session.started'], samples['cleanup.started']]);
    expect(text(plan(cleaning, size, { ...initialUi, quitting: 1 }))).toContain(
      'cleaning up: removing orders, billing',
    );
    expect(text(plan(cleaning, { columns: 50, rows: 10 }))).toContain('cleaning up');
    // No row goes on as if nothing had happened, and no key is offered that does nothing any more.
    const shown = text(plan(cleaning, size, { ...initialUi, quitting: 1 }));
    expect(shown).toContain('◐ removing');
    expect(shown).not.toContain('rebuild');
    const all = viewOf([
      { ...samples['session.started'], services: many(40) },
      { ...samples['cleanup.started'], services: many(40) },
    ]);
    expect(text(plan(all, { columns: 80, rows: 24 }))).toContain(
      'removing service-0, service-1, service-2 and 37 more; Ctrl-C stops now',
    );
  });

  test('an open row of a healthy service tells last run, pods, image and log', () => {
    const ui = { ...initialUi, selected: 'orders', opened: { 'orders#7': true } };
    const rows = planPanel(viewOf(session), {
      ui,
      size,
      now,
      keys: true,
      logPath: (name) => `.appdev/logs/${name}.log`,
    });
    const shown = text(rows);
    expect(shown).toContain(
      'last    #14 OrderService.java (+2)  compile 0.9 › image 0.4 › push unchanged › rollout 1.5',
    );
    expect(shown).toContain('pods    1/1 ready, Running, restarts 0');
    expect(shown).toContain('image   sha256:3f9c1e2');
    expect(shown).toContain('log     .appdev/logs/orders.log');
  });

  test('without a keyboard no key is named but Ctrl-C', () => {
    const shown = text(planPanel(viewOf(session), { ui: initialUi, size, now, keys: false }));
    expect(shown).not.toContain('rebuild');
    expect(shown).toContain('Ctrl-C ends');
  });

  test('the footer drops keys rather than lines when it is narrow', () => {
    const footer = (columns: number): string => text(plan(viewOf(session), { columns, rows: 30 }).slice(-1));
    expect(footer(120)).toContain('r rebuild  p pause  c cancel  l logs  ? help  q quit');
    expect(footer(70)).toMatch(/\? help {2}q quit$/);
    expect(footer(70)).not.toContain('rebuild');
    expect(plan(viewOf(session), { columns: 60, rows: 30 }).at(-1)?.cells.at(-1)).toMatchObject({
      width: 15,
    });
  });
});
