/**
 * A real registry (Debian's docker-registry) in a temporary folder on a free loopback port, and images pushed to it by
 * plain requests of the distribution specification, so that tests of reading it need no builder.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** How the registry is set up. */
export interface RegistrySetup {
  /** Allow deletes; default true. */
  readonly deletes?: boolean;
  /** The `auth` section of its configuration, as YAML in one line. */
  readonly auth?: string;
  /** Files of its certificate and key: it speaks HTTPS. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

/** A running registry. */
export interface TestRegistry {
  /** `127.0.0.1:port`. */
  readonly host: string;
  readonly folder: string;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** What `passwordAuth` lets in. */
export const registryUser = { username: 'ann', password: 'correct-horse' } as const;

/** The `auth` section that asks for that name and password; its file goes into `folder`. */
export function passwordAuth(folder: string): string {
  const file = join(folder, 'htpasswd');
  // bcrypt of the password, with a fixed salt.
  writeFileSync(file, 'ann:$2y$05$abcdefghijklmnopqrstuuZ0Fx87Pb/Aqb0E90lfvCwzXnaFKUHpS\n');
  return `{htpasswd: {realm: test, path: ${file}}}`;
}

/** Starts one; resolves when it listens. */
export async function startRegistry(setup: RegistrySetup = {}): Promise<TestRegistry> {
  const folder = mkdtempSync(join(tmpdir(), 'appdev-registry-'));
  const config = join(folder, 'config.yaml');
  const tls =
    setup.tls === undefined ? '' : `, tls: {certificate: ${setup.tls.certificate}, key: ${setup.tls.key}}`;
  writeFileSync(
    config,
    [
      'version: 0.1',
      'log: {level: info, accesslog: {disabled: true}}',
      `storage: {filesystem: {rootdirectory: ${join(folder, 'data')}}, delete: {enabled: ${setup.deletes ?? true}}}`,
      `http: {addr: "127.0.0.1:0", secret: test${tls}}`,
      ...(setup.auth === undefined ? [] : [`auth: ${setup.auth}`]),
    ].join('\n'),
  );
  // The kernel ends it when the tests are killed.
  const command = ['--pdeathsig', 'KILL', '--', 'docker-registry', 'serve', config];
  const child = spawn('setpriv', command, { stdio: ['ignore', 'ignore', 'pipe'] });
  const host = await listening(child);
  return {
    host,
    folder,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await gone;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Reads the address that it logs: port 0 lets the system choose. */
async function listening(child: ChildProcess): Promise<string> {
  const { stderr } = child;
  if (stderr === null) throw new Error('no stderr');
  return await new Promise((resolve, reject) => {
    const said: string[] = [];
    createInterface({ input: stderr }).on('line', (line) => {
      said.push(line);
      const match = /listening on (127\.0\.0\.1:\d+)/.exec(line);
      if (match?.[1] !== undefined) resolve(match[1]);
    });
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`docker-registry ended with ${code ?? 'a signal'}: ${said.join('\n')}`)),
    );
  });
}

/**
 * Pushes an image of one layer, whose bytes are `content`: a tar archive, or any text if nobody unpacks it. Equal
 * content gives an equal digest, which is returned. `more`: fields of its configuration.
 */
export async function pushImage(
  registry: string,
  repository: string,
  tag: string,
  content: string | Uint8Array<ArrayBuffer>,
  send: typeof fetch = fetch,
  more: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const base = `${registry.includes('://') ? registry : `http://${registry}`}/v2/${repository}`;
  const digestOf = (bytes: string | Uint8Array): string =>
    `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const upload = async (
    bytes: string | Uint8Array<ArrayBuffer>,
  ): Promise<{ digest: string; size: number }> => {
    const started = await check(await send(`${base}/blobs/uploads/`, { method: 'POST' }), 202);
    const location = new URL(started.headers.get('location') ?? '', base);
    location.searchParams.set('digest', digestOf(bytes));
    await check(await send(location, { method: 'PUT', body: bytes }), 201);
    return { digest: digestOf(bytes), size: Buffer.byteLength(bytes) };
  };
  const layer = await upload(content);
  const config = await upload(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
      ...more,
    }),
  );
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer }],
  });
  const headers = { 'content-type': mediaType };
  await check(await send(`${base}/manifests/${tag}`, { method: 'PUT', headers, body: manifest }), 201);
  return digestOf(manifest);
}

async function check(response: Response, status: number): Promise<Response> {
  if (response.status === status) return response;
  throw new Error(`${response.url}: ${response.status} ${await response.text()}`);
}
