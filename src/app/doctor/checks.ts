/** The checks of doctor that need no project: programs and limits of this machine. No check depends on another. */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { ServiceConfig } from '../../config/model.ts';
import { isTooOld, parseHelmVersion } from '../../deploy/helm/program/tool.ts';
import type { AppdevError } from '../../core/errors.ts';
import { runProcess } from '../../support/process/process.ts';
import { findTool } from '../../support/process/tool.ts';

/** The result of one check. */
export interface Check {
  readonly name: string;
  readonly state: 'ok' | 'warning' | 'failure';
  /** What was found. */
  readonly detail: string;
  /** What to do about it. Always set unless the state is `ok`. */
  readonly hint?: string;
}

/** Makes the result of a check that found no problem. */
export function passed(name: string, detail: string): Check {
  return { name, state: 'ok', detail };
}

/** Makes the result of a check that failed with an error. */
export function failure(name: string, { message, hint }: AppdevError): Check {
  return { name, state: 'failure', detail: message, ...(hint === undefined ? {} : { hint }) };
}

/** A program, and how to ask for its version. */
export interface ProgramCheck {
  readonly name: string;
  readonly tool: string;
  readonly args: readonly string[];
  /** Finds the version in the program's output, as group 1. */
  readonly pattern: RegExp;
  readonly missing: 'warning' | 'failure';
  readonly hint: string;
  /** Why this version cannot be used; undefined if it can. */
  readonly unusable?: (version: string) => string | undefined;
}

/** Programs that a project may need. Which ones it needs depends on its services. */
export const programs = {
  java: {
    name: 'JDK',
    tool: 'javac',
    args: ['-version'],
    pattern: /javac ([\d.]+\S*)/,
    missing: 'failure',
    hint: 'install a JDK (not only a JRE) of the version that the project compiles for',
  },
  git: {
    name: 'git',
    tool: 'git',
    args: ['--version'],
    pattern: /git version (\S+)/,
    missing: 'warning',
    hint: 'install git; without it appdev cannot wait until a running checkout is done',
  },
  helm: {
    name: 'Helm',
    tool: 'helm',
    args: ['version', '--template', '{{.Version}}'],
    pattern: /v?(\d\S+)/,
    missing: 'failure',
    hint: 'install Helm 3.13 or newer, or deploy with kustomize or manifests',
    unusable: (version) => {
      const parsed = parseHelmVersion(version);
      return parsed === undefined || isTooOld(parsed) ? 'appdev needs 3.13 or newer' : undefined;
    },
  },
  kustomize: {
    name: 'Kustomize',
    tool: 'kustomize',
    args: ['version'],
    pattern: /v?(\d\S+)/,
    missing: 'warning',
    hint: 'install kustomize; without it appdev uses the older version inside kubectl',
  },
  skopeo: {
    name: 'skopeo',
    tool: 'skopeo',
    args: ['--version'],
    pattern: /version (\S+)/,
    missing: 'failure',
    hint: 'install skopeo; registry.copy in appdev.yaml needs it',
  },
  kubectl: {
    name: 'kubectl',
    tool: 'kubectl',
    args: ['version', '--client'],
    pattern: /Client Version: v?(\S+)/,
    missing: 'warning',
    hint: 'install kubectl; appdev uses it if kustomize is missing, and many hints of appdev need it',
  },
} as const satisfies Record<string, ProgramCheck>;

/** Checks that a program is installed, and that its version can be used. Runs the program. */
export async function checkProgram(program: ProgramCheck, cwd: string, signal: AbortSignal): Promise<Check> {
  const { name, tool, args, pattern, missing, hint, unusable } = program;
  const finished = await runProcess({ tool, args, cwd }, { signal });
  if (finished.kind !== 'exited') return { name, state: missing, detail: `${tool} is not on the PATH`, hint };
  const version = pattern.exec(`${finished.stdout}\n${finished.stderr}`)?.[1];
  if (finished.exitCode !== 0 || version === undefined) {
    const said = finished.lines.at(-1) ?? `exit code ${finished.exitCode}`;
    return { name, state: missing, detail: `${tool} ${args.join(' ')} failed: ${said}`, hint };
  }
  const problem = unusable?.(version);
  if (problem !== undefined) return { name, state: missing, detail: `${version}: ${problem}`, hint };
  return passed(name, version);
}

/** Checks that the program of a service's image command exists. Does not run it. Undefined for any other builder. */
export function checkImageCommand({ name, image }: ServiceConfig): Check | undefined {
  if (image?.source.kind !== 'command') return undefined;
  const { run, context } = image.source;
  const [tool = ''] = run;
  const found = findTool(tool, context);
  const title = `image command of ${name}`;
  if (found !== undefined) return passed(title, found);
  const detail = `${tool} is not ${tool.includes('/') ? `an executable file in ${context}` : 'on the PATH'}`;
  return {
    name: title,
    state: 'failure',
    detail,
    hint: `install it, or fix services.${name}.image.command.run`,
  };
}

/** Checks the version of Node. `engines` in package.json has the same minimum. */
export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const isOld = major < 20 || (major === 20 && minor < 19);
  return isOld
    ? { name: 'Node', state: 'failure', detail: version, hint: 'install Node 20.19 or newer' }
    : { name: 'Node', state: 'ok', detail: version };
}

/**
 * Checks the limits of inotify. Each folder needs one watch, and all programs of this user share the limit. 8192 was the
 * kernel's default for a long time; that is too few for an editor and appdev on one large project.
 */
export function checkInotify(read: (path: string) => string = readText): Check {
  const name = 'file events';
  const watches = Number(read('/proc/sys/fs/inotify/max_user_watches'));
  const instances = Number(read('/proc/sys/fs/inotify/max_user_instances'));
  if (!Number.isFinite(watches) || watches === 0)
    return { name, state: 'ok', detail: `not inotify (${process.platform})` };
  const detail = `${watches} inotify watches, ${instances} instances`;
  if (watches < 65_536) {
    return {
      name,
      state: 'warning',
      detail,
      hint: 'raise the limit: sudo sysctl fs.inotify.max_user_watches=524288',
    };
  }
  if (instances < 128) {
    return {
      name,
      state: 'warning',
      detail,
      hint: 'raise the limit: sudo sysctl fs.inotify.max_user_instances=512',
    };
  }
  return { name, state: 'ok', detail };
}

/** Checks the free space (in bytes) for images and temporary files. A layered image of a Boot app needs about 1 GB. */
export function checkDisk(path: string, freeBytes: number): Check {
  const name = `disk ${path}`;
  const gigabytes = freeBytes / 1024 ** 3;
  const detail = `${gigabytes.toFixed(1)} GB free`;
  if (gigabytes < 1) return { name, state: 'failure', detail, hint: `free some space below ${path}` };
  if (gigabytes < 5) return { name, state: 'warning', detail, hint: `free some space below ${path}` };
  return { name, state: 'ok', detail };
}

/** Folders in which every build needs free space. */
export const diskPaths: readonly string[] = [tmpdir()];

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
