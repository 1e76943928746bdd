/**
 * Builds the stand-in for Kaniko's executor (test/stand-in-executor) and puts it into a registry, as an image of one layer. The
 * tag is a hash of the program, so that it is pushed once.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pack } from 'tar-stream';
import { pushImage } from './registry.ts';

const source = resolve(import.meta.dirname, '../stand-in-executor');

/** The executor's flags as they are documented: name, and what it takes. */
export interface DocumentedFlag {
  readonly name: string;
  readonly kind: 'bool' | 'duration' | 'int' | 'list' | 'string';
}

/** What one release of the executor documents. */
export interface DocumentedExecutor {
  /** Tag of the release, which is the tag of its image as well. */
  readonly release: string;
  /** Its flags, which the stand-in knows, and no other. */
  readonly flags: readonly DocumentedFlag[];
  /** Names of its feature variables. It warns of any other. */
  readonly variables: readonly string[];
}

/** The documented executor. */
export const documented: DocumentedExecutor = JSON.parse(
  readFileSync(join(source, 'flags.json'), 'utf8'),
) as DocumentedExecutor;

/** Builds it, and pushes it unless it is there. Returns the image's reference. */
export async function pushStandInExecutor(registry: string): Promise<string> {
  const program = buildStandInExecutor();
  const hash = createHash('sha256').update(program).digest('hex').slice(0, 16);
  const repository = 'appdev/kaniko-executor-stand-in';
  const reference = `${registry}/${repository}:${hash}`;
  const there = await fetch(`http://${registry}/v2/${repository}/manifests/${hash}`, { method: 'HEAD' });
  if (there.ok) return reference;
  await pushImage(registry, repository, hash, await layerOf(program), fetch, {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    // As the executor's own image has it.
    config: { Entrypoint: ['/kaniko/executor'], Env: ['DOCKER_CONFIG=/kaniko/.docker/', 'PATH=/kaniko'] },
  });
  return reference;
}

/** The program, for this machine. */
export function buildStandInExecutor(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'appdev-stand-in-'));
  try {
    const program = join(folder, 'executor');
    const { status, stderr } = spawnSync('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', program, '.'], {
      cwd: source,
      encoding: 'utf8',
      env: { ...process.env, CGO_ENABLED: '0', GOOS: 'linux' },
    });
    if (status !== 0) throw new Error(`the stand-in executor does not build: ${stderr}`);
    return readFileSync(program);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function layerOf(program: Buffer): Promise<Uint8Array<ArrayBuffer>> {
  const packer = pack();
  packer.entry({ name: 'tmp/', type: 'directory', mode: 0o1777, mtime: new Date(0) });
  packer.entry({ name: 'kaniko/executor', mode: 0o755, mtime: new Date(0) }, program);
  packer.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of packer as unknown as AsyncIterable<Buffer>) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}
