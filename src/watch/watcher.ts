/**
 * Wakes the loop when an entry of a watched folder changes; the only importer of chokidar. Watches exactly the folders
 * that the last walk listed: one watch for each folder, none for files, and nothing in target/, node_modules or .git,
 * so what is ignored is decided in one place. Does not care what happened: events of one folder are merged into one
 * wake-up. If events do not arrive (remote file systems, exhausted limits), passing time takes their place.
 */
import { watch as watchFolder, type FSWatcher } from 'chokidar';
import { basename, join } from 'node:path';
import type { EventlessType } from './filesystem.ts';
import type { Wake, Watcher, WatchMode } from './types.ts';

/** A wake with more paths than this says "look at everything" instead. */
export const wakePathLimit = 1_000;

/** What a watcher needs. */
export interface WatcherParts {
  readonly onWake: (wake: Wake) => void;
  /** Called once for each reason why polling is needed, with what the user can do about it. */
  readonly notice: (message: string, hint: string) => void;
  readonly eventlessType: EventlessType;
  /** Milliseconds between two looks at what is polled. Asked before each look, so that it can follow their cost. */
  readonly pollMs: () => number;
  /** Poll everything, as CHOKIDAR_USEPOLLING demands. */
  readonly pollAll: boolean;
}

interface Watched {
  readonly identity: string;
  /** Absent while it is being opened, and if everything is polled. */
  chokidar?: FSWatcher;
}

/** Returns a watcher that watches nothing yet. */
export function createWatcher(parts: WatcherParts): Watcher {
  const folders = new Map<string, Watched>();
  /** Polled folders, with the reason. */
  const polled = new Map<string, string>();
  /** Folders whose watch may have ended because the folder was removed. */
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
    // It disappeared before it could be watched. The next look finds its parent changed.
    if (code === 'ENOENT' || code === 'ENOTDIR') return;
    if (code === 'ENOSPC' || code === 'EMFILE') {
      say(
        'limit',
        `the limit for file watches is reached (${code}); the folders beyond it are polled`,
        limitHint(code),
      );
    } else {
      say(
        code,
        `${folder} cannot be watched (${code}), so it is polled`,
        `check that you have the right to read ${folder}`,
      );
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
      // The kernel's own event, before chokidar looks at the folder to find out what it means: appdev looks itself.
      chokidar.on('raw', (event, name) => {
        const path = typeof name === 'string' && name !== '' ? join(folder, name) : folder;
        if (event === 'rename') {
          // Its own removal is reported under its own name, and one of its entries may be a watched folder.
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
        `${folder} is on ${type}, where changes made elsewhere cause no events, so it is polled`,
        'to see changes at once, keep the project on a local file system (under WSL: below /home, not /mnt/c)',
      );
      pollFolder(folder, type);
    }
    // Events are used there too: those that do arrive are faster than polling.
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
