/**
 * What each key does. Pure: a key press changes the screen's own state (selection, open rows, log filter, help), or
 * becomes an action. Actions are the only way from a key to the loop.
 */
import { stateOf, type ServiceView, type View } from './view.ts';

/** What a key asks the session to do. Without `service`, it means all services. `interrupt` is one press of Ctrl-C. */
export type KeyAction =
  | { readonly type: 'rebuild'; readonly service?: string }
  | { readonly type: 'pause' }
  | { readonly type: 'cancel'; readonly service?: string }
  | { readonly type: 'quit' }
  | { readonly type: 'interrupt' };

/** The screen's own state, which no event changes. */
export interface UiState {
  readonly selected?: string;
  /**
   * Rows that the user opened or closed. The key has the service and the run, so that a new run starts with the
   * default.
   */
  readonly opened: Readonly<Record<string, boolean>>;
  /** The only service whose application log is printed. Absent: all of them. */
  readonly logsOf?: string;
  readonly help: boolean;
  /** How often q or Ctrl-C was pressed, to say what the next press does. */
  readonly quitting: 0 | 1 | 2;
}

/** One key press, with the names that Ink uses. */
export interface KeyPress {
  readonly input: string;
  readonly ctrl?: boolean;
  readonly upArrow?: boolean;
  readonly downArrow?: boolean;
  readonly return?: boolean;
  readonly escape?: boolean;
}

/** The result of a key press. `suspend` (Ctrl-Z) concerns only the terminal, not the session. */
export interface KeyResult {
  readonly ui: UiState;
  readonly action?: KeyAction | { readonly type: 'suspend' };
}

/** The state before the first key. */
export const initialUi: UiState = { opened: {}, help: false, quitting: 0 };

/** The keys and what they do, for the help. */
export const keyHelp: readonly (readonly [key: string, does: string])[] = [
  ['r', 'rebuild the selected service, or all'],
  ['j k ↓ ↑', 'select a service; Esc selects none'],
  ['Enter', 'open or close its details'],
  ['p', 'pause building, or resume'],
  ['c', 'cancel its run, or all runs'],
  ['l', 'show only its application log, or all logs'],
  ['?', 'show or hide this help'],
  ['q', 'quit: clean up, then exit'],
  ['Ctrl-C', 'the same; a second time exits at once'],
  ['Ctrl-Z', 'suspend; type fg to come back'],
];

/** True if a service's details are shown. A failed service is open unless the user closed it. */
export function isOpen(ui: UiState, service: ServiceView): boolean {
  const state = stateOf(service);
  return ui.opened[openKey(service)] ?? (state === 'failed' || state === 'unhealthy');
}

/** The new state and the action, if any, after a key press. A key without a meaning changes nothing. */
export function pressKey(ui: UiState, view: View, key: KeyPress): KeyResult {
  if (key.ctrl === true) return pressControl(ui, key.input);
  if (key.escape === true) return { ui: ui.help ? { ...ui, help: false } : deselect(ui) };
  if (key.downArrow === true) return { ui: select(ui, view, 1) };
  if (key.upArrow === true) return { ui: select(ui, view, -1) };
  if (key.return === true) return { ui: toggleOpen(ui, view) };
  const target = ui.selected === undefined ? {} : { service: ui.selected };
  switch (key.input) {
    case 'j':
      return { ui: select(ui, view, 1) };
    case 'k':
      return { ui: select(ui, view, -1) };
    case 'r':
      return { ui, action: { type: 'rebuild', ...target } };
    case 'c':
      return { ui, action: { type: 'cancel', ...target } };
    case 'p':
      return { ui, action: { type: 'pause' } };
    case 'l':
      return { ui: toggleLogs(ui, view) };
    case '?':
    case 'h':
      return { ui: { ...ui, help: !ui.help } };
    case 'q':
      return { ui: { ...ui, quitting: ui.quitting === 0 ? 1 : ui.quitting }, action: { type: 'quit' } };
    default:
      return { ui };
  }
}

function pressControl(ui: UiState, input: string): KeyResult {
  if (input === 'c')
    return { ui: { ...ui, quitting: ui.quitting === 0 ? 1 : 2 }, action: { type: 'interrupt' } };
  if (input === 'z') return { ui, action: { type: 'suspend' } };
  return { ui };
}

function select(ui: UiState, view: View, step: 1 | -1): UiState {
  const names = view.services.map((service) => service.name);
  const at = ui.selected === undefined ? -1 : names.indexOf(ui.selected);
  const next =
    at === -1 ? (step === 1 ? 0 : names.length - 1) : Math.min(names.length - 1, Math.max(0, at + step));
  const name = names[next];
  return name === undefined ? ui : { ...ui, selected: name };
}

function toggleOpen(ui: UiState, view: View): UiState {
  const service = view.services.find((candidate) => candidate.name === ui.selected);
  if (service === undefined) return ui;
  // Only the newest choice of each service is kept, so that the record does not grow with every run.
  const kept = Object.entries(ui.opened).filter(([key]) => !key.startsWith(`${service.name}#`));
  return { ...ui, opened: { ...Object.fromEntries(kept), [openKey(service)]: !isOpen(ui, service) } };
}

function toggleLogs(ui: UiState, view: View): UiState {
  const target = ui.selected ?? view.services[0]?.name;
  if (target === undefined || ui.logsOf === target) return allLogs(ui);
  return { ...ui, logsOf: target };
}

function openKey(service: ServiceView): string {
  return `${service.name}#${service.run?.run ?? service.last?.run ?? 0}`;
}

function deselect({ selected: _, ...rest }: UiState): UiState {
  return rest;
}

function allLogs({ logsOf: _, ...rest }: UiState): UiState {
  return rest;
}
