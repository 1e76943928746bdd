/** `appdev doctor`: checks the tools, the cluster, the registry and this machine, and says how to fix problems. */
import { statfsSync } from 'node:fs';
import { findGradleRoot } from '../build/jar/gradle/model.ts';
import { findGradle } from '../build/jar/gradle/tool.ts';
import { jarToolOf } from '../build/jar/select.ts';
import { findMaven } from '../build/jar/maven/tool.ts';
import { usesBuilder } from '../build/image/select.ts';
import { probeBuildah, type BuildahEnvironment } from '../build/image/buildah/storage.ts';
import type { ServiceConfig } from '../config/model.ts';
import { exitCodes } from '../core/errors.ts';
import { ok, type Outcome } from '../core/outcome.ts';
import { runProcess } from '../support/process/process.ts';
import { count } from '../core/words.ts';
import {
  checkDisk,
  checkImageCommand,
  checkInotify,
  checkNode,
  checkProgram,
  diskPaths,
  failure,
  passed,
  programs,
  type Check,
} from '../app/doctor/checks.ts';
import { openTarget } from '../app/compose/cluster.ts';
import type { Invocation } from '../app/invocation.ts';
import { printError, unexpectedError } from '../app/fail.ts';
import { openProject } from '../app/project.ts';
import { kanikoChecks } from '../app/doctor/kaniko-checks.ts';
import { probeRegistry } from '../app/doctor/registry-probe.ts';
import { wantsJson, withProject } from '../app/data-session.ts';
import { environmentMask } from '../app/secrets.ts';
import type { Session } from '../app/session.ts';
import { openWork } from '../app/compose/work.ts';
import { cleanLine, cleanText, showUnsafe } from '../ui/text/sanitize.ts';

/** Runs `appdev doctor`. The exit code is 2 if a check fails. */
export async function doctor(invocation: Invocation): Promise<Outcome<number>> {
  const project = await openProject(invocation);
  if (project.kind === 'ok') return await withProject(invocation, project.value, examine);
  // Without a project, only the machine can be checked. The error of the project is shown as a failed check.
  const signal = new AbortController().signal;
  const checks = await machineChecks(invocation, [], signal);
  const problem: Check[] = project.kind === 'failed' ? [failure('appdev.yaml', project.error)] : [];
  const mask = environmentMask(invocation.environment);
  const exit = print(mask([...checks, ...problem]), wantsJson(invocation));
  if (project.kind === 'failed' && project.error.code === 'CONFIG_INVALID') printError(project.error, mask);
  return ok(exit);
}

async function examine(session: Session): Promise<Outcome<number>> {
  const { project, services, signals, invocation } = session;
  const { config } = project;
  const signal = signals.shutdown;
  const profiles = config.profiles.length === 0 ? 'no profile' : `profiles ${config.profiles.join(', ')}`;
  const checks = [
    ...(await machineChecks(invocation, services, signal)),
    ...services.flatMap((service) => jarToolCheck(service, config.root)),
    ...services.flatMap((service) => checkImageCommand(service) ?? []),
    ...(config.registry?.copy === undefined
      ? []
      : [await checkProgram(programs.skopeo, invocation.cwd, signal)]),
    passed('appdev.yaml', `${count(services.length, 'service')}, ${profiles}`),
    ...(await guarded('cluster', async () => await clusterChecks(session))),
  ];
  return ok(print(session.mask(checks), wantsJson(invocation)));
}

/** Checks the tools that the services need. Without services, it checks every tool that a project could need. */
async function machineChecks(
  { cwd, environment }: Invocation,
  services: readonly ServiceConfig[],
  signal: AbortSignal,
): Promise<Check[]> {
  const deploys = new Set(services.map(({ deploy }) => deploy.kind));
  const wanted = [
    ...(services.length === 0 || services.some(({ jar }) => jar !== undefined) ? [programs.java] : []),
    programs.git,
    ...(services.length === 0 || deploys.has('helm') ? [programs.helm] : []),
    ...(services.length === 0 || deploys.has('kustomize') ? [programs.kustomize] : []),
    programs.kubectl,
  ];
  const usesBuildah = services.length === 0 || usesBuilder(services, 'buildah');
  return [
    checkNode(process.version),
    ...(await Promise.all(wanted.map(async (program) => await checkProgram(program, cwd, signal)))),
    ...(usesBuildah
      ? await guarded('Buildah', async () => await buildahChecks(environment.buildah, signal))
      : []),
    checkInotify(),
    ...diskPaths.map((path) => checkDisk(path, freeBytes(path))),
  ];
}

/**
 * The checks of a group. An exception becomes a failed check: whoever calls doctor needs the results of the others most
 * when one of them cannot be made, as on a full disk.
 */
