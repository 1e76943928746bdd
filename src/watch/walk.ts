/**
 * Lists the files under a set of roots, with their stat. Opens no file. Copes with what trees contain: symlink loops,
 * dangling links, FIFOs, sockets, devices, unreadable folders, entries that vanish while it looks. snapshot.ts reads
 * what the files contain, classify.ts knows what they are to a service.
 */
import { lstatSync, readdirSync, realpathSync, statSync, type Stats } from 'node:fs';
import { dirname, sep } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** One file or folder to list. */
export interface WalkRoot {
  /** Absolute path; it need not exist. The root itself is listed even if `skip` says otherwise. */
  readonly path: string;
  /**
   * True for an entry below the root to leave out. `siblings` are the names in its folder: they tell build output from
   * a package of the same name.
   */
  skip(path: string, folder: boolean, siblings: ReadonlySet<string>): boolean;
}

/** Something in a tree that cannot be an input. */
export interface Note {
  readonly path: string;
  readonly why: 'special' | 'unreadable' | 'loop' | 'deep';
}

/** The result of a walk. */
export interface Walked {
  /** Regular files, and links to regular files with the stat of their target, by absolute path. */
  readonly files: ReadonlyMap<string, Stats>;
  /** Folders whose entries decide the listing, with an identity. See `Scan.folders`. */
  readonly folders: ReadonlyMap<string, string>;
  /** Real paths that links lead to. A change there is a change here. */
  readonly targets: ReadonlySet<string>;
  readonly notes: readonly Note[];
}

/** No source tree is this deep, but a mount loop or a broken generator is. */
const maxDepth = 64;
/** Milliseconds after which the walk pauses for keys and processes. A tree of 500 files takes less. */
const sliceMs = 8;

/** Lists all roots. Never rejects because of what is on disk. */
export async function walk(roots: readonly WalkRoot[]): Promise<Walked> {
  const walker = new Walker();
  for (const root of roots) await walker.root(root);
  return walker;
}

class Walker implements Walked {
  readonly files = new Map<string, Stats>();
  readonly folders = new Map<string, string>();
  readonly targets = new Set<string>();
  readonly notes: Note[] = [];
  readonly #noted = new Set<string>();
  /** Folders that a link led into. Each is listed once per walk, so that links to links cannot multiply. */
  readonly #linked = new Set<string>();
  #sliceEnd = performance.now() + sliceMs;

  async root(root: WalkRoot): Promise<void> {
    const parent = this.#nearestFolder(dirname(root.path));
    if (parent !== undefined) this.folders.set(parent.path, identity(parent.stat));
    const stat = statOrNothing(root.path, lstatSync);
    if (stat !== undefined) await this.#entry(root.path, stat, root, folderIds(dirname(root.path)), true);
  }

  async #entry(
    path: string,
    stat: Stats,
    root: WalkRoot,
    ancestors: readonly string[],
    named: boolean,
    siblings: ReadonlySet<string> = new Set(),
  ): Promise<void> {
    const link = stat.isSymbolicLink();
    const target = link ? statOrNothing(path, statSync) : stat;
    // A dangling link is nothing yet. Its folder is watched, and the slow walk sees when its target appears.
    if (target === undefined) return;
    const folder = target.isDirectory();
    if (!named && root.skip(path, folder, siblings)) return;
    if (link) this.#addTarget(path, folder);
    if (folder) await this.#folder(path, target, root, ancestors, link);
    else if (target.isFile()) this.files.set(path, target);
    else this.#note(path, 'special');
  }

  async #folder(
    path: string,
    stat: Stats,
    root: WalkRoot,
    ancestors: readonly string[],
    link: boolean,
  ): Promise<void> {
    const id = `${stat.dev}:${stat.ino}`;
    if (ancestors.includes(id) || (link && this.#linked.has(id))) {
      this.#note(path, 'loop');
      return;
    }
    if (ancestors.length >= maxDepth) {
      this.#note(path, 'deep');
      return;
    }
    if (link) this.#linked.add(id);
    this.folders.set(path, identity(stat));
    if (performance.now() > this.#sliceEnd) {
      await nextTurn();
      this.#sliceEnd = performance.now() + sliceMs;
    }
    const names = this.#list(path);
    const siblings = new Set(names);
    const chain = [...ancestors, id];
    const prefix = path.endsWith(sep) ? path : path + sep;
    for (const name of names) {
      const child = prefix + name;
      const childStat = statOrNothing(child, lstatSync);
      if (childStat === undefined) continue;
      if (!childStat.isFile()) await this.#entry(child, childStat, root, chain, false, siblings);
      else if (!root.skip(child, false, siblings)) this.files.set(child, childStat);
    }
  }

  #list(path: string): string[] {
    try {
      // Sorted, so that the choice between two links to one folder does not depend on the file system.
      return readdirSync(path).sort();
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EACCES' || code === 'EPERM') this.#note(path, 'unreadable');
      return [];
    }
  }

  #addTarget(path: string, folder: boolean): void {
    try {
      const real = realpathSync(path);
      this.targets.add(real);
      if (folder) return;
      const parent = dirname(real);
      const stat = statOrNothing(parent, lstatSync);
      if (stat !== undefined) this.folders.set(parent, identity(stat));
    } catch {
      // It has vanished since. The next look shows what is there.
    }
  }

  #nearestFolder(path: string): { path: string; stat: Stats } | undefined {
    for (let at = path; ; at = dirname(at)) {
      const stat = statOrNothing(at, statSync);
      if (stat?.isDirectory() === true) return { path: at, stat };
      if (at === dirname(at)) return undefined;
    }
  }

  #note(path: string, why: Note['why']): void {
    if (this.#noted.has(path)) return;
    this.#noted.add(path);
    this.notes.push({ path, why });
  }
}

/** Differs if a folder was removed and created again, even if the file system gives it the same inode. */
function identity(stat: Stats): string {
  return `${stat.dev}:${stat.ino}:${stat.birthtimeMs}`;
}

/** Inodes of a folder and of all folders around it. A link from below to one of them is a loop. */
function folderIds(path: string): string[] {
  const stat = statOrNothing(path, statSync);
  const above = path === dirname(path) ? [] : folderIds(dirname(path));
  return stat === undefined ? above : [...above, `${stat.dev}:${stat.ino}`];
}

function statOrNothing(
  path: string,
  how: (path: string, options: { throwIfNoEntry: false }) => Stats | undefined,
): Stats | undefined {
  try {
    return how(path, { throwIfNoEntry: false });
  } catch {
    // It is gone, or behind a folder that cannot be searched. In both cases it is not an input now.
    return undefined;
  }
}
