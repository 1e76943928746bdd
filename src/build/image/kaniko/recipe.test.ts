import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { containerfileRecipe, layersRecipe, packRecipe, tagOf, type Recipe } from './recipe.ts';

let top: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'appdev-recipe-'));
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

function write(files: Readonly<Record<string, string>>): string {
  const root = join(top, 'context');
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

async function contents(recipe: Recipe): Promise<readonly string[]> {
  const file = join(top, 'context.tar.gz');
  expect(await packRecipe('orders', recipe, file)).toMatchObject({ kind: 'ok' });
  return execFileSync('tar', ['-tzf', file], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .filter((name) => !name.endsWith('/'));
}

const ours = ['.appdev-build/Containerfile', '.appdev-build/Containerfile.dockerignore'];

async function recipeOf(containerfile: string, context: string): Promise<Recipe> {
  const source = { kind: 'containerfile', containerfile, context, buildArgs: {} } as const;
  const recipe = await containerfileRecipe('orders', source);
  if (recipe.kind !== 'ok') throw new Error('no recipe');
  return recipe.value;
}

async function contextOf(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const context = write(files);
  return await contents(await recipeOf(join(context, 'Containerfile'), context));
}

it('sends what COPY reads and nothing else', async () => {
  const sent = await contextOf({
    Containerfile: 'FROM scratch\nCOPY target/*.jar /app.jar\nCOPY conf /conf\n',
    'target/app.jar': 'jar',
    'target/classes/A.class': 'class',
    'conf/a/b.yaml': 'yaml',
    'src/A.java': 'java',
  });
  expect(sent).toEqual([...ours, 'conf/a/b.yaml', 'target/app.jar']);
});

it('does not send what is hidden', async () => {
  const context = write({
    Containerfile: 'FROM scratch\nCOPY target/*.jar /app.jar\n',
    'target/app-1.10.jar': 'new',
    'target/app-1.9.jar': 'old',
  });
  const source = {
    kind: 'containerfile',
    containerfile: join(context, 'Containerfile'),
    context,
    buildArgs: {},
  } as const;
  const recipe = await containerfileRecipe('orders', source, ['target/app-1.9.jar']);
  if (recipe.kind !== 'ok') throw new Error('no recipe');
  expect(await contents(recipe.value)).toEqual([...ours, 'target/app-1.10.jar']);
});

it('sends everything if COPY may read everything, but what is ignored and what is appdev’s own', async () => {
  const sent = await contextOf({
    Containerfile: 'FROM scratch\nCOPY . /app\n',
    '.dockerignore': 'secret*\nnode_modules\n!secret-not\n',
    'secret.txt': 'no',
    'secret-not': 'yes',
    'node_modules/a/index.js': 'no',
    '.appdev/logs/1.log': 'no',
    'src/A.java': 'java',
  });
  expect(sent).toEqual([...ours, '.dockerignore', 'Containerfile', 'secret-not', 'src/A.java']);
});

it('sends a Containerfile from outside of the context, where no COPY finds it', async () => {
  const context = write({ 'a.txt': 'a' });
  const containerfile = join(top, 'Other');
  writeFileSync(containerfile, 'FROM scratch\nCOPY . /\n');
  const recipe = await recipeOf(containerfile, context);
  expect(await contents(recipe)).toEqual([...ours, 'a.txt']);
  const ignore = ['-xzOf', join(top, 'context.tar.gz'), ours[1] ?? ''];
  expect(execFileSync('tar', ignore, { encoding: 'utf8' })).toBe('.appdev-build\n');
});

it('sends the folders of the layers that it copies', async () => {
  const root = write({ 'dependencies-1/lib/a.jar': 'a', 'application-2/application.jar': 'b' });
  const text = 'FROM scratch\nCOPY application-2/ /app/\n';
  const recipe = layersRecipe(root, text, ['application-2'], { reproducible: true });
  expect(await contents(recipe)).toEqual([...ours, 'application-2/application.jar']);
});

it('makes a tag of content, build arguments and service, and of nothing else', () => {
  const tag = tagOf('hash', { A: '1', B: '2' }, 'shop', 'orders');
  expect(tag).toMatch(/^[0-9a-f]{16}$/);
  expect(tagOf('hash', { B: '2', A: '1' }, 'shop', 'orders')).toBe(tag);
  expect(tagOf('hash', { A: '1', B: '3' }, 'shop', 'orders')).not.toBe(tag);
  expect(tagOf('other', { A: '1', B: '2' }, 'shop', 'orders')).not.toBe(tag);
  expect(tagOf('hash', { A: '1', B: '2' }, 'shop', 'stock')).not.toBe(tag);
});

it('says which file it cannot read', async () => {
  const context = join(top, 'gone');
  const source = {
    kind: 'containerfile',
    containerfile: join(context, 'Containerfile'),
    context,
    buildArgs: {},
  } as const;
  expect(await containerfileRecipe('orders', source)).toMatchObject({
    error: { code: 'IMAGE_BUILD_FAILED', message: expect.stringContaining(context) as string },
  });
  const recipe = layersRecipe(context, 'FROM scratch\n', [], { reproducible: true });
  expect(await packRecipe('orders', recipe, join(top, 'context.tar.gz'))).toMatchObject({
    error: { code: 'IMAGE_BUILD_FAILED', message: expect.stringContaining(context) as string },
  });
});
