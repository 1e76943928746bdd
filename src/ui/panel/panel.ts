/**
 * Lays out the panel as rows of cells for the size of the terminal. Pure. The panel is never higher than the terminal's
 * rows minus one, because Ink clears the scrollback if a frame is as high as the terminal. Components only draw.
 */
import { count, namesOf } from '../../core/words.ts';
import { isOpen, keyHelp, type UiState } from '../view/keys.ts';
import { lineText, seg, type Line, type Segment } from '../text/line.ts';
import { shortNames } from '../text/short-names.ts';
import { detailRows, plainRow, serviceRow, type PanelRow, type RowContext, type WidthClass } from './rows.ts';
import {
  nameWidthOf,
  stateMarks,
  stateOf,
  type ServiceState,
  type ServiceView,
  type View,
} from '../view/view.ts';

/** A terminal's size in characters. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** What the panel depends on in addition to the view. */
export interface PanelContext {
  readonly ui: UiState;
  readonly size: Size;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** False if standard input is not a terminal. The panel then shows no keys. */
  readonly keys: boolean;
  readonly logPath?: (service: string) => string;
}

/** The most lines of details under one service. */
const maxDetails = 6;
/** Columns of a row besides name and rest (see rows.ts), and columns that the rest keeps beside a long name. */
const otherColumns: Readonly<Record<WidthClass, number>> = { narrow: 30, medium: 38, wide: 47 };
const restColumns: Readonly<Record<WidthClass, number>> = { narrow: 8, medium: 18, wide: 28 };
/** Even a narrow terminal shows so much of a name. */
const minName = 16;
/**
 * Width of the widest rule. The rule is the panel's first line and has the cursor. tmux loses the cursor if one wrapped
 * line becomes higher than the terminal.
 */
const maxRule = 80;

/** The layout for a width in columns. */
export function widthClass(columns: number): WidthClass {
  if (columns < 80) return 'narrow';
  return columns < 120 ? 'medium' : 'wide';
}

/** The most lines that the panel takes for a terminal's height: two thirds, so that the log has room; never all of it. */
export function panelHeight(rows: number): number {
  return Math.max(1, Math.min(rows - 1, Math.max(11, Math.floor((rows * 2) / 3))));
}

/** The panel's rows from top to bottom, at most `panelHeight(size.rows)`. Below 60×12 characters it is one line. */
export function planPanel(view: View, context: PanelContext): PanelRow[] {
  const { size, ui } = context;
  if (size.columns < 60 || size.rows < 12)
    return [plainRow('line', [...countsLine(view), ...quittingText(view, ui)])];
  const height = panelHeight(size.rows);
  if (ui.help) return helpRows(size);
  const head = [ruleRow(size), ...headerRows(view, size), ...bannerRows(view, ui)];
  const foot = footerRow(view, context);
  return [...head, ...serviceRows(view, context, height - head.length - 1), foot].slice(-height);
}

function ruleRow(size: Size): PanelRow {
  return plainRow('rule', [seg('─'.repeat(Math.min(size.columns - 1, maxRule)), 'dim')]);
}

function headerRows(view: View, size: Size): PanelRow[] {
  const { cluster, registry, watch } = view;
  const narrow = widthClass(size.columns) === 'narrow';
  const where: string[] = [view.project];
  if (cluster !== undefined)
    where.push(cluster.namespace === '' ? cluster.context : `${cluster.context}/${cluster.namespace}`);
  if (view.profiles.length > 0) where.push(`profiles ${view.profiles.join(', ')}`);
  const what: string[] = [];
  if (registry !== undefined) what.push(`registry ${registry.push} (${registry.source})`);
  if (watch !== undefined) {
    const files = narrow || view.paused ? '' : ` ${count(watch.files, 'file')}`;
    const polling =
      watch.mode === 'events' ? '' : ` by ${watch.mode === 'polling' ? 'polling' : 'events and polling'}`;
    what.push(`${view.paused ? 'paused' : 'watching'}${files}${polling}`);
  }
  if (view.change > 0) what.push(`change #${view.change}`);
  const title = seg(`appdev ${view.command}`, 'strong');
  const all = `  ${[...where, ...what].join(' · ')}`;
  if (title.text.length + all.length < size.columns) return [plainRow('header', [title, seg(all)])];
  const first = plainRow('header', [title, seg(`  ${where.join(' · ')}`)]);
  return what.length === 0 ? [first] : [first, plainRow('header2', [seg(what.join(' · '), 'dim')])];
}

