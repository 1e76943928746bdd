import { describe, expect, test } from 'vitest';
import { rolloutError, session, stamped } from '../../../test/support/sample-events.ts';
import { initialUi, isOpen, keyHelp, pressKey, type KeyPress, type UiState } from './keys.ts';
import { initialView, reduceView } from './model.ts';
import type { ServiceView } from './view.ts';

const view = stamped(session).reduce(reduceView, initialView);
const press = (keys: readonly KeyPress[], from: UiState = initialUi): UiState =>
  keys.reduce((ui, key) => pressKey(ui, view, key).ui, from);
const j = { input: 'j' };
const k = { input: 'k' };
const enter = { input: '\r', return: true };
const escape = { input: '', escape: true };
const ctrl = (input: string): KeyPress => ({ input, ctrl: true });
const row = (name: string): ServiceView =>
  view.services.find((service) => service.name === name) as ServiceView;

test('j, k and the arrows select, and stop at both ends', () => {
  expect(press([j]).selected).toBe('orders');
  expect(press([j, j, { input: '', downArrow: true }]).selected).toBe('catalog');
  expect(press([k]).selected).toBe('billing');
  expect(press([j, j, { input: '', upArrow: true }, k, k]).selected).toBe('orders');
  expect(press([j, j, j, j, j, j]).selected).toBe('billing');
  expect(press([j, escape]).selected).toBeUndefined();
});

describe('actions', () => {
  test.each([
    ['r', { type: 'rebuild' }],
    ['c', { type: 'cancel' }],
    ['p', { type: 'pause' }],
    ['q', { type: 'quit' }],
  ])('%s asks for %j', (input, action) => {
    expect(pressKey(initialUi, view, { input }).action).toEqual(action);
  });

  test('r and c mean the selected service', () => {
    const ui = press([j, j]);
    expect(pressKey(ui, view, { input: 'r' }).action).toEqual({ type: 'rebuild', service: 'gateway' });
    expect(pressKey(ui, view, { input: 'c' }).action).toEqual({ type: 'cancel', service: 'gateway' });
  });

  test('Ctrl-C interrupts each time and says what the next one does', () => {
    const once = pressKey(initialUi, view, ctrl('c'));
    const twice = pressKey(once.ui, view, ctrl('c'));
    expect([once.action, twice.action]).toEqual([{ type: 'interrupt' }, { type: 'interrupt' }]);
    expect([once.ui.quitting, twice.ui.quitting]).toEqual([1, 2]);
  });

  test('Ctrl-C after q is the second', () => {
    expect(press([{ input: 'q' }, ctrl('c')]).quitting).toBe(2);
  });

  test('Ctrl-Z suspends', () => {
    expect(pressKey(initialUi, view, ctrl('z')).action).toEqual({ type: 'suspend' });
  });

  test.each(['x', 'R', 'C', '', ' '])('%j does nothing', (input) => {
    expect(pressKey(initialUi, view, { input })).toEqual({ ui: initialUi });
  });

  test('control with a letter is not the letter', () => {
    expect(pressKey(initialUi, view, ctrl('r'))).toEqual({ ui: initialUi });
  });
});

describe('details', () => {
  test('failing rows are open by themselves, others are not', () => {
    expect(isOpen(initialUi, row('billing'))).toBe(true);
    expect(isOpen(initialUi, row('orders'))).toBe(false);
  });

  test('Enter opens and closes the selected row', () => {
    expect(isOpen(press([j, enter]), row('orders'))).toBe(true);
    expect(isOpen(press([j, enter, enter]), row('orders'))).toBe(false);
    expect(isOpen(press([k, enter]), row('billing'))).toBe(false);
    expect(press([enter])).toEqual(initialUi);
  });

  test('a closed failure opens again when a later run fails too', () => {
    const closed = press([k, enter]);
    const billing = row('billing');
    const later: ServiceView = {
      ...billing,
      last: { run: 12, change: 16, reason: 'x', outcome: 'failed', ms: 1, stages: [], error: rolloutError },
    };
    expect(isOpen(closed, later)).toBe(true);
  });

  test('a day of opening and closing remembers one choice a service', () => {
    let ui = press([j]);
    for (let run = 1; run < 100; run += 1) {
      const services = view.services.map((service) => ({
        ...service,
        last: { run, change: run, reason: 'x', outcome: 'ok' as const, ms: 1, stages: [] },
      }));
      ui = pressKey(ui, { ...view, services }, enter).ui;
    }
    expect(Object.keys(ui.opened)).toHaveLength(1);
  });
});

test('l shows one service’s log, another’s, and all', () => {
  expect(press([{ input: 'l' }]).logsOf).toBe('orders');
  const gateway = press([j, j, { input: 'l' }]);
  expect(gateway.logsOf).toBe('gateway');
  expect(press([j, { input: 'l' }], gateway).logsOf).toBe('catalog');
  expect(press([{ input: 'l' }], gateway).logsOf).toBeUndefined();
});

test('? and h show the help, the same keys and Esc close it', () => {
  expect(press([{ input: '?' }]).help).toBe(true);
  expect(press([{ input: 'h' }, { input: '?' }]).help).toBe(false);
  expect(press([j, { input: '?' }, escape])).toEqual(press([j]));
});

test('every key that does something is in the help', () => {
  const listed = keyHelp.map(([key]) => key).join(' ');
  for (const key of ['r', 'j', 'k', 'Enter', 'p', 'c', 'l', '?', 'q', 'Ctrl-C', 'Ctrl-Z'])
    expect(listed).toContain(key);
});
