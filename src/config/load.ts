/**
 * From files to a project: read, locate, apply profiles, merge the personal overlay, substitute variables, validate,
 * normalize. Every error of all files comes back at once. Reads files and nothing else; it contacts no cluster.
 */
import { dirname, join } from 'node:path';
import type { Diagnostic } from '../core/diagnostic.ts';
import { failed, ok, type Outcome } from '../core/outcome.ts';
import { activeProfiles, type ActiveProfile } from '../profiles/activate.ts';
import { applyProfiles, profilesOf } from '../profiles/apply.ts';
import { mergeOverlay } from '../profiles/merge.ts';
import { checkProfiles, checkProject } from './check/check.ts';
import type { ProjectDocument } from './schema/document.ts';
import { findProjectFile, misnamedFiles, readText, shownFile } from './find.ts';
import { schemaDiagnostics } from './schema/issues.ts';
import { diagnosticAt, sortedDiagnostics } from './text/locate.ts';
import type { ProjectConfig } from './model.ts';
import { nearest } from './text/nearest.ts';
import { normalize } from './normalize.ts';
import { parseYaml, sourceFile, type Parsed } from './text/parse.ts';
import { checkPaths } from './check/paths.ts';
import { maskSecrets, printDocument } from './print.ts';
import { localFileSchema, partialFileSchema, projectSchema } from './schema/schema.ts';
import {
  itemsAt,
  plainOf,
  stringAt,
  treeAt,
  withoutKeys,
  type Origin,
  type Tree,
  type TreePath,
} from './text/tree.ts';
import { substituteVariables, variableIn, withDotEnv, type Environment } from './text/variables.ts';

/** What a project is loaded for. */
export interface LoadOptions {
  /** Absolute path of the folder that appdev was started in. */
  readonly cwd: string;
  /** From `-f`: relative to `cwd` or absolute. */
  readonly file?: string | undefined;
  /** From `-p`, in order; `-name` takes a profile out. */
  readonly profiles: readonly string[];
  /** False for `--profile-auto-activation=false`. */
  readonly autoActivation: boolean;
  readonly env: Environment;
  /** The context that the command line names (`--kube-context`), if it does. */
  readonly kubeContext: string | undefined;
  /** The kubeconfig's current context, where it is known: what counts when nobody names one. */
  readonly currentContext?: string | undefined;
  /** The command that runs, e.g. `dev`; profiles may be activated by it. */
  readonly command: string;
}

/** A project, and what can be told about where it comes from. */
export interface LoadedProject {
  readonly config: ProjectConfig;
  /** What is worth a line to the user, but stops nothing. */
  readonly warnings: readonly Diagnostic[];
  /** The effective project as data, defaults filled in; secrets are shown as the variables they come from. */
  readonly document: ProjectDocument;
  /** Where the value at a path of the effective project was written; `undefined` for a default. */
  originOf(path: TreePath): Origin | undefined;
  /** The effective project as YAML; with `origin`, each value is followed by its file, line, column and profile. */
  printEffective(options: { readonly origin: boolean }): string;
  /** In the order in which they were applied. */
  readonly activeProfiles: readonly ActiveProfile[];
  /** Values of variables whose names look like secrets: never to be shown. */
  readonly secrets: readonly string[];
}

/** A parsed file; without a tree it was empty or could not be parsed. */
interface ReadFile extends Parsed {
  readonly shown: string;
}

/**
 * Loads a project.
 *
 * @returns CONFIG_NOT_FOUND, PROFILE_UNKNOWN, or CONFIG_INVALID with every diagnostic of all files.
 */
export async function loadProject(options: LoadOptions): Promise<Outcome<LoadedProject>> {
  const found = await findProjectFile(options.cwd, options.file);
  if (found.kind !== 'ok') return found;
  const file = found.value;
  const root = dirname(file);
  const companions = inCi(options.env) ? [] : [join(root, 'appdev.local.yaml'), join(root, '.env')];
  const [read, local, dotEnv] = await Promise.all([
    readTree(file, options.cwd),
    companions[0] === undefined ? ok(undefined) : readTree(companions[0], options.cwd),
    companions[1] === undefined
      ? ok(undefined)
      : readText(companions[1], shownFile(companions[1], options.cwd)),
  ]);
  if (read.kind !== 'ok') return read;
  if (local.kind !== 'ok') return local;
  if (dotEnv.kind !== 'ok') return dotEnv;
  const env = dotEnv.value === undefined ? options.env : withDotEnv(dotEnv.value, options.env);
  return await assemble({
    options: { ...options, env },
    facts: { file, root, files: [file, ...companions] },
    base: read.value ?? { tree: undefined, diagnostics: [], shown: shownFile(file, options.cwd) },
    local: local.value,
  });
}

/** CI systems set `CI`; personal files have no place there. */
function inCi(env: Environment): boolean {
  return !['', '0', 'false'].includes((variableIn(env, 'CI') ?? '').toLowerCase());
}

async function readTree(path: string, cwd: string): Promise<Outcome<ReadFile | undefined>> {
  const shown = shownFile(path, cwd);
  const text = await readText(path, shown);
  if (text.kind !== 'ok') return text;
  if (text.value === undefined) return ok(undefined);
  return ok({ ...parseYaml(sourceFile(path, shown, text.value), text.value), shown });
}

interface Material {
  readonly options: LoadOptions;
  readonly facts: { readonly file: string; readonly root: string; readonly files: readonly string[] };
  readonly base: ReadFile;
  readonly local: ReadFile | undefined;
}

