/** The names of a commit, asked of a real git. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GitTagConfig } from '../../../config/model.ts';
import { runProcess } from '../../../support/process/process.ts';
import { createGit } from './git-state.ts';
import { gitTag } from './git-tag.ts';

const { signal } = new AbortController();
let folder: string;
let service: string;

function git(...args: readonly string[]): string {
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.com'];
  return execFileSync('git', [...identity, ...args], { cwd: folder, encoding: 'utf8' }).trim();
}

async function tag(variant: GitTagConfig['variant'], more: Partial<GitTagConfig> = {}): Promise<string> {
  const config = { variant, prefix: '', ignoreChanges: false, ...more };
  const found = await gitTag(createGit(runProcess), service, config, signal);
  return 'text' in found ? found.text : `error: ${found.error}`;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-git-'));
  service = join(folder, 'orders');
  mkdirSync(service);
  git('init', '-q', '-b', 'feature/one');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the name of a commit', () => {
  it('is not there before the first commit, and git says so', async () => {
    expect(await tag('commit')).toMatch(/^error: fatal: /);
    expect(await createGit(runProcess).state(service, signal)).toBeUndefined();
  });

  it('by each variant', async () => {
    writeFileSync(join(service, 'a'), '1');
    git('add', '-A');
    git('commit', '-qm', 'one');
    const commit = git('rev-parse', 'HEAD');
    const tree = git('rev-parse', 'HEAD:orders');
    expect(await tag('commit')).toBe(commit);
    expect(commit.startsWith(await tag('abbrevCommit'))).toBe(true);
    expect(await tag('tree')).toBe(tree);
    expect(tree.startsWith(await tag('abbrevTree'))).toBe(true);
    expect(await tag('branch')).toBe('feature/one');
    expect(await tag('tag')).toBe(await tag('abbrevCommit'));
    git('tag', 'v1.0');
    expect(await tag('tag', { prefix: 'r-' })).toBe('r-v1.0');
    // A commit elsewhere leaves the folder's tree alone, and moves on from the tag.
    writeFileSync(join(folder, 'b'), '1');
    git('add', '-A');
    git('commit', '-qm', 'two');
    expect(await tag('tree')).toBe(tree);
    expect(await tag('tag')).toMatch(/^v1\.0-1-g[0-9a-f]+$/);
    git('checkout', '-q', '--detach');
    expect(await tag('branch')).toBe(await tag('abbrevCommit'));
    expect(await createGit(runProcess).state(service, signal)).toEqual({
      commit: git('rev-parse', 'HEAD'),
      dirty: false,
    });
  });

  it('is dirty by what is in the folder, new files too, and by nothing else', async () => {
    writeFileSync(join(folder, 'b'), '2');
    expect(await tag('abbrevCommit')).not.toContain('dirty');
    writeFileSync(join(service, 'new'), '');
    expect(await tag('abbrevCommit')).toMatch(/-dirty$/);
    expect(await tag('abbrevCommit', { ignoreChanges: true })).not.toContain('dirty');
    expect(await createGit(runProcess).state(service, signal)).toMatchObject({ dirty: true });
  });

  it('counts new files, whatever a user has told git to show', async () => {
    git('config', 'status.showUntrackedFiles', 'no');
    expect(await tag('abbrevCommit')).toMatch(/-dirty$/);
    git('config', '--unset', 'status.showUntrackedFiles');
  });

  it('is not there if git cannot tell whether there are changes', async () => {
    const index = join(folder, '.git/index');
    const whole = readFileSync(index);
    writeFileSync(index, 'broken');
    expect(await tag('abbrevCommit')).toBe('error: git does not tell whether there are uncommitted changes');
    expect(await tag('abbrevCommit', { ignoreChanges: true })).toMatch(/^[0-9a-f]+$/);
    writeFileSync(index, whole);
  });
});
