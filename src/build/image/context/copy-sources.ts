/**
 * Which files of its context a Containerfile reads, judged by its COPY and ADD instructions and the bind mounts of its
 * RUN. If a Containerfile copies one jar out of a whole project, an edit of a README must not rebuild the image. If the
 * answer is not certain, it is "everything". Pure.
 */
import { posix } from 'node:path';
import { Add, Arg, Copy, DockerfileParser, Env, From, Onbuild, Run, type Heredoc } from 'dockerfile-ast';

/** Patterns relative to the context, as COPY takes them, or `all`. */
export type CopySources = readonly string[] | 'all';

/** One instruction, or one mount, that reads the context. */
export type ContextRead =
  | {
      readonly by: 'copy';
      readonly sources: CopySources;
      /** A single source whose destination is not named like a folder. If several files match, only one would win. */
      readonly toFile: boolean;
    }
  | {
      /** A bind mount: one path, not a pattern. */
      readonly by: 'mount';
      readonly sources: CopySources;
    };

/** What the build reads from its context. `buildArgs` override the defaults of ARG, as `--build-arg` does. */
export function contextReads(
  text: string,
  buildArgs: Readonly<Record<string, string>>,
): readonly ContextRead[] {
  const variables = new Map<string, string>();
  return DockerfileParser.parse(text)
    .getInstructions()
    .flatMap((instruction): readonly ContextRead[] => {
      if (instruction instanceof Arg) define(instruction, buildArgs, variables);
      if (instruction instanceof Env) define(instruction, {}, variables);
      if (instruction instanceof Run) return mountsOf(lineOf(instruction), variables);
      return instruction instanceof Copy || instruction instanceof Add
        ? copiesOf(instruction, variables)
        : [];
    });
}

/** Everything that the build reads from its context, as one list. */
export function copySources(text: string, buildArgs: Readonly<Record<string, string>>): CopySources {
  const sources = contextReads(text, buildArgs).map((read) => read.sources);
  return sources.includes('all') ? 'all' : sources.flat();
}

/** True if a RUN sees the context. Buildah's cache does not notice when what a RUN sees has changed. */
export function mountsContext(text: string, buildArgs: Readonly<Record<string, string>>): boolean {
  return contextReads(text, buildArgs).some(({ by }) => by === 'mount');
}

/** True if a build only copies. Then equal files make an equal image, because nothing is run. */
export function copiesOnly(text: string): boolean {
  return !DockerfileParser.parse(text)
    .getInstructions()
    .map((one) => (one instanceof Onbuild ? one.getTriggerInstruction() : one))
    .some((one) => one instanceof Run);
}

