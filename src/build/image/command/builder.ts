/**
 * Builds images by a program of the user: `image.command` in appdev.yaml. Owns how it is started, what it is told, how
 * it is cancelled, and how its result is judged. Its word is not enough: the digest it reports must be in the registry.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { CommandSource } from '../../../config/model.ts';
import { cancelled, failed, ok, type NotOk, type Outcome } from '../../../core/outcome.ts';
import type { FindCredentials } from '../../../registry/types.ts';
import { imageNames } from '../../../registry/target.ts';
import type { ImageTarget, ManifestReader } from '../../../registry/types.ts';
import { splitRegistryName } from '../../../registry/reference.ts';
import { createMask } from '../../../support/mask.ts';
import type { RunProcess } from '../../../support/process/process.ts';
import { makeLargeTempFolder } from '../../../support/files/temp.ts';
import { sha256Of } from '../../jar/boot-jar.ts';
import { digestIn } from './digest.ts';
import { authFileText, commandEnvironment, secretsOf } from './environment.ts';
import { findOtherJars } from '../../jar/other-jars.ts';
import { withoutPasswords } from '../../../support/mask.ts';
import type { ImageBuilder, ImageRequest, WorkContext } from '../../types.ts';

/** What the builder needs. */
export interface CommandParts {
  readonly run: RunProcess;
  readonly target: ImageTarget;
  /** Reads from the target's registry. */
  readonly reader: ManifestReader;
  readonly credentials: FindCredentials;
  /** PEM file of the private authority to trust for the registry. It is the `ca.crt` in a folder of its own. */
  readonly authority?: string;
  /** The time that images must carry, in seconds since 1970: SOURCE_DATE_EPOCH. */
  readonly sourceDateEpoch: string;
  /** Called before a command runs for the first time, because it is a program that came with the repository. */
  readonly announce: (service: string, command: string) => void;
}

/** The place for an image in the registry. */
interface Place {
  readonly repository: string;
  /** A tag that is not in the registry yet. */
  readonly tag: string;
  /** The tag that an image of these inputs normally has. If `tag` differs, this one already exists. */
  readonly usual: string;
  readonly insecure: boolean;
}

/** Returns the builder. */
export function createCommandBuilder(parts: CommandParts): ImageBuilder {
  const { target, reader, announce } = parts;
  const announced = new Set<string>();

  return {
    async build(request, context) {
      const { service, inputHash } = request;
      const { report, signal } = context;
      const source = service.image?.source;
      if (source?.kind !== 'command') throw new Error(`${service.name} has no image command`);
      report.started('image');
      const names = imageNames(target, service.image?.repository ?? '');
      const clear = await checkOtherJars(request, source);
      const place = clear.kind === 'ok' ? await placeOf(names.repository, inputHash, signal) : clear;
      if (place.kind !== 'ok') {
        report.finished('image', place.kind);
        return place;
      }
      const shown = commandText(source);
      if (!announced.has(`${service.name} ${shown}`)) announce(service.name, shown);
      announced.add(`${service.name} ${shown}`);
      const made = await runCommand(parts, request, source, place.value, context);
      report.finished('image', made.kind);
      if (made.kind !== 'ok') return made;

      report.started('push');
      const digest = await confirm(service.name, place.value, made.value, reader, signal);
      report.finished('push', digest.kind, digest.kind === 'ok' ? digest.value.slice(0, 19) : undefined);
      if (digest.kind !== 'ok') return digest;
      const { repository } = place.value;
      const tag = await tagOf(place.value, digest.value, reader, signal);
      const builder = { name: basename(source.run[0] ?? '') };
      return ok({
        service: service.name,
        ...names,
        repository,
        tag,
        digest: digest.value,
        inputHash,
        builder,
      });
    },
  };

  /**
   * A tag that nobody has pushed yet. So an image that is there afterwards was pushed by the command, and a registry
   * with immutable tags accepts it.
   */
  async function placeOf(
    repository: string,
    inputHash: string,
    signal: AbortSignal,
  ): Promise<Outcome<Place>> {
    if (target.kind === 'load') return noRegistry(target.product, target.cluster);
    const usual = inputHash.slice(0, 16);
    const there = await reader.headManifest(repository, usual, signal);
    if (there.kind !== 'ok') return there;
    const tag = there.value === undefined ? usual : `${usual}-${randomBytes(4).toString('hex')}`;
    return ok({ repository, tag, usual, insecure: target.registry.insecure });
  }
}

/**
 * Fails with JAR_AMBIGUOUS if the Containerfile copies older jars too. The user's program sees the whole context, so
 * appdev cannot hide them.
 */
async function checkOtherJars(
  { service, jar }: ImageRequest,
  { containerfile, context }: CommandSource,
): Promise<Outcome<void>> {
  if (jar === undefined || containerfile === undefined) return ok(undefined);
  const others = await findOtherJars(service.name, { containerfile, context, buildArgs: {} }, jar);
  if (others.kind !== 'ok') return others;
  const { taken } = others.value;
  if (taken.length === 0) return ok(undefined);
  return failed(
    'JAR_AMBIGUOUS',
    `${service.name}: ${basename(containerfile)} copies jars of older builds too: ${taken.join(', ')}`,
    {
      hint: `rm ${taken.map((name) => join(context, name)).join(' ')}   (in dev, press r after it)`,
      exit: 4,
    },
  );
}

