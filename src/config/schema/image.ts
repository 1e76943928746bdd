/** The section `image` of a service, with its command and its tags. */
import { z } from 'zod';
import type { ServiceDocument, TagsDocument } from './document.ts';
import * as grammar from './grammar.ts';
import { single, text } from './values.ts';

/** The base of layered images where `image.base` names none. */
export const defaultBase = 'eclipse-temurin:17-jre';

const command = z.strictObject({
  run: z
    .array(text(grammar.commandWord))
    .describe(
      'The program and its arguments, started in `context`. No shell reads them; `[sh, -c, "…"]` is one. No secrets here: other users of the machine see them.',
    ),
  env: z
    .record(text(grammar.commandVariable), single)
    .default({})
    .describe(
      'Further environment variables of the program, by name. A value that changes makes another image; what changes from run to run and does not decide the image belongs in the environment of appdev.',
    ),
  dependencies: z
    .array(text(grammar.path))
    .exactOptional()
    .describe(
      'Files that decide the image beside the jar; patterns like `docker/**` are understood. Without it: what `containerfile` copies, or else everything in `context` that neither .dockerignore nor .gitignore leaves out.',
    ),
});

/** Tags, of the project or of one image. */
export const tags: z.ZodType<TagsDocument> = z.strictObject({
  template: text(grammar.tagTemplate)
    .exactOptional()
    .describe(
      'What the tag is made of, e.g. `{gitCommit}` or `v2-{gitCommit}-${BUILD_NUMBER}`. Parts: `{gitCommit}`, `{dateTime}`, `{inputDigest}`, `{contentTag}`. Without it, images have the tag of their content only.',
    ),
  gitCommit: z
    .strictObject({
      variant: z
        .enum(['tag', 'commit', 'abbrevCommit', 'tree', 'abbrevTree', 'branch'])
        .exactOptional()
        .describe(
          "`tag` (the default): as `git describe --tags --always` says. `tree`: the hash of the service's folder. `branch`: the commit where none is checked out.",
        ),
      prefix: z.string().exactOptional().describe('Text in front of it.'),
      ignoreChanges: z
        .boolean()
        .exactOptional()
        .describe("`true`: no `-dirty` where the service's folder has changes that are not committed."),
    })
    .exactOptional()
    .describe('What `{gitCommit}` stands for.'),
  dateTime: z
    .strictObject({
      format: text(grammar.dateFormat)
        .exactOptional()
        .describe('Of `yyyy MM dd HH mm ss SSS`. Without it, `yyyy-MM-dd_HH-mm-ss`.'),
      timezone: text(grammar.timeZone)
        .exactOptional()
        .describe('Name of a time zone, e.g. `Europe/Berlin`. Without it, `UTC`.'),
    })
    .exactOptional()
    .describe('What `{dateTime}` stands for: when the command was started.'),
});

/** The section. */
export const image: z.ZodType<NonNullable<ServiceDocument['image']>> = z.strictObject({
  repository: text(grammar.repository)
    .exactOptional()
    .describe(
      "Repository below the registry, without tag. Without it, the service's name. With a host, as manifests may name it, it is rewritten into `registry`.",
    ),
  builder: z
    .enum(['buildah', 'kaniko', 'command'])
    .default('buildah')
    .describe(
      'What builds the image: `buildah` on this machine, `kaniko` in a pod of the cluster, or the program that `command` names.',
    ),
  command: command
    .exactOptional()
    .describe(
      'The program that builds and pushes the image where `builder` is `command`. It gets image, context, platform and more by environment variables; see "Building by a command".',
    ),
  base: text(grammar.imageReference)
    .exactOptional()
    .describe(
      `Base image for the layers of the service's Spring Boot jar. Without it, \`${defaultBase}\`. Excludes \`containerfile\`.`,
    ),
  containerfile: text(grammar.path)
    .exactOptional()
    .describe('Containerfile or Dockerfile to build instead of the layered image. Excludes `base`.'),
  context: text(grammar.path)
    .exactOptional()
    .describe("Build context of `containerfile` or `command`. Without it, the service's `path`."),
  buildArgs: z
    .record(text(grammar.buildArgName), single)
    .exactOptional()
    .describe(
      'Build arguments of `containerfile`, by name. They stay in the image history: no secrets here.',
    ),
  tags: tags
    .exactOptional()
    .describe('Tags of this image; what is left out here, the `tags` of the project say.'),
});
