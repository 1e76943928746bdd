/** Doctor's question for each right that a build in a pod needs, with an API server that grants all but one of them. */
import { expect, it } from 'vitest';
import type { Access } from '../../cluster/api/rights.ts';
import { defaultKaniko } from '../../config/normalize.ts';
import type { KanikoConfig } from '../../config/model.ts';
import { ok } from '../../core/outcome.ts';
import type { ImageTarget } from '../../registry/types.ts';
import type { Variables } from '../../config/text/variables.ts';
import { readEnvironment } from '../environment.ts';
import { kanikoChecks } from './kaniko-checks.ts';

const images: ImageTarget = {
  kind: 'registry',
  registry: { push: 'registry.example.com', pull: 'registry.example.com', insecure: false, source: 'kind' },
};

const textOf = ({ verb, resource, subresource }: Omit<Access, 'namespace'>): string =>
  `${verb} ${subresource === undefined ? resource : `${resource}/${subresource}`}`;

/** What doctor says of the rights, and what it asked for. */
async function rights(
  denied: string,
  config: KanikoConfig = defaultKaniko,
  variables: Variables = {},
): Promise<{ readonly detail: string; readonly state: string; readonly asked: readonly string[] }> {
  const asked: string[] = [];
  const cluster = {
    identity: { namespace: 'shop' },
    mayI: async (access: Access) => {
      asked.push(textOf(access));
      return await Promise.resolve(ok(access.namespace === 'shop' && textOf(access) !== denied));
    },
    get: async () => await Promise.resolve(ok(undefined)),
  };
  const session = {
    project: { config: { kaniko: config } },
    signals: { shutdown: new AbortController().signal },
    invocation: { environment: readEnvironment(variables), cwd: '/' },
  };
  const [check] = await kanikoChecks(
    session as unknown as Parameters<typeof kanikoChecks>[0],
    { cluster } as unknown as Parameters<typeof kanikoChecks>[1],
    images,
  );
  if (check === undefined) throw new Error('no check');
  return { detail: check.detail, state: check.state, asked };
}

const pods = [
  'create pods',
  'list pods',
  'watch pods',
  'delete pods',
  'create pods/attach',
  'get pods/attach',
  'get pods/log',
];
const secrets = ['create secrets', 'delete secrets'];

it('asks for every right that a build uses, and for no more', async () => {
  expect(await rights('')).toMatchObject({ state: 'ok', asked: [...pods, ...secrets] });
  const named = { ...defaultKaniko, credentials: 'login' };
  expect(await rights('', named)).toMatchObject({ state: 'ok', asked: pods });
});

it.each([...pods, ...secrets])('names the right to %s if it is missing', async (denied) => {
  expect(await rights(denied)).toMatchObject({
    state: 'failure',
    detail: `in namespace shop you are not allowed to ${denied}`,
  });
});

it('asks for secrets also if the login is the user’s own and an authority goes along', async () => {
  const own = { ...defaultKaniko, credentials: 'login' };
  expect((await rights('', own)).asked).not.toContain('create secrets');
  expect((await rights('', own, { APPDEV_REGISTRY_CA: 'ca.pem' })).asked).toContain('create secrets');
});