/** The tag to deploy. An image that comes out the same again keeps its tag, so the manifests stay the same too. */
async function tagOf(
  { repository, tag, usual }: Place,
  digest: string,
  reader: ManifestReader,
  signal: AbortSignal,
): Promise<string> {
  if (tag === usual) return tag;
  const before = await reader.headManifest(repository, usual, signal);
  return before.kind === 'ok' && before.value?.digest === digest ? usual : tag;
}

/** Runs the command with its own folder for temporary files. Returns what it wrote to the digest file, if anything. */
async function runCommand(
  { run, credentials, authority, sourceDateEpoch }: CommandParts,
  { service, jar }: ImageRequest,
  source: CommandSource,
  { repository, tag, insecure }: Place,
  { signal, report }: WorkContext,
): Promise<Outcome<string | undefined>> {
  const known = await credentials(repository, signal);
  if (known.kind !== 'ok') return known;
  const mask = createMask(secretsOf(known.value));
  const folder = makeLargeTempFolder('command');
  try {
    const temporary = join(folder, 'tmp');
    await mkdir(temporary);
    const digestFile = join(folder, 'digest');
    // It has this name so that its folder can serve as DOCKER_CONFIG.
    const authFile = join(folder, 'config.json');
    const { host } = splitRegistryName(repository);
    await writeFile(authFile, authFileText(host, known.value), { mode: 0o600 });
    const facts = { service: service.name, source, jar, repository, tag, insecure, authority };
    const [tool = '', ...args] = source.run;
    const finished = await run(
      {
        tool,
        args,
        cwd: source.context,
        env: commandEnvironment({ ...facts, digestFile, authFile, temporary, sourceDateEpoch }),
      },
      {
        signal,
        onLine: (stream, line) => {
          report.output('image', stream, mask(withoutPasswords(line)));
        },
      },
    );
    if (finished.kind === 'cancelled') return cancelled(signal);
    if (finished.kind === 'missing') return missing(service.name, tool, source.context);
    if (finished.exitCode !== 0) {
      const lines = finished.lines.slice(-10).map((line) => mask(withoutPasswords(line)));
      return commandFailed(service.name, source, finished.exitCode, lines);
    }
    if (jar !== undefined && (await sha256Of(jar.built).catch(() => 'gone')) !== jar.sha256) {
      return failed(
        'SOURCE_CHANGED',
        `${service.name}: ${jar.built} changed while the image was built from it`,
        {
          hint: 'another build is writing there; stop it and build again',
          exit: 4,
        },
      );
    }
    return ok(await readFile(digestFile, 'utf8').catch(() => undefined));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The digest in the registry: the one that the command wrote, or else that of the tag it was told to push. */
async function confirm(
  service: string,
  { repository, tag }: Place,
  written: string | undefined,
  reader: ManifestReader,
  signal: AbortSignal,
): Promise<Outcome<string>> {
  const digest = written === undefined ? undefined : digestIn(written);
  if (written !== undefined && digest === undefined) {
    const said = withoutPasswords(written.trim().split('\n', 1)[0] ?? '').slice(0, 80);
    return failed(
      'IMAGE_BUILD_FAILED',
      `${service}: the command wrote no digest to $APPDEV_DIGEST_FILE: "${said}"`,
      {
        hint: 'write sha256:…, name@sha256:… or BuildKit’s metadata to that file, or do not write it at all',
      },
    );
  }
  const there = await reader.headManifest(repository, digest ?? tag, signal);
  if (there.kind !== 'ok') return there;
  if (there.value !== undefined) return ok(digest ?? there.value.digest);
  const what =
    digest === undefined
      ? `the registry has no ${repository}:${tag}`
      : `the registry has no ${digest} in ${repository}, which the command wrote to $APPDEV_DIGEST_FILE`;
  return failed('PUSH_FAILED', `${service}: the command ended with exit code 0, but ${what}`, {
    hint: 'make it push to $APPDEV_IMAGE; if it pushes another tag, make it write the digest to $APPDEV_DIGEST_FILE',
  });
}

function noRegistry(product: string, cluster: string): NotOk {
  return failed(
    'REGISTRY_NOT_FOUND',
    `an image command needs a registry to push to, but ${product} ${cluster} has none`,
    {
      hint: 'set up a local registry for the cluster, or use `builder: buildah`, whose images are loaded into the node',
    },
  );
}

function missing(service: string, tool: string, context: string): NotOk {
  const path = resolve(context, tool);
  if (tool.includes('/') && existsSync(path)) {
    return failed(
      'TOOL_MISSING',
      `${service}: ${path}, which image.command runs, is not an executable file`,
      {
        hint: `chmod +x ${path}`,
      },
    );
  }
  const where = tool.includes('/') ? `does not exist in ${context}` : 'is not on the PATH';
  return failed('TOOL_MISSING', `${service}: ${tool}, which image.command runs, ${where}`, {
    hint: `install ${tool}, or fix services.${service}.image.command.run (relative paths start in image.context)`,
  });
}

function commandFailed(
  service: string,
  source: CommandSource,
  exitCode: number,
  lines: readonly string[],
): NotOk {
  const last = lines.at(-1);
  const said = last === undefined ? '' : `: ${last}`;
  return failed(
    'IMAGE_BUILD_FAILED',
    `${service}: the command ${commandText(source)} ended with exit code ${exitCode}${said}`,
    { hint: `run it by hand in ${source.context}; .appdev/logs contains all of its output`, evidence: lines },
  );
}

/** The command on one line, for messages. Long scripts are cut. */
function commandText({ run }: CommandSource): string {
  const text = withoutPasswords(run.join(' ').replace(/\s+/g, ' ').trim());
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}
