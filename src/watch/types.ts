/**
 * Watching as the rest of appdev sees it: wake-ups, scans and differences, but not how they come about. The loop
 * imports only this file, so its tests can replace the disk by a few lines of code.
 */
import type { ProjectConfig, ServiceConfig } from '../config/model.ts';
import type { Role } from '../core/role.ts';

/**
 * Content of everything that a service is made from, as hashes that depend neither on the project's place nor on times.
 * Between two equal fingerprints there is no work to do.
 */
export interface Fingerprint {
  /** Jar and image: their files and their settings. This is the artifact's input hash. Empty without an image. */
  readonly build: string;
  /** Chart, values, overlay, manifests, and the settings of the deploy. */
  readonly deploy: string;
  /** Test sources. Empty if the tests do not run, so that a change of a test alone builds nothing. */
  readonly tests: string;
}

/** One look at everything that a service is made from. */
export interface Scan {
  readonly service: string;
  readonly fingerprint: Fingerprint;
  /**
   * Milliseconds after which to look again because a file is still being written; 0 if all files have settled. If it is
   * positive, what the scan saw must not be built.
   */
  readonly settlesInMs: number;
  /** The files that were seen, by absolute path. */
  readonly files: ReadonlyMap<string, unknown>;
  /** Folders whose entries matter, absolute, each with an identity that changes if the folder is recreated. */
  readonly folders: ReadonlyMap<string, string>;
}

/** A file that differs between two scans. */
export interface ChangedFile {
  /** Relative to the project's root, with `/`. */
  readonly path: string;
  readonly role: Role;
  /** True if it decides the jar or the image, or the tests that run with them. */
  readonly buildInput: boolean;
  /** True if git would not commit it: some program may have written it. */
  readonly gitIgnored: boolean;
}

/** The difference between two scans of one service, sorted by path. */
export interface Difference {
  /** Added, removed, or with other content. */
  readonly changed: readonly ChangedFile[];
  /** Written again with the same content as before. */
  readonly rewritten: readonly ChangedFile[];
}

/** Which services a set of paths concerns. */
export interface Concern {
  readonly services: readonly string[];
  /** The paths that concern any service: neither ignored nor outside every input. */
  readonly paths: readonly string[];
  /** True if a file of the configuration is among them. */
  readonly config: boolean;
}

/** Reads the inputs of services from disk. Remembers unchanged files, so a second look is cheap. */
export interface InputScanner {
  /** Switches to another configuration. What is known about files stays. */
  configure(config: ProjectConfig): void;
  /**
   * Looks at everything that the service is made from. If that cannot be known (a half-typed pom.xml), it looks at the
   * last known inputs, or at the service's own folder: the build will say what is wrong.
   */
  scan(service: ServiceConfig): Promise<Scan>;
  /** Both scans must be from this scanner and of one service. */
  compare(before: Scan, after: Scan): Difference;
  /** Which of the configured services the absolute paths concern. */
  concern(paths: readonly string[]): Concern;
}

/**
 * A hint that something happened. It does not say reliably what, because events get lost, so the receiver must look for
 * himself.
 */
export interface Wake {
  /** Absolute paths, each once; at most `wakePathLimit` of watcher.ts. */
  readonly paths: readonly string[];
  /** True if everything must be looked at: there were too many paths, or the hint comes from polling. */
  readonly all: boolean;
  /** True if only time has passed, in places where events do not arrive. Probably nothing happened. */
  readonly polled: boolean;
}

/** How changes are noticed. */
export interface WatchMode {
  readonly mode: 'events' | 'polling' | 'mixed';
  /** Why some folders are polled. */
  readonly reason?: string;
}

/** Wakes its owner when an entry of a watched folder changes. */
export interface Watcher {
  /**
   * Makes the set of watched folders equal to `folders` (path → identity). Resolves when each new one is watched, with
   * the number of new ones. Those may have changed before, so look again.
   */
  watch(folders: ReadonlyMap<string, string>): Promise<number>;
  mode(): WatchMode;
  close(): Promise<void>;
}

/** Says whether git is rewriting the work tree. */
export interface GitProbe {
  /** `index.lock` or `rebase` while git is rewriting the tree; otherwise undefined. */
  look(): Promise<string | undefined>;
}
