/**
 * Which files are not inputs. There are three sources, each with its own area:
 * - appdev's own list and `ignore` of appdev.yaml: everywhere. The user's patterns have the last word, including `!`.
 * - .gitignore (nested): outside `src` folders and of what the build tool names as sources. A build compiles and
 *   packs what is in a source root whether git ignores it or not. The author of an `application-local.properties` or of
 *   generated code outside git expects to see it run, so git does not decide there. (written.ts handles builds that
 *   write such files.)
 * - .dockerignore: in build contexts, see dockerignore.ts. Reads ignore files; knows nothing about services.
 */
import ignore, { type Ignore } from 'ignore';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';

/** What editors put beside the file they save. Never an input, not even of a build context. */
const editorFiles = [
  '4913', // vim: tests whether it may create files
  '.*.sw?', // vim
  '*~', // vim, emacs and others: backups
  '.#*', // emacs: lock
  '#*#', // emacs: auto-save
  '*___jb_tmp___', // JetBrains: safe write
  '*___jb_old___',
  '.goutputstream-*', // GNOME
  '.*.kate-swp',
  '.subl*.tmp',
  '.DS_Store',
  'Thumbs.db',
].map((pattern) => pattern.replace(/^#/, '\\#'));

/** Folders of tools, and files that running programs write. Never inputs, except perhaps of a build context. */
const toolFiles = [
  '.git',
  '.hg',
  '.svn',
  '.appdev',
  '.idea',
  '.vscode',
  '.settings',
  '.gradle',
  '.kotlin',
  'node_modules',
  '*.log',
  '*.pid',
  '*.hprof',
  'hs_err_pid*',
  'replay_pid*',
];

/** Ignored even in a build context. */
const neverInContext = ['.git', '.hg', '.svn', '.appdev'];

/** Folders that build tools and IDEs write, if they are beside a build file. Elsewhere they are packages. */
const outputFolders = new Set(['target', 'build', 'out', 'bin']);
/** Files that show that a tool builds in their folder. */
export const buildFiles: readonly string[] = [
  'pom.xml',
  'build.gradle',
  'build.gradle.kts',
  'settings.gradle',
  'settings.gradle.kts',
];

/** Maximum number of decisions that are kept. */
const maxKnown = 100_000;

/** True for an entry below a root that is ignored. */
export type IgnoreRule = (path: string, folder: boolean) => boolean;

/**
 * appdev's own list, followed by the patterns of appdev.yaml, in .gitignore syntax relative to `root`. `context`: use
 * the short list for a build context, where even a log file may be copied into the image.
 */
export function projectRule(root: string, patterns: readonly string[], context: boolean): IgnoreRule {
  const own = ignore({ ignorecase: false }).add([...editorFiles, ...(context ? neverInContext : toolFiles)]);
  const users = ignore({ ignorecase: false }).add([...patterns]);
  const verdictOn = (path: string, folder: boolean): boolean => {
    const name = relativeName(root, path, folder);
    if (name !== undefined && patterns.length > 0) {
      const verdict = users.test(name);
      if (verdict.ignored) return true;
      if (verdict.unignored) return false;
    }
    // Outside the project (a parent module, a chart next door), only the own list applies, and only to the name.
    return own.ignores(name ?? `${basename(path)}${folder ? '/' : ''}`);
  };
  // Every look asks about every file: thousands of times the same question.
  const known = new Map<string, boolean>();
  return (path, folder) => {
    const key = folder ? path + sep : path;
    let verdict = known.get(key);
    if (verdict === undefined) {
      if (known.size >= maxKnown) known.clear();
      verdict = verdictOn(path, folder);
      known.set(key, verdict);
    }
    return verdict;
  };
}

/** True if a folder is the output of the build file beside it. */
export function isOutputFolder(path: string, siblings: ReadonlySet<string>): boolean {
  return outputFolders.has(basename(path)) && buildFiles.some((file) => siblings.has(file));
}

/**
 * True if git does not decide about a path, because it is a `src` folder or inside one. `path` is relative to project
 * or root.
 */
export function isInSources(path: string): boolean {
  return path.split(sep).includes('src');
}

/** What git would ignore. */
export interface GitRule {
  readonly ignores: IgnoreRule;
  /** Forgets the known ignore files. Call before each look at the disk. */
  refresh(): void;
}

/**
 * The rule of the .gitignore files between a repository's root and a path, and of .git/info/exclude. Does not read the
 * user's global excludes, because a project must behave alike on two machines. Outside a repository nothing is ignored.
 */
export function createGitRule(): GitRule {
  const files = new Map<string, Ignore | undefined>();
  const repositories = new Map<string, string | undefined>();
  const folders = new Map<string, boolean>();

  function rulesOf(file: string): Ignore | undefined {
    if (files.has(file)) return files.get(file);
    const text = readText(file);
    const rules = text === undefined ? undefined : ignore({ ignorecase: false }).add(text);
    files.set(file, rules);
    return rules;
  }

  function repositoryOf(folder: string): string | undefined {
    if (repositories.has(folder)) return repositories.get(folder);
    const parent = dirname(folder);
    const found = existsSync(join(folder, '.git'))
      ? folder
      : parent === folder
        ? undefined
        : repositoryOf(parent);
    repositories.set(folder, found);
    return found;
  }

  /** True if a folder is ignored; then everything in it is ignored too. */
  function folderIgnored(path: string, repository: string): boolean {
    if (path === repository) return false;
    const known = folders.get(path);
    if (known !== undefined) return known;
    const verdict = folderIgnored(dirname(path), repository) || matches(path, true, repository);
    folders.set(path, verdict);
    return verdict;
  }

  /** The decision of the nearest ignore file that has one. */
  function matches(path: string, folder: boolean, repository: string): boolean {
    for (let at = dirname(path); ; at = dirname(at)) {
      const names = at === repository ? ['.gitignore', join('.git', 'info', 'exclude')] : ['.gitignore'];
      for (const name of names) {
        const below = relativeName(at, path, folder);
        const verdict = below === undefined ? undefined : rulesOf(join(at, name))?.test(below);
        if (verdict?.ignored === true) return true;
        if (verdict?.unignored === true) return false;
      }
      if (at === repository) return false;
    }
  }

  return {
    ignores(path, folder) {
      const repository = repositoryOf(dirname(path));
      if (repository === undefined || path === repository) return false;
      return folderIgnored(dirname(path), repository) || matches(path, folder, repository);
    },
    refresh() {
      files.clear();
      repositories.clear();
      folders.clear();
    },
  };
}

/** The name of `path` below `root`, in the form that the `ignore` package needs; undefined if it is not below. */
function relativeName(root: string, path: string, folder: boolean): string | undefined {
  if (!path.startsWith(root) || path.length <= root.length) return undefined;
  const start = root.endsWith(sep) ? root.length : root.length + 1;
  if (path[start - 1] !== sep) return undefined;
  const name = sep === '/' ? path.slice(start) : path.slice(start).split(sep).join('/');
  return folder ? `${name}/` : name;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
