/**
 * Writes the layers of a jar into folders that a Containerfile can copy. Each folder is named by a hash of its content,
 * so an unchanged layer is not written again. After a change of code, that is all but the last one.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, normalize, sep } from 'node:path';
import { failed, ok, type Outcome } from '../../../core/outcome.ts';
import { jarBytes } from '../../jar/archive/jar-writer.ts';
import { planLayers, type LayerPlan } from './plan.ts';
import { manifestText } from '../../jar/archive/manifest.ts';
import { ZipError, ZipFile } from '../../jar/archive/zip.ts';

/** A layer on disk. */
export interface StagedLayer {
  readonly name: string;
  /** Folder below the staging folder. Its name changes with the content. */
  readonly folder: string;
  /** Size of its files in bytes. */
  readonly size: number;
}

/** An image's layers on disk, lowest first. There is at least one. */
export interface StagedImage {
  readonly layers: readonly StagedLayer[];
  readonly entrypoint: readonly string[];
}

/**
 * Writes the layers of a jar below `root`, a folder that belongs to this service alone. Fails with IMAGE_BUILD_FAILED.
 */
export async function stageLayers(service: string, jar: string, root: string): Promise<Outcome<StagedImage>> {
  let zip: ZipFile | undefined;
  try {
    zip = await ZipFile.open(jar);
    const plan = planLayers({
      entries: zip.entries,
      manifest: (await zip.readText('META-INF/MANIFEST.MF')) ?? '',
      layersIndex: await zip.readText('BOOT-INF/layers.idx'),
      classpathIndex: await zip.readText('BOOT-INF/classpath.idx'),
    });
    const layers: StagedLayer[] = [];
    for (const [index, layer] of plan.layers.entries())
      layers.push(await stageLayer(zip, layer, index, root));
    await removeOthers(root, new Set(layers.map(({ folder }) => folder)));
    return ok({ layers, entrypoint: plan.entrypoint });
  } catch (error) {
    if (!(error instanceof ZipError)) throw error;
    return failed('IMAGE_BUILD_FAILED', `${service}: its jar cannot be cut into layers: ${error.message}`, {
      hint: 'build the jar again: mvn clean package',
    });
  } finally {
    await zip?.close();
  }
}

async function stageLayer(zip: ZipFile, plan: LayerPlan, index: number, root: string): Promise<StagedLayer> {
  // The user chooses the names of layers.
  const name = /^[\w.-]+$/.test(plan.name) ? plan.name : `layer-${index}`;
  const application = plan.application === undefined ? undefined : await applicationOf(zip, plan.application);
  const hash = createHash('sha256');
  let size = application?.length ?? 0;
  for (const [path, entry] of sorted(plan.files)) {
    hash.update(`${path}\0${entry.size}\0${await zip.sha256(entry)}\n`);
    size += entry.size;
  }
  if (application !== undefined) hash.update(application);
  const folder = `${name}-${hash.digest('hex').slice(0, 16)}`;
  if (!existsSync(join(root, folder))) {
    const draft = join(root, `draft-${name}`);
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { recursive: true });
    for (const [path, entry] of plan.files) await write(draft, path, await zip.read(entry));
    if (application !== undefined) await write(draft, 'application.jar', application);
    await openFolders(draft);
    await rename(draft, join(root, folder));
  }
  return { name, folder, size };
}

async function applicationOf(zip: ZipFile, plan: NonNullable<LayerPlan['application']>): Promise<Buffer> {
  const files = new Map<string, Buffer>([['META-INF/MANIFEST.MF', Buffer.from(manifestText(plan.manifest))]]);
  for (const [path, entry] of plan.files) files.set(path, await zip.read(entry));
  return jarBytes(files);
}

/** Writes a file that any user in the container can read, whatever this machine's umask is. */
async function write(root: string, path: string, bytes: Buffer): Promise<void> {
  const target = normalize(join(root, path));
  if (!target.startsWith(root + sep)) throw new ZipError(`the entry ${path} points outside its folder`);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, bytes, { flag: 'wx' });
  await chmod(target, 0o644);
}

async function openFolders(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await openFolders(join(folder, entry.name));
  }
}

async function removeOthers(root: string, kept: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(root)) {
    if (!kept.has(name)) await rm(join(root, name), { recursive: true, force: true });
  }
}

function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}
