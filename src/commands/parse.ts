/** Reads the command line and the variables of its flags, and makes the help texts. Pure. */
import { parseArgs } from 'node:util';
import { checkNamespaceName } from '../cluster/choose/namespace-name.ts';
import { nearest } from '../config/text/nearest.ts';
import { variableIn, type Variables } from '../config/text/variables.ts';
import { failed, ok, type NotOk, type Outcome } from '../core/outcome.ts';
import type { Environment } from '../app/environment.ts';
import { checkOutput } from '../app/output-flag.ts';
import { flagNames, keyOf, kindOf, type FlagName, type Flags } from '../app/flags.ts';
import type { Command, Flag, Invocation } from '../app/invocation.ts';
import { commands, commonFlags } from './table.ts';

/** What the command line asks for: to run a command, or to print a text and exit. */
export type Parsed =
  | {
      readonly kind: 'run';
      readonly command: Command;
      readonly invocation: Invocation;
      /** What to tell the user before the command runs. */
      readonly warnings: readonly string[];
    }
  | { readonly kind: 'print'; readonly text: string };

/**
 * All flags of a command. If it uses the letter of a common flag, the common flag loses its letter (`logs -f` follows).
 */
export function flagsOf(command: Command): ReadonlyMap<FlagName, Flag> {
  const own = entriesOf(command.flags);
  const taken = new Set(own.map(([, flag]) => flag.short));
  const common = entriesOf(commonFlags).map(([name, flag]): readonly [FlagName, Flag] => {
    if (flag.short === undefined || !taken.has(flag.short)) return [name, flag];
    const { short: _taken, ...rest } = flag;
    return [name, rest];
  });
  return new Map([...common, ...own]);
}

function entriesOf(flags: Command['flags']): readonly (readonly [FlagName, Flag])[] {
  return Object.entries(flags) as [FlagName, Flag][];
}

/** What the reading of a command line depends on besides its words. */
export interface ParseContext {
  readonly environment: Environment;
  readonly cwd: string;
  readonly version: string;
  /** The folder with appdev's own pages, for the help text: messages name a page as `docs/errors.md#code`. */
  readonly docs: string;
}

/**
 * Reads a command line.
 *
 * @param argv the arguments after the program's name
 * @returns fails with USAGE if it cannot be understood; the hint has the nearest known word
 */
export function parseCommandLine(argv: readonly string[], context: ParseContext): Outcome<Parsed> {
  const [name, ...rest] = argv;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    const topic = name === 'help' ? commands.find((command) => command.name === rest[0]) : undefined;
    return ok({ kind: 'print', text: topic === undefined ? programHelp(context.docs) : commandHelp(topic) });
  }
  if (name === '--version' || name === '-V' || name === 'version') {
    return ok({ kind: 'print', text: context.version });
  }
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined && name.startsWith('-')) return failed('USAGE', ...misplaced(name, argv));
  if (command === undefined) {
    const near = nearest(
      name,
      commands.map((candidate) => candidate.name),
    );
    return failed('USAGE', `there is no command '${name}'`, {
      hint: near === undefined ? 'type appdev --help to see the commands' : `did you mean: appdev ${near}`,
    });
  }
  return parseFlags(command, rest, context);
}

/** Message and details for a command line that begins with a flag. */
function misplaced(flag: string, argv: readonly string[]): [string, { readonly hint: string }] {
  const command = argv.find((word) => commands.some(({ name }) => name === word));
  if (command !== undefined) {
    const rest = argv.filter((word) => word !== command);
    return [
      `the command comes first, and its flags after it, but here ${flag} is first`,
      { hint: `type: appdev ${[command, ...rest].join(' ')}` },
    ];
  }
  const near = nearest(flag, ['--version', '--help']);
  const hint = near === undefined ? 'type appdev --help to see the commands' : `did you mean: appdev ${near}`;
  return [`there is no command in this line, and ${flag} alone is no request`, { hint }];
}