async function assemble({ options, facts, base, local }: Material): Promise<Outcome<LoadedProject>> {
  const syntax = [...base.diagnostics, ...(local?.diagnostics ?? [])];
  if (syntax.length > 0) return invalid(syntax);
  if (base.tree === undefined) {
    return failed('CONFIG_INVALID', `${base.shown} is empty`, {
      hint: 'see appdev.yaml.example for every key',
    });
  }
  const unknown = unknownProfile(base.tree, options.profiles, base.shown);
  if (unknown !== undefined) return unknown;

  const early = [
    ...schemaDiagnostics(base.tree, { schema: partialFileSchema, early: true }),
    ...checkProfiles(base.tree),
    ...(local?.tree === undefined
      ? []
      : schemaDiagnostics(local.tree, { schema: localFileSchema, early: true })),
  ];
  // Nothing can be merged into a file that is not even a map.
  if (base.tree.kind !== 'map') return invalid(early);

  const context = activationContext(base.tree, local?.tree, options);
  const profiles = profilesOf(base.tree);
  const active = activeProfiles(profiles, options.profiles, options.autoActivation, {
    env: options.env,
    kubeContext: context,
    command: options.command,
  });
  const applied = applyProfiles(
    withoutKeys(base.tree, ['profiles']),
    active.flatMap(({ name }) => profiles.filter((profile) => profile.name === name).slice(0, 1)),
  );
  if (applied.diagnostics.length > 0) return invalid([...early, ...applied.diagnostics]);
  const merged = local?.tree?.kind === 'map' ? mergeOverlay(applied.tree, local.tree) : applied.tree;
  const { tree, diagnostics, secrets } = substituteVariables(merged, options.env);
  const errors = [
    ...early,
    ...diagnostics,
    ...schemaDiagnostics(tree, { schema: projectSchema, early: false }),
    ...checkProject(tree),
    ...(await checkPaths(tree)),
    ...contextMismatch(tree, active, context, options),
  ];
  if (errors.length > 0) return invalid(errors.map((error) => hideSecrets(error, secrets)));

  const document = projectSchema.parse(plainOf(tree));
  const shown = maskSecrets(document, tree);
  return ok({
    config: normalize(document, tree, { ...facts, profiles: active.map(({ name }) => name) }),
    warnings: await misnamedFiles(facts.root, options.cwd),
    document: shown,
    originOf: (path) => treeAt(tree, path)?.origin,
    printEffective: ({ origin }) => printDocument(shown, tree, origin),
    activeProfiles: active,
    secrets,
  });
}

/** Secrets shorter than this are left alone: hiding them would tear every message apart. */
const shortestHidden = 6;

/** The diagnostic without values of secrets in its message and hint; the excerpt is the file as it is. */
function hideSecrets(diagnostic: Diagnostic, secrets: readonly string[]): Diagnostic {
  const hide = (text: string): string =>
    secrets.reduce(
      (shown, secret) => (secret.length < shortestHidden ? shown : shown.replaceAll(secret, '***')),
      text,
    );
  const { message, hint } = diagnostic;
  return { ...diagnostic, message: hide(message), ...(hint === undefined ? {} : { hint: hide(hint) }) };
}

function invalid(diagnostics: readonly Diagnostic[]): Outcome<never> {
  const sorted = sortedDiagnostics(diagnostics);
  const files = [...new Set(sorted.map(({ file }) => file))].join(' and ');
  const message = `${files} ${files.includes(' and ') ? 'have' : 'has'} ${sorted.length} error${sorted.length === 1 ? '' : 's'}`;
  return failed('CONFIG_INVALID', message, { diagnostics: sorted });
}

function unknownProfile(tree: Tree, asked: readonly string[], shown: string): Outcome<never> | undefined {
  const names = itemsAt(tree, ['profiles']).flatMap((profile) => stringAt(profile, ['name'])?.value ?? []);
  const wrong = asked.map((name) => name.replace(/^-/, '')).find((name) => !names.includes(name));
  if (wrong === undefined) return undefined;
  const proposal = nearest(wrong, names);
  const list = names.length === 0 ? `${shown} has no profiles` : `profiles: ${names.join(', ')}`;
  return failed('PROFILE_UNKNOWN', `there is no profile "${wrong}" in ${shown}`, {
    hint: proposal === undefined ? list : `did you mean -p ${proposal}?`,
  });
}

/** The context that will be deployed to, as far as it is known before profiles: they may depend on it. */
function activationContext(base: Tree, local: Tree | undefined, options: LoadOptions): string | undefined {
  const written = [local, base].flatMap((tree) => {
    const node = treeAt(tree, ['cluster', 'context']);
    if (node === undefined) return [];
    return stringAt(substituteVariables(node, options.env).tree, [])?.value ?? [];
  });
  return options.kubeContext ?? written[0] ?? options.currentContext;
}

/** A profile that is there because of one context must not end up in another. */
function contextMismatch(
  tree: Tree,
  active: readonly ActiveProfile[],
  assumed: string | undefined,
  options: LoadOptions,
): Diagnostic[] {
  const effective = stringAt(tree, ['cluster', 'context']);
  const dependent = active.find(({ byContext }) => byContext);
  if (options.kubeContext !== undefined || dependent === undefined) return [];
  if (effective === undefined || effective.value === assumed) return [];
  const message = `profile ${dependent.name} is active for the context ${assumed ?? '(none)'}, but profiles change the context to ${effective.value}`;
  return [diagnosticAt(effective.origin, message, `name the context: --kube-context ${effective.value}`)];
}
