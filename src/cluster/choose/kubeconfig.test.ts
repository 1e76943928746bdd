import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chooseContext, readKubeconfig, type ChosenContext } from './kubeconfig.ts';
import { checkSignIn } from './pin.ts';
import { selectCluster, type SelectRequest } from './select.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'appdev-kubeconfig-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

interface Parts {
  readonly name?: string;
  readonly server?: string;
  readonly user?: string;
  readonly current?: string;
  readonly namespace?: string;
}

function kubeconfig({
  name = 'kind-shop',
  server = 'https://127.0.0.1:6443',
  user = '{}',
  ...rest
}: Parts = {}): string {
  return `apiVersion: v1
kind: Config
${rest.current === undefined ? '' : `current-context: ${rest.current}\n`}clusters: [{name: ${name}, cluster: {server: "${server}"}}]
users: [{name: ${name}, user: ${user}}]
contexts: [{name: ${name}, context: {cluster: ${name}, user: ${name}${rest.namespace === undefined ? '' : `, namespace: ${rest.namespace}`}}}]
`;
}

async function read(...files: readonly string[]): ReturnType<typeof readKubeconfig> {
  return await readKubeconfig({ listed: files.join(delimiter), home: folder, cwd: folder });
}

async function choose(name: string | undefined, ...files: readonly string[]): Promise<ChosenContext> {
  const result = await read(...files);
  if (result.kind !== 'ok') throw new Error(JSON.stringify(result));
  const chosen = chooseContext(result.value, name);
  if (chosen.kind !== 'ok') throw new Error(JSON.stringify(chosen));
  return chosen.value;
}