function parseFlags(
  command: Command,
  argv: readonly string[],
  { environment, cwd }: Pick<Invocation, 'environment' | 'cwd'>,
): Outcome<Parsed> {
  const flags = flagsOf(command);
  const normalized = argv.map((argument) => spelledBoolean(argument, flags));
  let parsed;
  try {
    parsed = parseArgs({
      args: joinDashedProfiles(normalized),
      options: Object.fromEntries(
        [...flags].map(([name, { short }]) => {
          const kind = kindOf(name);
          const type = kind === 'boolean' ? ('boolean' as const) : ('string' as const);
          return [name, { type, multiple: kind === 'list', ...(short === undefined ? {} : { short }) }];
        }),
      ),
      allowPositionals: true,
      allowNegative: true,
    });
  } catch (error) {
    return failed('USAGE', parseArgsMessage(error, command), {
      hint: flagHint(error, command, flags),
    });
  }
  const values: Partial<Record<keyof Flags, unknown>> = {};
  for (const name of flags.keys()) {
    const typed = (parsed.values as Record<string, unknown>)[name];
    const value = typed ?? fromVariable(name, environment.variables);
    if (kindOf(name) === 'boolean' && typeof value === 'string') {
      return failed('USAGE', `${variableOf(name)} is '${value}', but it must be true or false`, {
        hint: `set ${variableOf(name)} to true or false, or unset it`,
      });
    }
    if (value !== undefined) values[keyOf(name)] = value;
  }
  // Each value has the type of its kind by now.
  const read = values as Flags;
  if (read.help === true) return ok({ kind: 'print', text: commandHelp(command) });
  if (read.namespace !== undefined) {
    const fits = checkNamespaceName(read.namespace);
    if (fits.kind !== 'ok') return fits;
  }
  const { positionals } = parsed;
  const typed: Typed = parsed.values;
  const source = typed['output'] === undefined ? variableOf('output') : '--output';
  const useless = meaningless(command, typed, positionals) ?? checkOutput(command, read, source);
  if (useless !== undefined) return useless;
  const invocation: Invocation = { command: command.name, positionals, flags: read, cwd, environment };
  return ok({ kind: 'run', command, invocation, warnings: unknownVariables(environment.variables) });
}

type Typed = Readonly<Record<string, unknown>>;

/**
 * The failure for a flag that was typed, and means nothing here. Whoever types it expects something else to happen. A
 * variable may mean another command.
 */
function meaningless(command: Command, typed: Typed, positionals: readonly string[]): NotOk | undefined {
  for (const [name, { needs }] of entriesOf(command.flags)) {
    if (needs === undefined || typed[name] !== true) continue;
    const there = 'flag' in needs ? typed[needs.flag] === true : positionals[0] === needs.argument;
    if (there) continue;
    const word = 'flag' in needs ? `--${needs.flag}` : needs.argument;
    return failed('USAGE', `--${name} means nothing to appdev ${command.name} without ${word}`, {
      hint: `type: appdev ${command.name} ${word} --${name}`,
    });
  }
  return undefined;
}

/** Warnings about variables that look like those of a flag and are not. Others are no business of appdev. */
function unknownVariables(variables: Variables): string[] {
  const known = flagNames.map(variableOf);
  return Object.keys(variables).flatMap((name) => {
    if (!name.startsWith('APPDEV_') || known.includes(name)) return [];
    const near = nearest(
      name.slice('APPDEV_'.length),
      known.map((one) => one.slice('APPDEV_'.length)),
    );
    return near === undefined ? [] : [`appdev has no variable ${name}; did you mean APPDEV_${near}?`];
  });
}

/** Turns `--cleanup=false`, which users of kubectl and Skaffold know, into `--no-cleanup`, which parseArgs knows. */
function spelledBoolean(argument: string, flags: ReadonlyMap<FlagName, Flag>): string {
  const match = /^--([a-z-]+)=(true|false)$/.exec(argument);
  const name = [...flags.keys()].find((flag) => flag === match?.[1]);
  if (name === undefined || kindOf(name) !== 'boolean') return argument;
  return match?.[2] === 'true' ? `--${name}` : `--no-${name}`;
}

