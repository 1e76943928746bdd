import { expect, test } from 'vitest';
import { FakeOutput } from '../../../test/support/fake-output.ts';
import { createScreen, terminalReflows, wrappedLines, wrapping, type Screen } from './screen.ts';

class FakeTerminal extends FakeOutput {
  columns = 100;
  rows = 30;
}

function make(
  options: { unicode?: boolean; reflows?: boolean; widths?: number[] } = {},
): [Screen, FakeTerminal] {
  const terminal = new FakeTerminal();
  const screen = createScreen({
    stdout: terminal as unknown as NodeJS.WriteStream,
    unicode: options.unicode ?? true,
    reflows: options.reflows ?? true,
    panelWidths: () => options.widths ?? [],
  });
  return [screen, terminal];
}

test('a frame is written in one piece', () => {
  const [screen, terminal] = make();
  const writes: string[] = [];
  terminal._write = (chunk, _, done) => {
    writes.push(String(chunk));
    done();
  };
  screen.stream.write('before');
  for (const part of ['\x1b[?2026h', 'erase', 'panel', '\x1b[?2026l']) screen.stream.write(part);
  expect(writes).toEqual(['before', '\x1b[?7l\x1b[?2026herasepanel\x1b[?2026l\x1b[?7h']);
});

test('several frames can be one piece, and nothing is left behind when drawing them fails', () => {
  const [screen, terminal] = make();
  const writes: string[] = [];
  terminal._write = (chunk, _, done) => {
    writes.push(String(chunk));
    done();
  };
  const draw = (): void => {
    for (const frame of ['log', 'panel']) {
      for (const part of ['\x1b[?2026h', frame, '\x1b[?2026l']) screen.stream.write(part);
    }
  };
  screen.inOnePiece(draw);
  expect(writes).toHaveLength(1);
  expect(() =>
    screen.inOnePiece(() => {
      draw();
      throw new Error('on purpose');
    }),
  ).toThrow('on purpose');
  expect(writes).toHaveLength(2);
  expect(writes.every((text) => text.endsWith('\x1b[?7h'))).toBe(true);
});

test('log lines wrap although the panel does not', () => {
  expect(wrapping('text\n')).toBe('\x1b[?7htext\n\x1b[?7l');
});

test('the height that Ink sees is never reached; the panel sees the real one', () => {
  const [screen, terminal] = make();
  expect(screen.stream.rows).toBeGreaterThan(1_000_000);
  expect(screen.size()).toEqual({ columns: 100, rows: 30 });
  terminal.columns = 0;
  terminal.rows = 0;
  terminal.emit('resize');
  expect(screen.size()).toEqual({ columns: 80, rows: 24 });
});

test('in a narrower terminal the wrapped rests of the panel are erased before Ink draws', () => {
  const [screen, terminal] = make({ widths: [99, 60, 120] });
  const order: string[] = [];
  screen.stream.on('resize', () => order.push(`ink at ${screen.stream.columns}`));
  screen.onResize(() => order.push('layout'));
  terminal.columns = 50;
  terminal.emit('resize');
  // 99 and 60 became two lines each, 120 three: four more than Ink knows of.
  expect(terminal.text).toBe(`\x1b[?7l${'\x1b[2K\x1b[1A'.repeat(4)}\x1b[2K\x1b[G\x1b[?7h`);
  expect(order).toEqual(['layout', 'ink at 50']);
});

test('nothing is erased where the terminal cuts lines, or became wider', () => {
  const [, cutting] = make({ widths: [99], reflows: false });
  cutting.columns = 50;
  cutting.emit('resize');
  expect(cutting.text).toBe('');
  const [, wider] = make({ widths: [99] });
  wider.columns = 150;
  wider.emit('resize');
  expect(wider.text).toBe('');
});

test.each<readonly [number[], number, number]>([
  [[], 80, 0],
  [[80, 10, 0], 80, 0],
  [[81], 80, 1],
  [[200, 161], 80, 4],
])('%j at %i columns: %i more lines', (widths, columns, more) => {
  expect(wrappedLines(widths, columns)).toBe(more);
});

test.each<readonly [Record<string, string>, boolean]>([
  [{ TERM: 'xterm-256color' }, true],
  [{ TERM: 'xterm-256color', XTERM_VERSION: 'XTerm(379)' }, false],
  [{ TERM: 'linux' }, false],
  [{ TERM: 'screen', STY: '1.pts' }, false],
  [{ TERM: 'screen-256color', TMUX: '/tmp/tmux' }, true],
])('%j reflows: %s', (env, reflows) => {
  expect(terminalReflows(env)).toBe(reflows);
});

test('without UTF-8, glyphs become ASCII whoever wrote them', () => {
  const [screen, terminal] = make({ unicode: false });
  screen.stream.write('● ready…');
  expect(terminal.text).toBe('* ready~');
});

test('a terminal that went away is no exception, and closing takes its listener off', async () => {
  const [screen, terminal] = make();
  terminal.goAway();
  screen.stream.write('x');
  await screen.close();
  expect(terminal.listenerCount('resize')).toBe(0);
});
