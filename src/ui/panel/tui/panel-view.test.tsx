import { renderToString } from 'ink';
import { describe, expect, test } from 'vitest';
import type { EventBody } from '../../../core/events.ts';
import { samples, session, sessionStart, stamped } from '../../../../test/support/sample-events.ts';
import { initialUi, type UiState } from '../../view/keys.ts';
import { toAscii, type Theme } from '../../text/line.ts';
import { initialView, reduceView } from '../../view/model.ts';
import { planPanel, type Size } from '../panel.ts';
import { PanelView } from './panel-view.tsx';

const noColor: Theme = { color: false, unicode: true };
const logPath = (service: string): string => `.appdev/logs/${service}.log`;

function drawn(
  bodies: readonly EventBody[],
  size: Size,
  theme: Theme = noColor,
  ui: UiState = initialUi,
): string {
  const view = stamped(bodies).reduce(reduceView, initialView);
  const rows = planPanel(view, { ui, size, now: sessionStart + 6_000, keys: true, logPath });
  return renderToString(<PanelView rows={rows} columns={size.columns} theme={theme} />, {
    columns: size.columns,
  });
}
const golden = (name: string): string => `../../golden/${name}.txt`;

describe('the panel as drawn', () => {
  test.each([60, 80, 120])('at %i columns', async (columns) => {
    await expect(`${drawn(session, { columns, rows: 40 })}\n`).toMatchFileSnapshot(
      golden(`panel-${columns}`),
    );
  });

  test('help at 60×12', async () => {
    const ui = { ...initialUi, help: true };
    await expect(`${drawn(session, { columns: 60, rows: 12 }, noColor, ui)}\n`).toMatchFileSnapshot(
      golden('panel-help'),
    );
  });

  test('one line in a tiny terminal', () => {
    expect(drawn(session, { columns: 59, rows: 30 })).toBe('✗ 1 failed · ◐ 1 running · ‖ 1 held · ● 1 ready');
  });

  test('in ASCII, in the same columns', () => {
    const unicode = drawn(session, { columns: 80, rows: 40 });
    const ascii = drawn(session, { columns: 80, rows: 40 }, { color: false, unicode: false });
    // The ellipsis where Ink cuts is replaced on the way to the terminal.
    expect(toAscii(ascii)).toBe(toAscii(unicode));
    expect(toAscii(ascii)).toMatch(/^[\x20-\x7e\n]*$/);
  });

  test('colour adds escapes and nothing else; without colour there is none', () => {
    const plain = drawn(session, { columns: 120, rows: 40 });
    const colored = drawn(session, { columns: 120, rows: 40 }, { color: true, unicode: true });
    expect(plain).not.toContain('\x1b');
    expect(colored).toContain('\x1b[31m✗ failed');
    expect(colored.replace(/\x1b\[[\d;]*m/g, '')).toBe(plain);
  });

  test.each([60, 79, 80, 100, 119, 120, 200])('no line is as wide as a terminal of %i columns', (columns) => {
    const long = 'x'.repeat(300);
    const bodies: EventBody[] = [
      ...session,
      { type: 'cluster.selected', context: long, server: 's', product: 'kind', namespace: long },
      { type: 'cluster.lost', context: long, reason: long },
      {
        type: 'run.started',
        service: 'gateway',
        run: 30,
        change: 16,
        route: 'image',
        because: 'changed: source',
        reason: long,
      },
      { ...samples['forward.lost'], reason: '注文サービス'.repeat(40) },
    ];
    const lines = drawn(bodies, { columns, rows: 40 }).split('\n');
    for (const line of lines) expect(displayWidth(line)).toBeLessThan(columns);
    // As many lines as planned: none of them wrapped.
    const view = stamped(bodies).reduce(reduceView, initialView);
    const size = { columns, rows: 40 };
    expect(lines).toHaveLength(
      planPanel(view, { ui: initialUi, size, now: sessionStart + 6_000, keys: true }).length,
    );
  });

  test('escapes in what others wrote do not reach the screen', () => {
    const evil = '\x1b]0;owned\x07\x1b[2Jgone\r\n';
    const out = drawn(
      [
        samples['session.started'],
        { ...samples['run.started'], reason: evil },
        { ...samples['cluster.lost'], reason: evil },
      ],
      { columns: 100, rows: 40 },
    );
    expect(out).not.toMatch(/[\x1b\x07\r]/);
    expect(out).toContain('gone');
  });
});

/** Columns that a line takes: two for each ideograph of the test's text. */
function displayWidth(line: string): number {
  return line.replace(/[\u3000-\u9fff]/g, 'xx').length;
}