describe('readKubeconfig', () => {
  it('takes the first file that names an entry, and passes over files that are not there', async () => {
    await writeFile(join(folder, 'a'), kubeconfig({ name: 'one', server: 'https://127.0.0.1:1' }));
    await writeFile(
      join(folder, 'b'),
      kubeconfig({ name: 'one', server: 'https://127.0.0.1:2' }) +
        kubeconfig({ name: 'two', current: 'two' }).replaceAll(
          /^(apiVersion|kind|clusters|users|contexts).*\n/gm,
          '',
        ),
    );
    const chosen = await choose('one', 'missing', 'a', 'b');
    expect(chosen.facts.server).toBe('https://127.0.0.1:1');
    const merged = await read('a', 'b');
    expect(merged).toMatchObject({ kind: 'ok', value: { currentContext: 'two' } });
  });

  it('looks in ~/.kube/config without KUBECONFIG', async () => {
    await mkdir(join(folder, '.kube'));
    await writeFile(join(folder, '.kube', 'config'), kubeconfig({ current: 'kind-shop' }));
    const result = await readKubeconfig({ listed: '', home: folder, cwd: '/' });
    expect(result).toMatchObject({ kind: 'ok', value: { currentContext: 'kind-shop' } });
  });

  it('says which file is missing', async () => {
    expect(await readKubeconfig({ listed: '', home: folder, cwd: '/' })).toMatchObject({
      kind: 'failed',
      error: {
        code: 'KUBECONFIG_INVALID',
        message: `there is no kubeconfig: ${join(folder, '.kube', 'config')} does not exist`,
      },
    });
  });

  it('points at the line that is not YAML, without showing it', async () => {
    await writeFile(
      join(folder, 'a'),
      'apiVersion: v1\nusers:\n- name: x\n  user: {token: s3cret-token\nkind: [\n',
    );
    const result = await read('a');
    expect(result).toMatchObject({
      kind: 'failed',
      error: {
        code: 'KUBECONFIG_INVALID',
        diagnostics: [{ file: join(folder, 'a'), line: expect.any(Number) as number }],
      },
    });
    expect(JSON.stringify(result)).not.toContain('s3cret');
  });

  it('refuses a file that explodes', async () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
      .split('')
      .map(
        (name, index) =>
          `${name}: &${name} [${Array<string>(9)
            .fill(`*${'abcdefg'[index] ?? ''}`)
            .join(',')}]`,
      )
      .join('\n')}\n`;
    await writeFile(join(folder, 'a'), bomb);
    expect(await read('a')).toMatchObject({ kind: 'failed', error: { code: 'KUBECONFIG_INVALID' } });
  });
});

describe('chooseContext', () => {
  it.each([
    ['no current context', kubeconfig(), undefined, 'sets no current context'],
    ['an unknown context', kubeconfig(), 'nope', 'there is no context nope'],
    [
      'a cluster that is not there',
      kubeconfig().replace(/^clusters.*$/m, 'clusters: []'),
      'kind-shop',
      'refers to the cluster kind-shop',
    ],
    [
      'a user that is not there',
      kubeconfig().replace(/^users.*$/m, 'users: []'),
      'kind-shop',
      'refers to the user kind-shop',
    ],
    ['no server', kubeconfig().replace(/server: "[^"]*"/, 'x: 1'), 'kind-shop', 'names no server'],
    ['a server that is not a URL', kubeconfig({ server: '127.0.0.1:6443' }), 'kind-shop', 'is not a URL'],
  ])('names %s', async (_case, text, name, message) => {
    await writeFile(join(folder, 'a'), text);
    const result = await read('a');
    if (result.kind !== 'ok') throw new Error(JSON.stringify(result));
    expect(chooseContext(result.value, name)).toMatchObject({
      kind: 'failed',
      error: { code: 'KUBECONFIG_INVALID', message: expect.stringContaining(message) as string },
    });
  });

  it('makes paths absolute against the file that holds them', async () => {
    await mkdir(join(folder, 'sub'));
    const user =
      '{client-certificate: pki/client.crt, client-key: /abs/client.key, exec: {command: ./login, args: [a]}}';
    await writeFile(
      join(folder, 'sub', 'a'),
      kubeconfig({ user, current: 'kind-shop' }).replace('server:', 'certificate-authority: ca.crt, server:'),
    );
    const chosen = await choose(undefined, 'sub/a');
    expect(chosen.cluster['certificate-authority']).toBe(join(folder, 'sub', 'ca.crt'));
    expect(chosen.user).toMatchObject({
      'client-certificate': join(folder, 'sub', 'pki', 'client.crt'),
      'client-key': '/abs/client.key',
      exec: { command: join(folder, 'sub', 'login') },
    });
  });

  it('shows the sign-in program without its flags, whose values may be secret', async () => {
    await writeFile(
      join(folder, 'a'),
      kubeconfig({ user: '{exec: {command: aws, args: [eks, get-token, --token, hush]}}' }),
    );
    expect((await choose('kind-shop', 'a')).signIn).toBe('aws eks get-token');
  });
});

describe('selectCluster', () => {
  function request(overrides: Partial<SelectRequest> = {}): SelectRequest {
    return {
      command: 'dev',
      places: { listed: 'a', home: folder, cwd: folder },
      config: { allow: [], createNamespace: true },
      projectRoot: join(folder, 'project'),
      pinnedPath: join(folder, 'pinned'),
      ...overrides,
    };
  }

  it('pins one context, readable by this user only, and leaves the rest out', async () => {
    const user = '{client-certificate-data: Y2VydA==, client-key-data: a2V5}';
    await writeFile(join(folder, 'a'), kubeconfig({ user, current: 'kind-shop', namespace: 'orders' }));
    await writeFile(join(folder, 'b'), kubeconfig({ name: 'prod', server: 'https://prod.example.com' }));
    const selected = await selectCluster(
      request({ places: { listed: `a${delimiter}b`, home: folder, cwd: folder } }),
    );
    expect(selected).toEqual({
      kind: 'ok',
      value: {
        identity: {
          context: 'kind-shop',
          server: 'https://127.0.0.1:6443',
          product: 'kind',
          namespace: 'orders',
          kubeconfig: join(folder, 'pinned'),
        },
        notices: [],
      },
    });
    expect((await stat(join(folder, 'pinned'))).mode & 0o777).toBe(0o600);
    const text = await readFile(join(folder, 'pinned'), 'utf8');
    expect(text).not.toContain('prod');
    const pinned = await choose(undefined, 'pinned');
    expect(pinned).toMatchObject({
      facts: { context: 'kind-shop' },
      namespace: 'orders',
      user: { 'client-key-data': 'a2V5' },
    });
  });

  it('writes nothing when the guard refuses', async () => {
    await writeFile(
      join(folder, 'a'),
      kubeconfig({ name: 'prod', server: 'https://prod.example.com', current: 'prod' }),
    );
    expect(await selectCluster(request())).toMatchObject({
      kind: 'failed',
      error: { code: 'CONTEXT_REFUSED' },
    });
    await expect(stat(join(folder, 'pinned'))).rejects.toThrow('ENOENT');
  });

  it('counts --kube-context and cluster.context as naming the context', async () => {
    await writeFile(
      join(folder, 'a'),
      kubeconfig({ name: 'prod', server: 'https://prod.example.com', current: 'prod' }),
    );
    expect(await selectCluster(request({ command: 'run' }))).toMatchObject({
      error: { code: 'CONTEXT_NOT_NAMED' },
    });
    const flagged = await selectCluster(request({ command: 'run', contextFlag: 'prod' }));
    expect(flagged).toMatchObject({ kind: 'ok', value: { identity: { product: 'named' } } });
    const config = { context: 'prod', allow: [], createNamespace: true };
    const configured = await selectCluster(
      request({ command: 'run', config, pinnedPath: join(folder, 'pinned2') }),
    );
    expect(configured).toMatchObject({ kind: 'ok' });
  });

  it('takes the namespace of the flag before that of the project before that of the context', async () => {
    await writeFile(join(folder, 'a'), kubeconfig({ current: 'kind-shop', namespace: 'context' }));
    const config = { namespace: 'project', allow: [], createNamespace: true };
    expect(await selectCluster(request({ config, namespaceFlag: 'flag' }))).toMatchObject({
      value: { identity: { namespace: 'flag' } },
    });
    expect(await selectCluster(request({ config, pinnedPath: join(folder, 'p2') }))).toMatchObject({
      value: { identity: { namespace: 'project' } },
    });
  });

  it.each(['Shop', '-x', 'a_b', 'a'.repeat(64), '--all', 'x y'])(
    'refuses the namespace %j',
    async (namespaceFlag) => {
      await writeFile(join(folder, 'a'), kubeconfig({ current: 'kind-shop' }));
      expect(await selectCluster(request({ namespaceFlag }))).toMatchObject({ error: { code: 'USAGE' } });
    },
  );

  it('refuses a kubeconfig of the project that runs a program, also behind a link', async () => {
    const user = '{exec: {command: touch, args: [pwned]}}';
    await mkdir(join(folder, 'project'));
    await writeFile(join(folder, 'project', 'kubeconfig'), kubeconfig({ user, current: 'kind-shop' }));
    await symlink(join(folder, 'project', 'kubeconfig'), join(folder, 'link'));
    for (const file of ['project/kubeconfig', 'link']) {
      const places = { listed: file, home: folder, cwd: folder };
      expect(await selectCluster(request({ places }))).toMatchObject({
        kind: 'failed',
        error: {
          code: 'CONTEXT_REFUSED',
          message: expect.stringContaining('came with the project') as string,
        },
      });
    }
  });

  it.each([
    ['a kubeconfig beside it', 'kube/config', 'login'],
    ['a kubeconfig above its submodule', '../kube/config', 'login'],
    ['a program', '../../own', 'TOP/bin/login'],
    ['a program on the PATH', '../../own', 'login, env: [{name: PATH, value: TOP/bin}]'],
    ['a script', '../../own', 'sh, args: [TOP/bin/login]'],
    ['a program behind a link', '../../own', 'TOP/../link'],
  ])('refuses to sign in by %s in the repository of the project', async (_name, at, command) => {
    const outer = join(folder, 'outer');
    const top = join(outer, 'top');
    const root = join(top, 'services', 'a');
    for (const made of [join(outer, '.git'), join(top, 'bin'), root]) await mkdir(made, { recursive: true });
    await writeFile(join(top, '.git'), 'gitdir: ../.git/modules/top\n');
    await writeFile(join(top, 'bin', 'login'), '#!/bin/sh\n', { mode: 0o755 });
    await symlink(join(top, 'bin', 'login'), join(outer, '..', 'link'));
    const file = join(top, at);
    await mkdir(dirname(file), { recursive: true });
    const user = `{exec: {command: ${command.replaceAll('TOP/../link', join(folder, 'link')).replaceAll('TOP', top)}}}`;
    await writeFile(file, kubeconfig({ user, current: 'kind-shop' }));
    const places = { listed: file, home: folder, cwd: folder };
    expect(await selectCluster(request({ places, projectRoot: root }))).toMatchObject({
      error: {
        code: 'CONTEXT_REFUSED',
        message: expect.stringContaining('came with the project') as string,
      },
    });
  });

  it('does not take the repository of a home folder for a clone', async () => {
    const root = join(folder, 'work', 'shop');
    await mkdir(root, { recursive: true });
    await mkdir(join(folder, '.git'));
    await writeFile(
      join(folder, 'a'),
      kubeconfig({ user: '{exec: {command: login}}', current: 'kind-shop' }),
    );
    const chosen = await readKubeconfig({ listed: join(folder, 'a'), home: folder, cwd: folder });
    const context = chosen.kind === 'ok' ? chooseContext(chosen.value) : chosen;
    if (context.kind !== 'ok') throw new Error(JSON.stringify(context));
    expect(await checkSignIn(context.value, root, folder)).toMatchObject({ kind: 'ok' });
    expect(await checkSignIn(context.value, root, '/home/ann')).toMatchObject({
      error: { code: 'CONTEXT_REFUSED' },
    });
  });

  it("says once which program the user's own kubeconfig runs", async () => {
    await writeFile(
      join(folder, 'a'),
      kubeconfig({ user: '{exec: {command: login}}', current: 'kind-shop' }),
    );
    expect(await selectCluster(request())).toMatchObject({
      kind: 'ok',
      value: { notices: ['context kind-shop signs in by running "login"'] },
    });
  });
});