function bannerRows(view: View, ui: UiState): PanelRow[] {
  const rows: PanelRow[] = [];
  if (view.cluster?.lost !== undefined) {
    rows.push(
      plainRow('lost', [
        seg('✗ ', 'bad'),
        seg(`cluster ${view.cluster.context} does not answer: ${view.cluster.lost}`),
      ]),
    );
  }
  if (view.configError !== undefined) {
    const place = view.configError.diagnostics?.[0];
    const at =
      place?.file === undefined ? '' : ` (${place.file}${place.line === undefined ? '' : `:${place.line}`})`;
    rows.push(
      plainRow('config', [
        seg('✗ ', 'bad'),
        seg(`the new appdev.yaml is not valid; the previous one stays active${at}`),
      ]),
    );
  }
  if (view.paused)
    rows.push(plainRow('paused', [seg('‖ paused: saves are noticed but not built; p resumes', 'warn')]));
  const quitting = quittingText(view, ui);
  if (quitting.length > 0) rows.push(plainRow('quitting', quitting));
  return rows;
}

function quittingText(view: View, ui: UiState): Segment[] {
  if (ui.quitting === 2) return [seg(' stopping now', 'warn')];
  if (view.phase === 'cleaning')
    // At most three names: the key at the end of the line must not be cut off.
    return [seg(` cleaning up: removing ${namesOf(view.cleaning)}; Ctrl-C stops now`, 'warn')];
  return ui.quitting === 1
    ? [seg(' stopping: ending all runs, then cleaning up; Ctrl-C stops now', 'warn')]
    : [];
}

function serviceRows(view: View, context: PanelContext, room: number): PanelRow[] {
  const width = widthClass(context.size.columns);
  const free = context.size.columns - otherColumns[width] - restColumns[width];
  const nameWidth = Math.min(Math.max(minName, free), nameWidthOf(view));
  const rowContext: RowContext = {
    width,
    now: context.now,
    ui: context.ui,
    nameWidth,
    names: shortNames(
      view.services.map(({ name }) => name),
      nameWidth,
    ),
    ...(context.logPath === undefined ? {} : { logPath: context.logPath }),
  };
  const anyOpen = view.services.some((service) => isOpen(context.ui, service));
  const listRoom = Math.max(1, anyOpen ? Math.max(room - maxDetails, Math.ceil(room / 2)) : room);
  const { shown, hidden } = choose(view.services, context.ui, listRoom);
  let left = room - shown.length - (hidden.length > 0 ? 1 : 0);
  const rows: PanelRow[] = [];
  for (const service of shown) {
    const details = detailRows(service, rowContext, Math.min(maxDetails, left));
    left -= details.length;
    rows.push(serviceRow(service, rowContext), ...details);
  }
  if (hidden.length > 0) {
    const where = whereHidden(view.services, shown);
    rows.push(plainRow('hidden', [seg(`  … ${hidden.length} more${where}: `, 'dim'), ...countsOf(hidden)]));
  }
  return rows;
}

/** Where the services are that get no row: ` (3 above, 4 between, 12 below)`. */
function whereHidden(services: readonly ServiceView[], shown: readonly ServiceView[]): string {
  const [first, last] = [shown[0], shown.at(-1)];
  if (first === undefined || last === undefined) return '';
  const above = services.indexOf(first);
  const below = services.length - 1 - services.indexOf(last);
  const between = services.length - shown.length - above - below;
  const parts = [
    [above, 'above'],
    [between, 'between'],
    [below, 'below'],
  ] as const;
  const named = parts.filter(([count]) => count > 0);
  const [only, ...others] = named;
  if (only !== undefined && others.length === 0) return ` ${only[1]}`;
  return ` (${named.map(([count, word]) => `${count} ${word}`).join(', ')})`;
}