/** Turns `-p -name` into `--profile=-name`, because parseArgs would take `-name` for another flag. */
function joinDashedProfiles(argv: readonly string[]): string[] {
  const joined: string[] = [];
  for (let i = 0; i < argv.length; i += 1) {
    const argument = argv[i] ?? '';
    const next = argv[i + 1];
    if ((argument === '-p' || argument === '--profile') && next !== undefined && /^-[a-z0-9]/.test(next)) {
      joined.push(`--profile=${next}`);
      i += 1;
    } else joined.push(argument);
  }
  return joined;
}

/** The environment variable for a flag: `APPDEV_KUBE_CONTEXT` for `kube-context`. */
export function variableOf(flag: string): string {
  return `APPDEV_${flag.toUpperCase().replaceAll('-', '_')}`;
}

function fromVariable(name: FlagName, variables: Variables): string | boolean | string[] | undefined {
  const value = variableIn(variables, variableOf(name));
  if (value === undefined || value === '' || name === 'help') return undefined;
  const kind = kindOf(name);
  if (kind === 'list') return value.split(',').filter((part) => part !== '');
  if (kind === 'boolean' && /^(true|1|false|0)$/.test(value)) return value === 'true' || value === '1';
  return value;
}

function parseArgsMessage(error: unknown, command: Command): string {
  const text = error instanceof Error ? error.message : String(error);
  // Node's first sentence is clear. The rest is advice about `--` that does not help here.
  return `appdev ${command.name}: ${text.split('. ')[0] ?? text}`;
}

function flagHint(error: unknown, command: Command, flags: ReadonlyMap<string, Flag>): string {
  const unknown = /'--(?:no-)?([a-z0-9-]+)/i.exec(error instanceof Error ? error.message : '')?.[1];
  const owners =
    unknown === undefined || flags.has(unknown) ? [] : commands.filter((one) => unknown in one.flags);
  if (unknown !== undefined && owners.length > 0) {
    const names = owners.map(({ name }) => name).join(', ');
    return `--${unknown} is a flag of ${names}; type appdev ${command.name} --help to see the flags of ${command.name}`;
  }
  const near = unknown === undefined ? undefined : nearest(unknown, [...flags.keys()]);
  return near === undefined || near === unknown
    ? `type appdev ${command.name} --help to see the flags`
    : `did you mean: --${near}`;
}

/** The text of `appdev --help`. `docs` is the folder with appdev's own pages. */
export function programHelp(docs: string): string {
  const width = Math.max(...commands.map((command) => command.name.length));
  return [
    'appdev: a local developer loop for Java/Spring services on Kubernetes',
    '',
    'Usage: appdev COMMAND [flags]',
    '',
    ...commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`),
    '',
    'Flags of every command:',
    ...flagLines(entriesOf(commonFlags)),
    '',
    'Each flag has a variable: --kube-context is APPDEV_KUBE_CONTEXT.',
    'appdev COMMAND --help lists the flags of a command.',
    `The pages that messages name (docs/errors.md) are in ${docs}.`,
  ].join('\n');
}

/** The text of `appdev COMMAND --help`. */
export function commandHelp(command: Command): string {
  const own = entriesOf(command.flags);
  const rest = [...flagsOf(command)].filter(([name]) => name !== 'help' && !(name in command.flags));
  return [
    `Usage: appdev ${command.name}${command.synopsis === '' ? '' : ` ${command.synopsis}`} [flags]`,
    '',
    command.description,
    '',
    ...(own.length === 0 ? [] : ['Flags:', ...flagLines(own), '']),
    'Flags of every command:',
    ...flagLines(rest),
  ].join('\n');
}

function flagLines(flags: readonly (readonly [FlagName, Flag])[]): string[] {
  const heads = flags.map(([name, flag]) => {
    const short = flag.short === undefined ? '    ' : `-${flag.short}, `;
    return [`  ${short}--${name}${flag.value === undefined ? '' : ` ${flag.value}`}`, flag.help] as const;
  });
  const width = Math.max(...heads.map(([head]) => head.length));
  return heads.map(([head, help]) => `${head.padEnd(width)}  ${help}`);
}
