/**
 * Which files of its context a Containerfile reads, told from its COPY and ADD instructions. A Containerfile that copies
 * one jar out of a context that is the whole project must not rebuild the image for each edit of a README.
 * Where the answer is not certain it is "everything". Pure.
 */

/** Patterns relative to the context, as COPY takes them, or `all`. */
export type CopySources = readonly string[] | 'all';

/** What the build copies from its context. `buildArgs` override the defaults of ARG, as `--build-arg` does. */
export function copySources(text: string, buildArgs: Readonly<Record<string, string>>): CopySources {
  const variables = new Map<string, string>();
  const sources: string[] = [];
  for (const instruction of instructions(text)) {
    const [, word = '', rest = ''] = /^(\S+)\s*([\s\S]*)$/.exec(instruction) ?? [];
    switch (word.toUpperCase()) {
      case 'ARG':
      case 'ENV':
        define(rest, word.toUpperCase() === 'ARG' ? buildArgs : {}, variables);
        break;
      case 'RUN':
        // A bind mount without `from` shows the context to the command.
        if (/--mount=[^\s]*type=bind/.test(rest) && !/--mount=[^\s]*from=/.test(rest)) return 'all';
        break;
      case 'COPY':
      case 'ADD': {
        const copied = sourcesOf(rest, variables);
        if (copied === 'all') return 'all';
        sources.push(...copied);
        break;
      }
      default:
        break;
    }
  }
  return sources;
}

/** Whether a build only copies: the same files then make the same image, as nothing that is run does by itself. */
export function copiesOnly(text: string): boolean {
  return !instructions(text).some((instruction) => /^(?:ONBUILD\s+)?RUN\b/i.test(instruction));
}

/** Instructions, with continued lines joined and comments left out. */
function instructions(text: string): string[] {
  const escape = /^#\s*escape\s*=\s*`/im.test(text.split('\n').slice(0, 5).join('\n')) ? '`' : '\\';
  const found: string[] = [];
  let open = '';
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*#/.test(line) || (open === '' && line.trim() === '')) continue;
    if (line.trimEnd().endsWith(escape)) {
      open += `${line.trimEnd().slice(0, -1)} `;
    } else {
      found.push((open + line).trim());
      open = '';
    }
  }
  if (open !== '') found.push(open.trim());
  return found;
}

function define(
  rest: string,
  overrides: Readonly<Record<string, string>>,
  variables: Map<string, string>,
): void {
  for (const [, name = '', value] of rest.matchAll(/([A-Za-z_]\w*)(?:=("[^"]*"|'[^']*'|\S*))?/g)) {
    const chosen = overrides[name] ?? value?.replace(/^(["'])(.*)\1$/, '$2');
    if (chosen !== undefined) variables.set(name, expand(chosen, variables) ?? chosen);
  }
}

function sourcesOf(rest: string, variables: ReadonlyMap<string, string>): CopySources {
  let words = rest;
  for (;;) {
    const flag = /^--(\w+)(?:=(\S+))?\s+/.exec(words);
    if (flag === null) break;
    // Copies from another stage or image, not from the context.
    if (flag[1] === 'from') return [];
    words = words.slice(flag[0].length);
  }
  if (words.startsWith('<<') || words.includes(' <<')) return 'all';
  const list = words.startsWith('[') ? jsonList(words) : words.split(/\s+/).filter((word) => word !== '');
  if (list === undefined) return 'all';
  const sources: string[] = [];
  for (const word of list.slice(0, -1)) {
    const source = expand(word.replace(/^(["'])(.*)\1$/, '$2'), variables);
    if (source === undefined) return 'all';
    if (/^(https?|git|ssh):|^git@/.test(source)) continue;
    const relative = source.replace(/^(\.?\/)+/, '').replace(/\/+$/, '');
    if (relative === '' || relative === '.' || relative.startsWith('..')) return 'all';
    sources.push(relative);
  }
  return sources;
}

function jsonList(text: string): string[] | undefined {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.every((item) => typeof item === 'string') ? list : undefined;
  } catch {
    return undefined;
  }
}

/** `$name`, `${name}`, `${name:-default}`; `undefined` where a variable has no known value. */
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
  return unknown.length === 0 ? expanded : undefined;
}