async function guarded(name: string, work: () => Promise<readonly Check[]>): Promise<readonly Check[]> {
  try {
    return await work();
  } catch (error) {
    return [failure(name, await unexpectedError(error))];
  }
}

function jarToolCheck(service: ServiceConfig, root: string): Check[] {
  if (service.jar === undefined) return [];
  const tool = jarToolOf(service);
  if (tool.kind === 'failed') return [failure(`build tool for ${service.name}`, tool.error)];
  const isGradle = tool.kind === 'ok' && tool.value === 'gradle';
  const name = `${isGradle ? 'Gradle' : 'Maven'} for ${service.name}`;
  const found = isGradle
    ? findGradle(service.path, findGradleRoot(service.path))
    : findMaven(service.path, root);
  if (found.kind === 'failed') return [failure(name, found.error)];
  return found.kind === 'ok' ? [passed(name, [found.value.tool, ...found.value.args].join(' '))] : [];
}

async function buildahChecks(environment: BuildahEnvironment, signal: AbortSignal): Promise<Check[]> {
  const probed = await probeBuildah(runProcess, environment, signal);
  if (probed.kind === 'failed') return [failure('Buildah', probed.error)];
  if (probed.kind === 'cancelled') return [];
  const { version, driver, root, rootless, isolation, warnings } = probed.value;
  const who = rootless ? 'rootless' : 'as root';
  return [
    passed('Buildah', `${version}, ${who}, storage ${driver} in ${root}, isolation ${isolation}`),
    checkDisk(root, freeBytes(root)),
    ...warnings.map(({ message, hint }): Check => ({
      name: 'Buildah',
      state: 'warning',
      detail: message,
      hint,
    })),
  ];
}

async function clusterChecks(session: Session): Promise<Check[]> {
  const signal = session.signals.shutdown;
  const target = await openTarget(session, 'doctor');
  if (target.kind !== 'ok') return target.kind === 'failed' ? [failure('cluster', target.error)] : [];
  const { cluster } = target.value;
  const { context, server, product } = cluster.identity;
  const version = await cluster.version(signal);
  if (version.kind !== 'ok') return version.kind === 'failed' ? [failure('cluster', version.error)] : [];
  const reached: Check = passed('cluster', `${context} (${product}), ${version.value} at ${server}`);
  if (product === 'unknown') {
    // The context is only the current one and not local. Asking for its version is harmless, but nothing is pushed.
    const detail = `not tried, because nothing names this cluster; to try it: appdev doctor --kube-context ${context}`;
    return [reached, passed('registry push', detail)];
  }
  const work = await openWork(session, target.value);
  if (work.kind !== 'ok')
    return [reached, ...(work.kind === 'failed' ? [failure('registry', work.error)] : [])];
  const kaniko = usesBuilder(session.services, 'kaniko')
    ? await kanikoChecks(session, target.value, work.value.images)
    : [];
  // The test needs a builder on this machine: doctor starts no builds in clusters and runs no commands of appdev.yaml.
  const buildah =
    session.services.every(({ image }) => image === undefined) || usesBuilder(session.services, 'buildah');
  const proof = buildah
    ? await probeRegistry({ cluster, project: session.project.config.name, work: work.value }, signal)
    : [notPushed];
  return [reached, ...kaniko, ...proof];
}

const notPushed: Check = {
  name: 'registry push',
  state: 'warning',
  detail: 'not tried: doctor can push its test image only with Buildah, and no service here uses Buildah',
  hint: 'run appdev build, which pushes the images of the project',
};

function freeBytes(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    // The folder does not exist yet. It will be on the same disk as its parent, which other checks cover.
    return Number.MAX_SAFE_INTEGER;
  }
}

const marks = { ok: '✓', warning: '!', failure: '✗' } as const;

function print(checks: readonly Check[], json: boolean): number {
  const failed = checks.some(({ state }) => state === 'failure');
  if (json) process.stdout.write(showUnsafe(`${JSON.stringify({ v: 1, ok: !failed, checks })}\n`));
  else {
    const width = Math.max(...checks.map(({ name }) => name.length));
    for (const { name, state, detail, hint } of checks) {
      process.stdout.write(cleanText(`${marks[state]} ${name.padEnd(width)}  ${detail}\n`));
      // A hint can have several lines.
      for (const [index, line] of (hint ?? '').split('\n').entries())
        if (line !== '')
          process.stdout.write(
            `${' '.repeat(width + 4)}${index === 0 ? 'try: ' : '     '}${cleanLine(line)}\n`,
          );
    }
  }
  return failed ? exitCodes.TOOL_MISSING : 0;
}
