/**
 * Wakes the loop when an entry of a watched folder changes; the only importer of chokidar. Exactly the folders are
 * watched that the last walk listed: one watch a folder and none a file, nothing in target/, node_modules or .git, and
 * what is ignored is decided in one place. What happened is not its business: the events of one folder are merged into a
 * wake-up, and where events do not arrive (remote file systems, exhausted limits), time passes for an event.
 *
 * A chokidar watcher for each folder, not one over all: only its first `ready` says that folders are watched, so that those
 * which come later would need further ones anyway. What it costs, in medians of five runs over 571 folders: 3.7 MB of heap in
 * place of 2.0 MB, 500 ms of processor time at the start in place of 400 ms, and the same 571 watches. One watcher over all
 * files, as chokidar is meant to be used, takes 4,574 watches and 13 MB.
 */
import { watch as watchFolder, type FSWatcher } from 'chokidar';
import { basename, join } from 'node:path';
import type { EventlessType } from './filesystem.ts';
import type { Wake, Watcher, WatchMode } from './types.ts';

/** A wake with more paths than this says "look at everything" instead. */
export const wakePathLimit = 1_000;

/** What a watcher is made from. */
export interface WatcherParts {
  readonly onWake: (wake: Wake) => void;
  /** Told once each: why polling is needed, and what the user can do about it. */
  readonly notice: (message: string, hint: string) => void;
  readonly eventlessType: EventlessType;
  /** Milliseconds between two looks at what has to be polled; asked before each, so that it can follow their cost. */
  readonly pollMs: () => number;
  /** Poll everything, as CHOKIDAR_USEPOLLING asks. */
  readonly pollAll: boolean;
}

interface Watched {
  readonly identity: string;
  /** Absent while it is being opened, and where everything is polled. */
  chokidar?: FSWatcher;
}

/** Makes a watcher that watches nothing yet. */
export function createWatcher(parts: WatcherParts): Watcher {
  const folders = new Map<string, Watched>();
  /** Polled folders and why. */
  const polled = new Map<string, string>();
  /** Watched folders whose watch may have died with the folder it was on. */
  const suspect = new Set<string>();
  const said = new Set<string>();
  let paths = new Set<string>();
  let poll: NodeJS.Timeout | undefined;
  let closed = false;

  function say(key: string, message: string, hint: string): void {
    if (said.has(key)) return;
    said.add(key);
    parts.notice(message, hint);
  }

  function heard(path: string): void {
    if (closed) return;
    if (paths.size === 0) setImmediate(wake);
    if (paths.size <= wakePathLimit) paths.add(path);
  }

  function wake(): void {
    const all = paths.size > wakePathLimit;
    const woken = [...paths];
    paths = new Set();
    if (!closed) parts.onWake({ paths: all ? [] : woken, all, polled: false });
  }

  function pollFolder(folder: string, why: string): void {
    polled.set(folder, why);
    armPoll();
  }

  function armPoll(): void {
    if (poll !== undefined || closed || polled.size === 0) return;
    poll = setTimeout(() => {
      poll = undefined;
      parts.onWake({ paths: [], all: true, polled: true });
      armPoll();
    }, parts.pollMs());
  }

  function failed(folder: string, error: unknown): void {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    // Gone before it could be watched: the next look finds its parent changed.
    if (code === 'ENOENT' || code === 'ENOTDIR') return;
    if (code === 'ENOSPC' || code === 'EMFILE') {
      say(
        'limit',
        `the limit for file watches is reached (${code}); the folders beyond it are polled`,
        limitHint(code),
      );
    } else {
      say(code, `${folder} cannot be watched (${code}) and is polled`, `check that you may read ${folder}`);
    }
    pollFolder(folder, code);
  }

  function open(folder: string): Promise<FSWatcher> {
    const unix = folder.replaceAll('\\', '/');
    return new Promise((resolve) => {
      const chokidar = watchFolder(folder, {
        depth: 0,
        ignoreInitial: true,
        followSymlinks: false,
        atomic: false,
        usePolling: false,
        ignored: (path) => path.replaceAll('\\', '/') !== unix,
      });
      // The kernel's own event, before chokidar looks at the folder to find out what it means: we look ourselves.
      chokidar.on('raw', (event, name) => {
        const path = typeof name === 'string' && name !== '' ? join(folder, name) : folder;
        if (event === 'rename') {
          // Its own removal is reported under its own name; and one of its entries may be a watched folder.
          if (name === basename(folder)) suspect.add(folder);
          if (folders.has(path)) suspect.add(path);
        }
        heard(path);
      });
      chokidar.on('error', (error) => {
        failed(folder, error);
        heard(folder);
      });
      chokidar.on('ready', () => {
        resolve(chokidar);
      });
    });
  }

  async function add(folder: string, identity: string): Promise<void> {
    const watched: Watched = { identity };
    folders.set(folder, watched);
    if (parts.pollAll) {
      pollFolder(folder, 'CHOKIDAR_USEPOLLING');
      return;
    }
    const type = parts.eventlessType(folder);
    if (type !== undefined) {
      say(
        type,
        `${folder} lies on ${type}, where changes made elsewhere raise no events; it is polled`,
        'keep the project on a local file system (under WSL: below /home, not /mnt/c) for changes to be seen at once',
      );
      pollFolder(folder, type);
    }
    // Also there: the events that do arrive are faster than polling.
    const chokidar = await open(folder);
    if (closed || folders.get(folder) !== watched) await chokidar.close();
    else watched.chokidar = chokidar;
  }

  async function remove(folder: string): Promise<void> {
    const watched = folders.get(folder);
    folders.delete(folder);
    polled.delete(folder);
    suspect.delete(folder);
    await watched?.chokidar?.close();
  }

  return {
    async watch(wanted) {
      if (closed) return 0;
      const gone = [...folders].filter(
        ([folder, { identity }]) => wanted.get(folder) !== identity || suspect.has(folder),
      );
      await Promise.all(gone.map(([folder]) => remove(folder)));
      const added = [...wanted].filter(([folder]) => !folders.has(folder));
      await Promise.all(added.map(([folder, identity]) => add(folder, identity)));
      return added.length;
    },
    mode(): WatchMode {
      if (polled.size === 0) return { mode: 'events' };
      const reason = [...new Set(polled.values())].join(', ');
      return { mode: polled.size === folders.size ? 'polling' : 'mixed', reason };
    },
    async close() {
      closed = true;
      clearTimeout(poll);
      await Promise.all([...folders.keys()].map(remove));
    },
  };
}

function limitHint(code: string): string {
  return code === 'EMFILE'
    ? 'raise it: sudo sysctl fs.inotify.max_user_instances=1024 (or `ulimit -n 65536`), then start again'
    : 'raise it: sudo sysctl fs.inotify.max_user_watches=524288, then start again';
}