/**
 * Chooses the services that get a row if there is not room for all: the selected one, then failing, busy and held ones.
 * Of equal ones, those near the selected one come first, so that the list scrolls with it.
 */
function choose(
  services: readonly ServiceView[],
  ui: UiState,
  room: number,
): { shown: readonly ServiceView[]; hidden: readonly ServiceView[] } {
  if (services.length <= room) return { shown: services, hidden: [] };
  const at = Math.max(
    0,
    services.findIndex(({ name }) => name === ui.selected),
  );
  const ranked = services
    .map((service, index) => ({
      service,
      index,
      rank: service.name === ui.selected ? -1 : rankOf[stateOf(service)],
    }))
    .sort((a, b) => a.rank - b.rank || Math.abs(a.index - at) - Math.abs(b.index - at) || a.index - b.index);
  const kept = new Set(ranked.slice(0, Math.max(0, room - 1)).map((entry) => entry.service));
  return { shown: services.filter((s) => kept.has(s)), hidden: services.filter((s) => !kept.has(s)) };
}

const rankOf: Readonly<Record<ServiceState, number>> = {
  failed: 0,
  unhealthy: 0,
  missing: 0,
  running: 1,
  starting: 2,
  removing: 2,
  'no pods': 2,
  held: 2,
  changed: 2,
  waiting: 3,
  cancelled: 3,
  ready: 4,
  ok: 4,
  removed: 5,
};

function footerRow(view: View, context: PanelContext): PanelRow {
  const counts = countsLine(view);
  // While it ends, the banner names the one key that still means something.
  if (view.phase !== 'working' || context.ui.quitting > 0) return plainRow('footer', counts);
  if (!context.keys) return plainRow('footer', [...counts, seg(`${gap}Ctrl-C ends`, 'dim')]);
  const { ui } = context;
  const who = ui.selected === undefined ? '' : ` ${ui.selected}`;
  const logs = ui.logsOf === undefined ? 'l logs' : `l all logs (now: ${ui.logsOf})`;
  const always = ['? help', 'q quit'];
  const keys = [`r rebuild${who}`, `p ${view.paused ? 'resume' : 'pause'}`, 'c cancel', logs, ...always].join(
    '  ',
  );
  const room = context.size.columns - lineText(counts).length - gap.length;
  if (keys.length < room) return plainRow('footer', [...counts, seg(gap), seg(keys, 'dim')]);
  const few = always.join('  ');
  // If even these do not fit, the counts are cut: the key for help must always be visible.
  return { key: 'footer', cells: [{ line: counts }, { line: [seg(few, 'dim')], width: few.length + 1 }] };
}

const gap = '     ';

function countsLine(view: View): Line {
  return view.services.length === 0 ? [seg('starting', 'dim')] : countsOf(view.services);
}

/** `1 failed · 1 running · 2 ready`, worst first. */
function countsOf(services: readonly ServiceView[]): Line {
  const counts = new Map<ServiceState, number>();
  for (const service of services) counts.set(stateOf(service), (counts.get(stateOf(service)) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => rankOf[a] - rankOf[b])
    .flatMap(([state, n], index) => [
      ...(index === 0 ? [] : [seg(' · ', 'dim')]),
      seg(`${stateMarks[state][0]} ${n} ${state}`, stateMarks[state][1]),
    ]);
}

function helpRows(size: Size): PanelRow[] {
  const rows = [
    ruleRow(size),
    plainRow('title', [seg('Keys', 'strong'), seg('  ? or Esc closes', 'dim')]),
    ...keyHelp.map(([key, does]) => ({
      key,
      cells: [{ line: [seg(`  ${key}`, 'busy')], width: 13 }, { line: [seg(does)] }],
    })),
  ];
  // In the lowest terminal that has a panel, the rule is left out.
  return rows.slice(Math.max(0, rows.length - (size.rows - 1)));
}
