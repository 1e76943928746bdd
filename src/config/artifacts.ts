/**
 * artifacts.json as data: its schema, and a reader that gives the place of every error. How a command uses the file is
 * decided elsewhere. Unknown keys are ignored, because a later appdev may add some under the same `apiVersion`.
 */
import { z } from 'zod';
import type { Diagnostic } from '../core/diagnostic.ts';
import { failed, ok, type Outcome } from '../core/outcome.ts';
import { count } from '../core/words.ts';
import { apiVersion } from './schema/document.ts';
import { readText } from './find.ts';
import { shownFile } from './shown.ts';
import { schemaDiagnostics } from './schema/issues.ts';
import { diagnosticAt, placeText, sortedDiagnostics } from './text/locate.ts';
import { parseYaml, sourceFile } from './text/parse.ts';
import { itemsAt, plainOf, stringAt, type Origin, type Tree } from './text/tree.ts';

/** The value of `kind` in every artifacts.json. */
export const artifactsKind = 'Artifacts';

/** One service's image: its names, its digest and what it was built from. */
export interface ArtifactEntry {
  service: string;
  repository: string;
  pullRepository: string;
  tag: string;
  tags: string[];
  digest: string;
  reference: string;
  inputHash: string;
  jar?: { sha256: string };
  git?: { commit: string; branch?: string; dirty: boolean };
  builder?: { name: string; version?: string };
  stages: { stage: string; outcome: string; ms: number }[];
}

/** A whole artifacts.json. */
export interface ArtifactsDocument {
  apiVersion: typeof apiVersion;
  kind: typeof artifactsKind;
  project: string;
  appdev: string;
  artifacts: ArtifactEntry[];
}

const hex = /^[0-9a-f]{64}$/;
const digestPattern = /^$|^sha256:[0-9a-f]{64}$|^sha512:[0-9a-f]{128}$/;

const entry = z.looseObject({
  service: z.string().min(1).describe('Name of the service in appdev.yaml.'),
  repository: z.string().min(1).describe('Repository as it was pushed, with the registry, without tag.'),
  pullRepository: z
    .string()
    .min(1)
    .describe('Repository as the nodes pull it; another name of the same one, or the same name.'),
  tag: z.string().min(1).describe('Tag under which the image is deployed; made from its content.'),
  tags: z
    .array(z.string())
    .default([])
    .describe('Further tags that the image got in the registry, for people and retention: `tags.template`.'),
  digest: z
    .string()
    .refine((text) => digestPattern.test(text), 'is not a digest (sha256: and 64 hex digits)')
    .describe(
      'Digest of the manifest, as the registry confirmed it. Empty for an image that was loaded into the nodes of a cluster without registry.',
    ),
  reference: z
    .string()
    .min(1)
    .describe('What pods get: `pullRepository:tag@digest`, without `@digest` where that is empty.'),
  inputHash: z
    .string()
    .describe(
      'Hash over everything that the image was built from. Empty for an image that was built elsewhere.',
    ),
  jar: z
    .looseObject({
      sha256: z
        .string()
        .refine((text) => hex.test(text), 'is not a SHA-256 in hex')
        .describe('SHA-256 of its bytes.'),
    })
    .exactOptional()
    .describe('The executable jar in the image; absent where the image has none of ours.'),
  git: z
    .looseObject({
      commit: z.string().min(1).describe('Full hash of the commit that was checked out.'),
      branch: z.string().exactOptional().describe('The branch; absent on a detached HEAD.'),
      dirty: z.boolean().describe("True when the service's folder held changes that were not committed."),
    })
    .exactOptional()
    .describe('State of the work tree when this was written; absent outside of git.'),
  builder: z
    .looseObject({
      name: z
        .string()
        .min(1)
        .describe('`buildah`, `kaniko`, or the name of the program that `image.command` runs.'),
      version: z
        .string()
        .exactOptional()
        .describe(
          "Version of Buildah, or the image of Kaniko's executor. Absent for a program that `image.command` runs.",
        ),
    })
    .exactOptional()
    .describe('What built the image; absent for an image that was built elsewhere.'),
  stages: z
    .array(
      z.looseObject({
        stage: z.string().describe('`compile`, `package`, `image`, `push`, …'),
        outcome: z.string().describe('`ok`, or `skipped`: its result was there already.'),
        ms: z.number().describe('Milliseconds of wall time.'),
      }),
    )
    .default([])
    .describe('What the run that wrote this did, in order.'),
});

