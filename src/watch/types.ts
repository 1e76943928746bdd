/**
 * What watching is to the rest of appdev: wake-ups, scans and differences, and nothing of how they come about. The loop
 * imports this file only, so that its tests stand in a few lines of ordinary code for a disk.
 */
import type { ProjectConfig, ServiceConfig } from '../config/model.ts';
import type { Role } from '../core/role.ts';

/**
 * Content of everything that a service is made from, as hashes that depend neither on where the project lies nor on
 * times. Two equal fingerprints need no work between them.
 */
export interface Fingerprint {
  /** Jar and image: their files and their settings. It is the artifact's input hash. Empty without an image. */
  readonly build: string;
  /** Chart, values, overlay, manifests, and the settings of the deploy. */
  readonly deploy: string;
  /** Test sources; empty when the tests do not run, so that a change of a test alone builds nothing. */
  readonly tests: string;
}

/** One look at everything that a service is made from. */
export interface Scan {
  readonly service: string;
  readonly fingerprint: Fingerprint;
  /**
   * Milliseconds after which to look again because a file is still being written; 0 when all files have been quiet.
   * What a scan with a positive value saw must not be built.
   */
  readonly settlesInMs: number;
  /** The files seen, by absolute path. */
  readonly files: ReadonlyMap<string, unknown>;
  /** Folders whose entries matter, absolute, each with an identity that changes when the folder is made anew. */
  readonly folders: ReadonlyMap<string, string>;
}

/** A file that differs between two scans. */
export interface ChangedFile {
  /** Relative to the project's root, with `/`. */
  readonly path: string;
  readonly role: Role;
  /** It decides the jar or the image, or the tests that run with them. */
  readonly buildInput: boolean;
  /** Git would not commit it: it may be somebody's output. */
  readonly gitIgnored: boolean;
}

/** What lies between two scans of one service, sorted by path. */
export interface Difference {
  /** Added, removed, or with other content. */
  readonly changed: readonly ChangedFile[];
  /** Written again with the content that they had before. */
  readonly rewritten: readonly ChangedFile[];
}

/** Which services a set of paths concerns. */
export interface Concern {
  readonly services: readonly string[];
  /** The paths that concern anybody: neither ignored nor outside of every input. */
  readonly paths: readonly string[];
  /** A file of the configuration is among them. */
  readonly config: boolean;
}

/** Reads the inputs of services from disk. Keeps what it knows of unchanged files, so that a second look is cheap. */
export interface InputScanner {
  /** Takes another configuration; what is known of files stays. */
  configure(config: ProjectConfig): void;
  /**
   * Looks at everything that the service is made from. Where that cannot be told (a half-typed pom.xml), it looks at what
   * it knew last, or at the service's own folder: the build will say what is wrong.
   */
  scan(service: ServiceConfig): Promise<Scan>;
  /** Both scans must be this scanner's, of one service. */
  compare(before: Scan, after: Scan): Difference;
  /** Which of the configured services absolute paths concern. */
  concern(paths: readonly string[]): Concern;
}

/** A hint that something happened. Never the truth about what: events get lost, so whoever wakes looks for himself. */
export interface Wake {
  /** Absolute paths, each once; at most `wakePathLimit` of watcher.ts. */
  readonly paths: readonly string[];
  /** Look at everything: there were more paths than that, or it comes from polling. */
  readonly all: boolean;
  /** Time has passed where events do not arrive; probably nothing happened. */
  readonly polled: boolean;
}

/** How changes are noticed. */
export interface WatchMode {
  readonly mode: 'events' | 'polling' | 'mixed';
  /** Why anything is polled. */
  readonly reason?: string;
}

/** Wakes its owner when an entry of a watched folder changes. */
export interface Watcher {
  /**
   * Makes the set of watched folders equal to `folders` (path → identity). Resolves when each new one is watched, with
   * how many were new: those may have changed before, so look again.
   */
  watch(folders: ReadonlyMap<string, string>): Promise<number>;
  mode(): WatchMode;
  close(): Promise<void>;
}

/** Says whether git is rewriting the work tree. */
export interface GitProbe {
  /** `index.lock` or `rebase` while it does, `undefined` when the tree is the user's. */
  look(): Promise<string | undefined>;
}
