/**
 * Makes a project from files: read, apply profiles, merge the personal overlay, fill in variables, validate, normalize.
 * All errors of all files are returned at once. It only reads files and never contacts a cluster.
 */
import { dirname, join } from 'node:path';
import type { Diagnostic } from '../core/diagnostic.ts';
import { failed, ok, type Outcome } from '../core/outcome.ts';
import { count } from '../core/words.ts';
import { activeProfiles, type ActiveProfile } from '../profiles/activate.ts';
import { applyProfiles, profilesOf } from '../profiles/apply.ts';
import { mergeOverlay } from '../profiles/merge.ts';
import { checkProfiles, checkProject } from './check/check.ts';
import type { ProjectDocument } from './schema/document.ts';
import { findProjectFile, misnamedFiles, readText } from './find.ts';
import { checkBeside } from './owner.ts';
import { shownFile } from './shown.ts';
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
import { substituteVariables, withDotEnv, type Variables } from './text/variables.ts';

/** The inputs of loading: where to look, what the command line says, and the variables. */
export interface LoadOptions {
  /** Absolute path of the folder that appdev was started in. */
  readonly cwd: string;
  /** The value of `-f`: relative to `cwd` or absolute. */
  readonly file?: string | undefined;
  /** The values of `-p`, in order; `-name` switches a profile off. */
  readonly profiles: readonly string[];
  /** False if `--profile-auto-activation=false` was passed. */
  readonly autoActivation: boolean;
  readonly variables: Variables;
  /** False in CI: `appdev.local.yaml` and `.env` are not read, and the project's files may be anyone's. */
  readonly personalFiles: boolean;
  /** The value of `--kube-context`, if it was passed. */
  readonly kubeContext: string | undefined;
  /** The kubeconfig's current context, if known. It is used if neither the command line nor a file names one. */
  readonly currentContext?: string | undefined;
  /** The command that runs, e.g. `dev`. A profile's activation can ask for it. */
  readonly command: string;
}

/** A loaded project, and where its values come from. */
export interface LoadedProject {
  readonly config: ProjectConfig;
  /** Problems that the user should see, but that stop nothing. */
  readonly warnings: readonly Diagnostic[];
  /** The effective project as data with its defaults. Secrets are shown as the variables they come from. */
  readonly document: ProjectDocument;
  /** Where the value at a path of the effective project was written; `undefined` for a default. */
  originOf(path: TreePath): Origin | undefined;
  /** The effective project as YAML; with `origin`, each value is followed by its file, line, column and profile. */
  printEffective(options: { readonly origin: boolean }): string;
  /** The active profiles, in the order in which they were applied. */
  readonly activeProfiles: readonly ActiveProfile[];
  /** Values of variables whose names look like secrets. They must never be shown. */
  readonly secrets: readonly string[];
}

/** A parsed file. Without a tree, it was empty or could not be parsed. */
interface ReadFile extends Parsed {
  readonly shown: string;
}

/**
 * Loads a project: the only way from files to a `ProjectConfig`.
 *
 * @returns the project. Fails with CONFIG_NOT_FOUND, PROFILE_UNKNOWN, or CONFIG_INVALID and the errors of all files.
 */
export async function loadProject(options: LoadOptions): Promise<Outcome<LoadedProject>> {
  // A CI job is there for this checkout, and often runs as another user than the one who made it.
  const user = options.personalFiles ? process.getuid?.() : undefined;
  const found = await findProjectFile(options.cwd, options.file, user);
  if (found.kind !== 'ok') return found;
  const file = found.value;
  const root = dirname(file);
  const companions = options.personalFiles ? [join(root, 'appdev.local.yaml'), join(root, '.env')] : [];
  for (const path of companions) {
    const checked = await checkBeside(path, file, options.cwd, user);
    if (checked.kind !== 'ok') return checked;
  }
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
  const variables =
    dotEnv.value === undefined ? options.variables : withDotEnv(dotEnv.value, options.variables);
  return await assemble({
    options: { ...options, variables },
    facts: { file, root, files: [file, ...companions] },
    base: read.value ?? { tree: undefined, diagnostics: [], shown: shownFile(file, options.cwd) },
    local: local.value,
  });
}

async function readTree(path: string, cwd: string): Promise<Outcome<ReadFile | undefined>> {
  const shown = shownFile(path, cwd);
  const text = await readText(path, shown);
  if (text.kind !== 'ok') return text;
  if (text.value === undefined) return ok(undefined);
  const { tree, diagnostics } = parseYaml(sourceFile(path, shown, text.value), text.value);
  return ok({ tree: tree === undefined ? undefined : withoutShared(tree), diagnostics, shown });
}

/**
 * The tree without its top-level keys `x-…`. They are a place for anchors, as in other tools' files: their values count
 * where aliases repeat them.
 */
function withoutShared(tree: Tree): Tree {
  if (tree.kind !== 'map') return tree;
  return withoutKeys(
    tree,
    [...tree.entries.keys()].filter((key) => key.startsWith('x-')),
  );
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
      hint: 'copy what you need from appdev.yaml.example, which shows every key',
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
  // Profiles cannot be merged into a file that is not a map.
  if (base.tree.kind !== 'map') return invalid(early);

  const context = activationContext(base.tree, local?.tree, options);
  const profiles = profilesOf(base.tree);
  const active = activeProfiles(profiles, options.profiles, options.autoActivation, {
    variables: options.variables,
    kubeContext: context,
    command: options.command,
  });
  const applied = applyProfiles(
    withoutKeys(base.tree, ['profiles']),
    active.flatMap(({ name }) => profiles.filter((profile) => profile.name === name).slice(0, 1)),
  );
  if (applied.diagnostics.length > 0) return invalid([...early, ...applied.diagnostics]);
  const merged = local?.tree?.kind === 'map' ? mergeOverlay(applied.tree, local.tree) : applied.tree;
  const { tree, diagnostics, secrets } = substituteVariables(merged, options.variables);
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

/** Shorter secrets are not hidden: a text of a few letters occurs by chance, and the message would become unreadable. */
const shortestHidden = 6;

/**
 * Removes secrets from the message and the hint. The excerpt needs no hiding: it is the file, which has the variables.
 */
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
  const message = `${files} ${files.includes(' and ') ? 'have' : 'has'} ${count(sorted.length, 'error')}`;
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

/**
 * The context that appdev would deploy to without profiles. Profiles may depend on it, so it must be known before them.
 */
function activationContext(base: Tree, local: Tree | undefined, options: LoadOptions): string | undefined {
  const written = [local, base].flatMap((tree) => {
    const node = treeAt(tree, ['cluster', 'context']);
    if (node === undefined) return [];
    return stringAt(substituteVariables(node, options.variables).tree, [])?.value ?? [];
  });
  return options.kubeContext ?? written[0] ?? options.currentContext;
}

/** A profile that is active because of one context must not be deployed to another. */
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
  const message = `profile ${dependent.name} is active because the context is ${assumed ?? '(none)'}, but the profiles change the context to ${effective.value}`;
  return [
    diagnosticAt(
      effective.origin,
      message,
      `choose the context on the command line: --kube-context ${effective.value}`,
    ),
  ];
}
