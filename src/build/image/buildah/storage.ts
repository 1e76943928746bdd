/**
 * What Buildah can do on this machine: its version, where and how it keeps images, and how it isolates RUN steps.
 * Chooses the flags that follow from it, and explains itself to `doctor`.
 */
import { failed, ok, type Outcome } from '../../../core/outcome.ts';
import { fieldAt, stringAt } from '../../../support/fields.ts';
import { complaintLines, complaintText } from '../../../support/process/complaint.ts';
import type { RunProcess } from '../../../support/process/process.ts';
import { runBuildah } from './tool.ts';

/** Something that works, but not as well as it could. */
export interface StorageWarning {
  readonly message: string;
  readonly hint: string;
}

/** Buildah on this machine. */
export interface BuildahStorage {
  /** `1.28.2` */
  readonly version: string;
  /** `overlay`, `vfs`, `btrfs`, … */
  readonly driver: string;
  /** Absolute folder of images and layers. */
  readonly root: string;
  readonly rootless: boolean;
  /** Flags for every subcommand, before its own. */
  readonly globalFlags: readonly string[];
  /** Value for `--isolation`. */
  readonly isolation: string;
  readonly warnings: readonly StorageWarning[];
}

/** What the environment says to Buildah, and to the library that it shares with podman and skopeo. */
export interface BuildahEnvironment {
  /** True if the user has chosen a storage driver. It is kept then, even if it does not work. */
  readonly driverChosen: boolean;
  /** The user's choice for `--isolation`; empty if there is none. */
  readonly isolation: string;
  /** Path of the user's registries.conf; undefined: it is at one of its usual places. */
  readonly registriesConf: string | undefined;
}

/** Oldest version with every flag that appdev uses. `push --retry` came last. */
const oldest = '1.26.0';

/**
 * Known holes that matter to someone who builds Containerfiles without having read them, and the version that fixed
 * each.
 */
const holes: readonly (readonly [cve: string, fixedIn: string])[] = [
  ['CVE-2024-1753', '1.35.1'],
  ['CVE-2024-9407', '1.37.4'],
  ['CVE-2024-9675', '1.37.5'],
  ['CVE-2024-11218', '1.38.1'],
];

/**
 * Examines Buildah. Fails with TOOL_MISSING, TOOL_TOO_OLD, or IMAGE_BUILD_FAILED if its storage does not work at all.
 */
export async function probeBuildah(
  run: RunProcess,
  { driverChosen, isolation }: Omit<BuildahEnvironment, 'registriesConf'>,
  signal: AbortSignal,
): Promise<Outcome<BuildahStorage>> {
  const versions = await runBuildah(run, { args: ['--version'] }, { signal });
  if (versions.kind !== 'ok') return versions;
  const version = /version (\d+\.\d+\.\d+)/.exec(versions.value.stdout)?.[1];
  if (version === undefined) {
    return failed(
      'TOOL_MISSING',
      `the buildah on the PATH does not print its version: ${versions.value.lines[0] ?? ''}`,
      {
        hint: 'install Buildah',
      },
    );
  }
  if (isOlder(version, oldest)) {
    return failed('TOOL_TOO_OLD', `buildah ${version} is older than ${oldest}, the oldest that works`, {
      hint: 'update it',
    });
  }
  let globalFlags: readonly string[] = [];
  let info = await runBuildah(run, { args: ['info'] }, { signal });
  if (info.kind === 'ok' && info.value.exitCode !== 0 && !driverChosen) {
    // overlay on overlay, as in a container without a volume for /var/lib/containers. vfs always works.
    globalFlags = ['--storage-driver', 'vfs'];
    const asVfs = await runBuildah(run, { args: [...globalFlags, 'info'] }, { signal });
    if (asVfs.kind === 'cancelled' || (asVfs.kind === 'ok' && asVfs.value.exitCode === 0)) info = asVfs;
  }
  if (info.kind !== 'ok') return info;
  const { exitCode, stdout, lines } = info.value;
  if (exitCode !== 0) {
    return failed(
      'IMAGE_BUILD_FAILED',
      `Buildah's storage does not work: ${complaintText(complaintLines(lines)) ?? `exit code ${exitCode}`}`,
      {
        hint: 'run buildah info to see why',
        evidence: lines.slice(-5),
      },
    );
  }
  const facts: unknown = JSON.parse(stdout);
  const driver = stringAt(facts, 'store', 'GraphDriverName') ?? 'unknown';
  const rootless = fieldAt(facts, 'host', 'rootless') === true;
  return ok({
    version,
    driver,
    root: stringAt(facts, 'store', 'GraphRoot') ?? '',
    rootless,
    globalFlags,
    // chroot needs neither a container runtime nor cgroups, so it also works in a container, in CI and on machines with
    // hybrid cgroups. Only RUN steps of the user's Containerfile are isolated at all; they use the host's network and
    // see its processes.
    isolation: isolation === '' ? 'chroot' : isolation,
    warnings: [...driverWarnings(driver, rootless, globalFlags.length > 0), ...versionWarnings(version)],
  });
}

function driverWarnings(driver: string, rootless: boolean, fellBack: boolean): StorageWarning[] {
  if (driver !== 'vfs') return [];
  const why = fellBack ? ', because overlay does not work on the file system below it' : '';
  return [
    {
      message: `Buildah keeps images with the driver vfs${why}: each layer is a full copy, and builds take seconds longer`,
      hint: rootless
        ? 'use a kernel of 5.13 or newer, or install fuse-overlayfs, and set driver = "overlay" in ~/.config/containers/storage.conf'
        : 'put /var/lib/containers on a disk that is not an overlay itself, and set driver = "overlay" in /etc/containers/storage.conf',
    },
  ];
}

function versionWarnings(version: string): StorageWarning[] {
  const open = holes.filter(([, fixedIn]) => isOlder(version, fixedIn));
  if (open.length === 0) return [];
  return [
    {
      message: `buildah ${version} is older than the fixes of ${open.map(([cve, fixedIn]) => `${cve} (${fixedIn})`).join(', ')}`,
      hint: 'build only Containerfiles that you trust, or update Buildah; your distribution may have fixed these without a new version',
    },
  ];
}

function isOlder(version: string, other: string): boolean {
  const numbers = (text: string): number[] => text.split('.').map(Number);
  const theirs = numbers(other);
  for (const [index, number] of numbers(version).entries()) {
    const difference = number - (theirs[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
