/** Tags on images: put once, told when they move, and an error at its key when one cannot be made. */
import { describe, expect, it } from 'vitest';
import type { Git } from './git-state.ts';
import type { TagsConfig } from '../../../config/model.ts';
import type { Origin } from '../../../config/text/tree.ts';
import type { Artifact, EventBody } from '../../../core/events.ts';
import { failed, ok, type Outcome } from '../../../core/outcome.ts';
import { createTagger, type TaggedCommand, type TaggerParts } from './tagger.ts';

const { signal } = new AbortController();
const artifact: Artifact = {
  service: 'orders',
  repository: 'localhost:5001/orders',
  pullRepository: 'localhost:5001/orders',
  tag: 'abc',
  digest: 'sha256:one',
  inputHash: 'inputs',
};
const origin: Origin = {
  source: { path: '/p/appdev.yaml', shown: 'appdev.yaml', lines: ['tags: {template: "{gitCommit}"}'] },
  line: 1,
  column: 18,
  length: 13,
};

/** A session with one service, and a registry that is a map from tag to digest. */
function setup(template: string | undefined, options: Partial<TaggerParts> & { command?: string } = {}) {
  const tags: TagsConfig = {
    template: template ?? '',
    gitCommit: { variant: 'commit', prefix: '', ignoreChanges: true },
    dateTime: { format: 'yyyy-MM-dd', timezone: 'UTC' },
  };
  const told: EventBody[] = [];
  const registry = new Map<string, string>();
  const puts: string[] = [];
  const git: Git = {
    ask: () => Promise.resolve({ text: 'c0ffee' }),
    state: () => Promise.resolve(undefined),
  };
  const session = {
    command: options.command ?? 'build',
    services: [{ name: 'orders', path: '/p', image: template === undefined ? {} : { tags } }],
    project: { originOf: (path: readonly string[]) => (path[0] === 'tags' ? origin : undefined) },
    emit: (event: EventBody) => told.push(event),
  } as unknown as TaggedCommand;
  const client: TaggerParts['client'] = {
    headManifest: (_repository, tag) => {
      const digest = registry.get(tag);
      return Promise.resolve(ok(digest === undefined ? undefined : { digest }));
    },
    putTag: (_repository, digest, tag): Promise<Outcome<void>> => {
      puts.push(tag);
      registry.set(tag, digest);
      return Promise.resolve(ok(undefined));
    },
  };
  const tagger = createTagger(session, { git, client, startedMs: Date.UTC(2026, 0, 2), ...options });
  return { tagger, told, registry, puts };
}

describe('the tagger', () => {
  it('puts a tag once, and says so', async () => {
    const { tagger, told, puts } = setup('{gitCommit}_{dateTime}');
    expect(await tagger.put(artifact, signal)).toEqual(ok(undefined));
    expect(await tagger.put(artifact, signal)).toEqual(ok(undefined));
    expect(puts).toEqual(['c0ffee_2026-01-02']);
    expect(tagger.given(artifact)).toEqual(['c0ffee_2026-01-02']);
    expect(tagger.given({ ...artifact, digest: 'sha256:other' })).toEqual([]);
    expect(told).toMatchObject([
      { type: 'notice', service: 'orders', message: 'tagged sha256:one as c0ffee_2026-01-02' },
    ]);
  });

  it('says which image a moved tag named before', async () => {
    const { tagger, told, registry } = setup('latest');
    registry.set('latest', 'sha256:before');
    await tagger.put(artifact, signal);
    expect(registry.get('latest')).toBe('sha256:one');
    expect(told).toMatchObject([
      { message: 'tagged sha256:one as latest; before, the tag was sha256:before' },
    ]);
  });

  it.each([
    ['without a template', undefined, 'build'],
    ['that are what the image is called already', '{contentTag}', 'build'],
    ['in dev', '{gitCommit}', 'dev'],
  ])('puts no tags %s', async (_, template, command) => {
    const { tagger, puts } = setup(template, { command });
    expect(await tagger.put(artifact, signal)).toEqual(ok(undefined));
    expect([puts, tagger.given(artifact)]).toEqual([[], []]);
  });

  it('points at the template when git has no commit', async () => {
    const { tagger } = setup('{gitCommit}', {
      git: {
        ask: () => Promise.resolve({ error: 'fatal: not a git repository' }),
        state: () => Promise.resolve(undefined),
      },
    });
    expect(await tagger.put(artifact, signal)).toMatchObject({
      kind: 'failed',
      error: {
        code: 'CONFIG_INVALID',
        diagnostics: [
          {
            file: 'appdev.yaml',
            line: 1,
            column: 18,
            message: expect.stringContaining('not a git repository') as string,
          },
        ],
      },
    });
  });

  it('does not blame the template when the session ends', async () => {
    const { tagger } = setup('{gitCommit}', {
      git: { ask: () => Promise.resolve({ error: 'interrupted' }), state: () => Promise.resolve(undefined) },
    });
    expect(await tagger.put(artifact, AbortSignal.abort('user'))).toEqual({
      kind: 'cancelled',
      reason: 'user',
    });
  });

  it('fails as the registry fails', async () => {
    const refusal = failed('TAG_IMMUTABLE', 'immutable');
    const { tagger } = setup('v1', {
      client: { headManifest: () => Promise.resolve(ok(undefined)), putTag: () => Promise.resolve(refusal) },
    });
    expect(await tagger.put(artifact, signal)).toEqual(refusal);
    expect(tagger.given(artifact)).toEqual([]);
  });

  it('warns once if there is no registry', async () => {
    const { tagger, told } = setup('v1', { client: undefined });
    await tagger.put(artifact, signal);
    await tagger.put(artifact, signal);
    expect(told).toMatchObject([
      { level: 'warning', message: expect.stringContaining('no effect') as string },
    ]);
  });
});
