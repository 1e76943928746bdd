/**
 * Looks at the disk for the loop: asks git, scans services and tells what it found. It keeps the watched folders
 * equal to the scanned ones. It remembers the last scan of each service, and decides nothing about it.
 */
import type { Emit } from '../../core/events.ts';
import type { MonotonicClock } from '../../support/clock.ts';
import type { Fingerprint, GitProbe, InputScanner, Scan, Wake, Watcher } from '../../watch/types.ts';
import type { Member } from '../work/member.ts';
import type { Configuration } from './configuration.ts';
import type { LookResult, Message } from '../decide/messages.ts';
import type { WrittenFiles } from '../work/written.ts';

/** A run that starts now can use a scan that is at most this many milliseconds old. */
const momentMs = 250;

/** What the loop gives to a watcher. */
export interface WatcherHooks {
  readonly onWake: (wake: Wake) => void;
  /** Milliseconds between two looks if events do not arrive: fifty times what a look takes, within bounds. */
  readonly pollMs: () => number;
}

/** What the looks are made from. */
export interface LooksParts {
  readonly scanner: InputScanner;
  readonly createWatcher: (hooks: WatcherHooks) => Watcher;
  readonly git: GitProbe;
  readonly clock: MonotonicClock;
  readonly emit: Emit;
}

/** Looks at the disk for the loop, and remembers what it saw. */
export interface Looks {
  /** Looks at services, and tells the loop what it found. Only one look may run at a time. */
  look(services: readonly string[]): Promise<void>;
  /** The last scan of a service. Undefined if the last look left the service out, or is older than `momentMs`. */
  recent(service: string): Scan | undefined;
  /**
   * Call it when the build of a jar starts. Until `jarEnded`, files do not count as changed if the build is known to
   * write them into its own inputs.
   */
  jarStarted(member: Member, before: Scan): void;
  jarEnded(member: Member): void;
  close(): Promise<void>;
}

/** Makes the looks of a loop. `tell` takes its messages. */
export function createLooks(
  parts: LooksParts,
  configuration: Configuration,
  written: WrittenFiles,
  tell: (message: Message) => void,
): Looks {
  const { scanner, git, clock, emit } = parts;
  const seen = new Map<string, Scan>();
  const building = new Map<string, { readonly run: number; readonly before: Scan }>();
  let lookMs = 0;
  let lookedAt: readonly string[] = [];
  let lookedAtMs = -Infinity;
  /** The number of watched files that was told last. */
  let announced: number | undefined;
  const watcher = parts.createWatcher({
    onWake: woken,
    pollMs: () => Math.min(5_000, Math.max(500, 50 * lookMs)),
  });

  function woken(wake: Wake): void {
    if (wake.polled) {
      tell({ kind: 'look-due' });
    } else if (wake.all) {
      tell({ kind: 'files-changed', services: 'all', paths: [], config: true });
    } else {
      const { services, paths, config } = scanner.concern(wake.paths);
      if (services.length > 0 || config) tell({ kind: 'files-changed', services, paths, config });
    }
  }

  function fingerprintFor(service: string, scan: Scan): Fingerprint {
    const current = building.get(service);
    if (current === undefined) return scan.fingerprint;
    const { build, tests } = current.before.fingerprint;
    const moved = written.moved(service, current.run, scanner.compare(current.before, scan), false);
    return moved === 'moved' ? scan.fingerprint : { ...scan.fingerprint, build, tests };
  }

  async function watchFolders(): Promise<void> {
    const folders = new Map<string, string>();
    for (const name of seen.keys()) if (configuration.service(name) === undefined) seen.delete(name);
    for (const scan of seen.values()) for (const [folder, id] of scan.folders) folders.set(folder, id);
    const added = await watcher.watch(folders);
    const files = new Set([...seen.values()].flatMap((scan) => [...scan.files.keys()])).size;
    if (announced === undefined) emit({ type: 'watch.started', files, ...watcher.mode() });
    else if (announced !== files) emit({ type: 'watch.changed', files });
    announced = files;
    // Changes in a folder before it was watched raised no event.
    if (added > 0) tell({ kind: 'look-due' });
  }

  let watching: Promise<void> = Promise.resolve();

  return {
    async look(names) {
      const operation = await git.look();
      if (operation !== undefined) {
        tell({ kind: 'git-busy', operation });
        return;
      }
      const startedMs = clock.now();
      const results: LookResult[] = [];
      let regroup = false;
      for (const name of names) {
        const service = configuration.service(name);
        if (service === undefined) continue;
        const scan = await scanner.scan(service);
        const before = seen.get(name);
        // The first look finds everything. None of it is a change.
        const changed = before === undefined ? [] : scanner.compare(before, scan).changed;
        regroup ||= changed.some(({ role }) => role === 'build-file');
        seen.set(name, scan);
        results.push({
          service: name,
          fingerprint: fingerprintFor(name, scan),
          paths: changed.map(({ path }) => path),
          kinds: [...new Set(changed.map(({ role }) => role))],
          settlesInMs: scan.settlesInMs,
        });
      }
      lookMs = clock.now() - startedMs;
      lookedAtMs = startedMs;
      lookedAt = names;
      tell({ kind: 'git-free' });
      if (regroup) tell({ kind: 'specs-found', services: await configuration.specs() });
      tell({ kind: 'rescanned', results });
      watching = watching.then(watchFolders);
      await watching;
    },
    recent(service) {
      const isRecent = lookedAt.includes(service) && clock.now() - lookedAtMs <= momentMs;
      return isRecent ? seen.get(service) : undefined;
    },
    jarStarted({ service, run }, before) {
      building.set(service.name, { run, before });
    },
    jarEnded({ service }) {
      building.delete(service.name);
    },
    close: () => watcher.close(),
  };
}