/** The name of a base, and where it stands in the text: from one offset up to another. */
export interface BaseName {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/**
 * The bases of a Containerfile whose text, files and bases alone decide what the image will be, in the order of the text.
 * Undefined if something else decides too, or may: a RUN, an ADD (it may fetch from elsewhere), a name with a variable, or
 * a COPY from another image.
 */
export function decidingBases(text: string): readonly BaseName[] | undefined {
  const instructions = DockerfileParser.parse(text).getInstructions();
  if (!copiesOnly(text) || instructions.some((one) => one instanceof Add)) return undefined;
  const stages = new Set<string>();
  const isStage = (name: string): boolean => stages.has(name.toLowerCase());
  const starts = [0, ...[...text.matchAll(/\r\n|\r|\n/g)].map(({ index, 0: end }) => index + end.length)];
  const bases: BaseName[] = [];
  for (const instruction of instructions) {
    if (instruction instanceof Copy) {
      const from = instruction.getFromFlag()?.getValue() ?? undefined;
      if (from !== undefined && !/^\d+$/.test(from) && !isStage(from)) return undefined;
    }
    if (!(instruction instanceof From)) continue;
    const name = instruction.getImage() ?? '';
    const range = instruction.getImageRange();
    if (range === null || name.includes('$')) return undefined;
    const [from = 0, to = 0] = [range.start, range.end].map(
      ({ line, character }) => (starts[line] ?? 0) + character,
    );
    if (name !== 'scratch' && !isStage(name)) bases.push({ name, from, to });
    const stage = instruction.getBuildStage();
    if (stage !== null) stages.add(stage.toLowerCase());
  }
  return bases;
}

/**
 * The images that a Containerfile names: its bases, and what COPY and the mounts of RUN read from. A variable without a
 * known value stays as it is written. Names of stages are included too.
 */
export function imagesNamed(text: string, buildArgs: Readonly<Record<string, string>>): readonly string[] {
  const variables = new Map<string, string>();
  return DockerfileParser.parse(text)
    .getInstructions()
    .map((one) => (one instanceof Onbuild ? (one.getTriggerInstruction() ?? one) : one))
    .flatMap((instruction): readonly string[] => {
      if (instruction instanceof Arg) define(instruction, buildArgs, variables);
      if (instruction instanceof Env) define(instruction, {}, variables);
      if (instruction instanceof From) return [instruction.getImage() ?? ''];
      if (!(instruction instanceof Copy || instruction instanceof Run)) return [];
      return splitFlags(lineOf(instruction)).flags.flatMap((flag) => {
        const from = /^--from=(.*)$/.exec(flag) ?? /^--mount=(?:.*,)?from=([^,]*)/i.exec(flag);
        return from?.[1] ?? [];
      });
    })
    .map((name) => expand(name, variables) ?? name);
}

/** Adds what an ARG or ENV defines. */
function define(
  instruction: Arg | Env,
  overrides: Readonly<Record<string, string>>,
  variables: Map<string, string>,
): void {
  for (const property of instruction.getProperties()) {
    const name = property.getName();
    const chosen = overrides[name] ?? property.getValue() ?? undefined;
    if (chosen !== undefined) variables.set(name, expand(chosen, variables) ?? chosen);
  }
}

/**
 * The words of an instruction in one line, with the blanks between them as they were. The texts of here-documents are
 * left out.
 */
function lineOf(instruction: Add | Copy | Run): string {
  const bodies = heredocsOf(instruction).map((one) => one.getContentRange() ?? one.getDelimiterRange());
  const firstBody = Math.min(...bodies.map((range) => range?.start.line ?? Number.POSITIVE_INFINITY));
  let line = '';
  let before: { readonly line: number; readonly character: number } | undefined;
  for (const word of [...instruction.getFlags(), ...instruction.getArguments()]) {
    const { start, end } = word.getRange();
    if (start.line >= firstBody) break;
    const gap = before?.line === start.line ? start.character - before.character : 1;
    line += ' '.repeat(before === undefined ? 0 : gap) + word.toString();
    before = end;
  }
  return line;
}

/** The here-documents of an instruction. The library does not show those of an ADD. */
function heredocsOf(instruction: Add | Copy | Run): readonly Heredoc[] {
  return instruction instanceof Add ? [] : instruction.getHeredocs();
}

/** Flags at the beginning of an instruction without their quotes, and what follows them. */
function splitFlags(text: string): { readonly flags: readonly string[]; readonly rest: string } {
  const flags: string[] = [];
  let rest = text.trimStart();
  for (;;) {
    const flag = /^--(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*(?=\s|$)/.exec(rest)?.[0];
    if (flag === undefined) return { flags, rest };
    flags.push(flag.replace(/\\(.)|["']/g, '$1'));
    rest = rest.slice(flag.length).trimStart();
  }
}

/** The mounts of a RUN that show the context: those of type `bind` (the default) without a `from`. */
function mountsOf(text: string, variables: ReadonlyMap<string, string>): ContextRead[] {
  const mounts = splitFlags(text).flags.flatMap((flag) => /^--mount=(.*)$/.exec(flag)?.[1] ?? []);
  return mounts.flatMap((mount): ContextRead[] => {
    const fields = new Map(
      mount.split(',').map((field): [string, string] => {
        const [, key = field, value = ''] = /^([^=]*)=(.*)$/.exec(field) ?? [];
        return [key.trim().toLowerCase(), value];
      }),
    );
    const type = expand(fields.get('type') ?? 'bind', variables);
    if (fields.has('from') || (type !== undefined && type !== 'bind')) return [];
    const named = expand(fields.get('source') ?? fields.get('src') ?? '', variables);
    const source = named === undefined ? undefined : inContext(named);
    const isCertain = source !== undefined && !isPattern(source);
    return [{ by: 'mount', sources: isCertain ? [source] : 'all' }];
  });
}

function copiesOf(instruction: Add | Copy, variables: ReadonlyMap<string, string>): readonly ContextRead[] {
  const { flags, rest } = splitFlags(lineOf(instruction));
  // Copies from another stage or image, not from the context.
  if (flags.some((flag) => flag.startsWith('--from='))) return [];
  const words = rest.startsWith('[') ? jsonList(rest) : rest.split(/\s+/).filter((word) => word !== '');
  const all: ContextRead = { by: 'copy', sources: 'all', toFile: false };
  if (words === undefined) return [all];
  const hasHeredoc = heredocsOf(instruction).length > 0;
  const sources: string[] = [];
  for (const word of words.slice(0, -1)) {
    if (word.startsWith('<<')) {
      // The text of a here-document is in the Containerfile itself.
      if (hasHeredoc) continue;
      return [all];
    }
    const source = expand(word.replace(/^(["'])(.*)\1$/, '$2'), variables);
    if (source === undefined) return [all];
    if (/^(https?|git|ssh):|^git@/.test(source)) continue;
    const path = inContext(source);
    if (path === undefined) return [all];
    sources.push(path);
  }
  const isFolder = /(?:^|\/)\.?$/.test(words.at(-1) ?? '');
  return [{ by: 'copy', sources, toFile: words.length === 2 && !isFolder }];
}

/** A path of the context, relative to it; undefined if it is the whole context. */
function inContext(path: string): string | undefined {
  const below = posix.normalize(path.replace(/^\/+/, '')).replace(/(?<!\/)\/+$/, '');
  return below === '' || below === '.' || below.startsWith('..') ? undefined : below;
}

/** True if a source of COPY may match more than one file. */
export function isPattern(source: string): boolean {
  return /[*?[\\]/.test(source);
}

function jsonList(text: string): string[] | undefined {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.every((item) => typeof item === 'string') ? list : undefined;
  } catch {
    return undefined;
  }
}

/** Expands `$name`, `${name}` and `${name:-default}`. Undefined if a variable has no known value. */
function expand(text: string, variables: ReadonlyMap<string, string>): string | undefined {
  const unknown: string[] = [];
  const variable = /\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})/g;
  const expanded = text.replace(
    variable,
    (all: string, plain?: string, braced?: string, fallback?: string) => {
      const value = variables.get(plain ?? braced ?? '') ?? fallback;
      if (value === undefined) unknown.push(all);
      return value ?? '';
    },
  );
  // Other forms, such as `${name:+text}`, are not supported.
  return unknown.length === 0 && !expanded.includes('$') ? expanded : undefined;
}