/** The schema of the whole file. It validates, and docs/artifacts.schema.json is generated from it. */
export const artifactsSchema: z.ZodType<ArtifactsDocument> = z.looseObject({
  apiVersion: z.literal(apiVersion).describe(`Version of the format; always \`${apiVersion}\`.`),
  kind: z.literal(artifactsKind).describe(`Always \`${artifactsKind}\`.`),
  project: z.string().min(1).describe('`name` of appdev.yaml.'),
  appdev: z.string().describe('Version of the appdev that wrote it.'),
  artifacts: z.array(entry).describe('One entry a service, by name.'),
});

/**
 * Reads an artifacts.json.
 *
 * @param path absolute
 * @param cwd messages show the path relative to this folder
 * @param project `name` of appdev.yaml; the file must belong to it
 * @returns the entries. Fails with CONFIG_NOT_FOUND if the file does not exist, and with CONFIG_INVALID and every error
 * at its place if it is wrong.
 */
export async function readArtifactsFile(
  path: string,
  cwd: string,
  project: string,
): Promise<Outcome<readonly ArtifactEntry[]>> {
  const shown = shownFile(path, cwd);
  const text = await readText(path, shown);
  if (text.kind !== 'ok') return text;
  if (text.value === undefined) {
    return failed(
      'CONFIG_NOT_FOUND',
      `${shown} does not exist, so appdev does not know which images were built`,
      {
        hint: 'run appdev build to write it, or name another file: --artifacts FILE',
      },
    );
  }
  return parseArtifacts(path, shown, text.value, project);
}

/** Does the same for a text that is already in memory. `shown` is how messages name the file. Pure. */
export function parseArtifacts(
  path: string,
  shown: string,
  text: string,
  project: string,
): Outcome<readonly ArtifactEntry[]> {
  // JSON is YAML, and this parser knows the line and column of every value.
  const { tree, diagnostics } = parseYaml(sourceFile(path, shown, text), text);
  if (diagnostics.length > 0) return invalid(shown, diagnostics);
  if (tree === undefined) {
    return failed('CONFIG_INVALID', `${shown} is empty`, { hint: anew });
  }
  const errors = [
    ...schemaDiagnostics(tree, { schema: artifactsSchema, early: false }),
    ...checkArtifacts(tree, project),
  ];
  if (errors.length > 0) return invalid(shown, errors);
  return ok(artifactsSchema.parse(plainOf(tree)).artifacts);
}

/** Checks rules between several values. Wrong types are skipped, because the schema reports them. */
function checkArtifacts(tree: Tree, project: string): Diagnostic[] {
  const found: Diagnostic[] = [];
  const named = stringAt(tree, ['project']);
  if (named !== undefined && named.value !== project) {
    const message = `this file belongs to project "${named.value}", but appdev.yaml belongs to "${project}"`;
    found.push(diagnosticAt(named.origin, message, 'name the file of this project: --artifacts FILE'));
  }
  const seen = new Map<string, Origin>();
  for (const item of itemsAt(tree, ['artifacts'])) {
    const service = stringAt(item, ['service']);
    if (service === undefined) continue;
    const first = seen.get(service.value);
    if (first !== undefined) {
      const message = `${service.value} has a second artifact; the first is at ${placeText(first)}`;
      found.push(diagnosticAt(service.origin, message, 'keep one of them'));
    }
    seen.set(service.value, service.origin);
    const reference = stringAt(item, ['reference']);
    const parts = ['pullRepository', 'tag', 'digest'].map((key) => stringAt(item, [key])?.value);
    const [repository, tag, digest] = parts;
    if (reference === undefined || repository === undefined || tag === undefined || digest === undefined)
      continue;
    const expected = referenceText({ pullRepository: repository, tag, digest });
    if (reference.value === expected) continue;
    const message = `the reference does not match pullRepository, tag and digest, which give ${expected}`;
    found.push(
      diagnosticAt(reference.origin, message, 'do not edit this file; run appdev build to write it again'),
    );
  }
  return found;
}

/** The reference that pods get: `pullRepository:tag@digest`, without `@digest` if the digest is empty. */
export function referenceText({
  pullRepository,
  tag,
  digest,
}: Pick<ArtifactEntry, 'pullRepository' | 'tag' | 'digest'>): string {
  return `${pullRepository}:${tag}${digest === '' ? '' : `@${digest}`}`;
}

/** `build` never overwrites a file that it does not understand, except the one in `.appdev`; so the user removes it. */
const anew = 'remove the file and run appdev build';

function invalid(shown: string, diagnostics: readonly Diagnostic[]): Outcome<never> {
  const sorted = sortedDiagnostics(diagnostics);
  const message = `${shown} has ${count(sorted.length, 'error')}`;
  return failed('CONFIG_INVALID', message, { hint: anew, diagnostics: sorted });
}
