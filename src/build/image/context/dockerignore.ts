/**
 * Which files of a build context the builder would not see. Docker's patterns differ from git's: they are anchored at
 * the context, the last matching pattern decides, and `!` may bring back what is in an excluded folder. The rules are
 * from "Dockerfile reference, .dockerignore file" and the builders' common pattern matcher. Buildah looks for
 * `<Containerfile>.containerignore`/`.dockerignore` first, then `.containerignore`, then `.dockerignore` in the
 * context.
 */
import { readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import picomatch from 'picomatch';

/** True for an entry of the context that the builder would not see. */
export type ContextRule = (path: string, folder: boolean) => boolean;

interface Pattern {
  readonly text: string;
  readonly excludes: boolean;
  matches(path: string): boolean;
}

/** The ignore files that a builder would look for, best first, as absolute paths. */
export function dockerIgnoreFiles(context: string, containerfile: string): readonly string[] {
  return [
    `${containerfile}.containerignore`,
    `${containerfile}.dockerignore`,
    join(context, '.containerignore'),
    join(context, '.dockerignore'),
  ];
}

/** The rule of the first ignore file that exists. */
export function readDockerRule(context: string, containerfile: string): ContextRule {
  return dockerRule(context, readDockerIgnore(context, containerfile));
}

/** The text of the first ignore file that exists; empty if none does. */
export function readDockerIgnore(context: string, containerfile: string): string {
  for (const file of dockerIgnoreFiles(context, containerfile)) {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      // This one does not exist; try the next.
    }
  }
  return '';
}

/** The text of an ignore file that also excludes these files, by their names relative to the context. */
export function excludeAlso(text: string, names: readonly string[]): string {
  return [text, ...names.map((name) => name.replace(/[*?[\]\\]/g, '\\$&')), ''].join('\n');
}

/** The rule from an ignore file's text. Folders that `!` may reach into are not ignored. */
export function dockerRule(context: string, text: string): ContextRule {
  const patterns = text.split(/\r?\n/).flatMap(parse);
  return (path, folder) => {
    const name = relative(context, path).split(sep).join('/');
    if (!excluded(name, patterns)) return false;
    return !(folder && patterns.some((pattern) => !pattern.excludes && mayReachInto(pattern.text, name)));
  };
}

function parse(line: string): Pattern[] {
  const trimmed = line.trim();
  if (trimmed === '' || trimmed.startsWith('#')) return [];
  const excludes = !trimmed.startsWith('!');
  const text = (excludes ? trimmed : trimmed.slice(1).trim())
    .replace(/^\.?\/+/, '')
    .replace(/(?<!\/)\/+$/, '');
  if (text === '' || text === '.') return [];
  const matches = matcher(text);
  return [{ text, excludes, matches: (path) => matches(path) }];
}

function excluded(name: string, patterns: readonly Pattern[]): boolean {
  const parts = name.split('/');
  const prefixes = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
  let verdict = false;
  for (const pattern of patterns) {
    if (verdict !== pattern.excludes && prefixes.some((prefix) => pattern.matches(prefix)))
      verdict = pattern.excludes;
  }
  return verdict;
}

/**
 * True if a pattern could match something in the folder. Compares part by part until one of the two ends or `**` takes
 * over.
 */
function mayReachInto(pattern: string, folder: string): boolean {
  const wanted = pattern.split('/');
  for (const [index, part] of folder.split('/').entries()) {
    const other = wanted[index];
    if (other === undefined || other.includes('**')) return true;
    if (!matcher(other)(part)) return false;
  }
  return true;
}

/** Returns a test for a pattern of Go's filepath.Match, which has neither braces nor extended globs. */
export function matcher(pattern: string): (path: string) => boolean {
  return picomatch(pattern, { dot: true, nobrace: true, noextglob: true, nonegate: true });
}
