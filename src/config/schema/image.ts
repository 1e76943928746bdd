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
      'The program and its arguments, started in `context`. No shell reads them; write `[sh, -c, "…"]` if you want one. No secrets here: other users of the machine could see them.',
    ),
  env: z
    .record(text(grammar.commandVariable), single)
    .default({})
    .describe(
      'More environment variables for the program, by name. A changed value builds a new image. A value that changes with every run and does not affect the image belongs in the environment of appdev instead.',
    ),
  dependencies: z
    .array(text(grammar.path))
    .exactOptional()
    .describe(
      'Files that decide the image, besides the jar. Patterns like `docker/**` work. Default: the files that `containerfile` copies; without a `containerfile`, everything in `context` that neither .dockerignore nor .gitignore excludes.',
    ),
});

/** Tags, of the project or of one image. */
export const tags: z.ZodType<TagsDocument> = z.strictObject({
  template: text(grammar.tagTemplate)
    .exactOptional()
    .describe(
      'How the tag is made, e.g. `{gitCommit}` or `v2-{gitCommit}-${BUILD_NUMBER}`. Parts: `{gitCommit}`, `{dateTime}`, `{inputDigest}`, `{contentTag}`. Without a template, images have only the tag of their content.',
    ),
  gitCommit: z
    .strictObject({
      variant: z
        .enum(['tag', 'commit', 'abbrevCommit', 'tree', 'abbrevTree', 'branch'])
        .exactOptional()
        .describe(
          "`tag` (the default): the output of `git describe --tags --always`. `tree`: the hash of the service's folder. `branch`: the branch, or the commit if no branch is checked out.",
        ),
      prefix: z.string().exactOptional().describe('Text in front of the commit.'),
      ignoreChanges: z
        .boolean()
        .exactOptional()
        .describe(
          "`true`: leave out `-dirty`, even if the service's folder has changes that are not committed.",
        ),
    })
    .exactOptional()
    .describe('What `{gitCommit}` stands for.'),
  dateTime: z
    .strictObject({
      format: text(grammar.dateFormat)
        .exactOptional()
        .describe('Made of `yyyy MM dd HH mm ss SSS`. Default: `yyyy-MM-dd_HH-mm-ss`.'),
      timezone: text(grammar.timeZone)
        .exactOptional()
        .describe('Name of a time zone, e.g. `Europe/Berlin`. Default: `UTC`.'),
    })
    .exactOptional()
    .describe('What `{dateTime}` stands for: the start of the command.'),
});

/** The section. */
export const image: z.ZodType<NonNullable<ServiceDocument['image']>> = z.strictObject({
  repository: text(grammar.repository)
    .exactOptional()
    .describe(
      'Repository below the registry, without a tag. Default: the name of the service. A name with a host, as manifests may have it, is rewritten into `registry`; see "Names of images".',
    ),
  builder: z
    .enum(['buildah', 'kaniko', 'command'])
    .default('buildah')
    .describe(
      'Who builds the image: `buildah` on this machine, `kaniko` in a pod of the cluster, or `command`, the program that the key `command` names.',
    ),
  command: command
    .exactOptional()
    .describe(
      'The program that builds and pushes the image if `builder` is `command`. Environment variables tell it the image, the context, the platform and more; see "Building by a command".',
    ),
  base: text(grammar.imageReference)
    .exactOptional()
    .describe(
      `Base image for the layers of the service's Spring Boot jar. Default: \`${defaultBase}\`. Not together with \`containerfile\`.`,
    ),
  containerfile: text(grammar.path)
    .exactOptional()
    .describe('Containerfile or Dockerfile to build instead of the layered image. Not together with `base`.'),
  context: text(grammar.path)
    .exactOptional()
    .describe("Build context of `containerfile` or `command`. Default: the service's `path`."),
  buildArgs: z
    .record(text(grammar.buildArgName), single)
    .exactOptional()
    .describe(
      'Build arguments of `containerfile`, by name. No secrets here: they stay in the history of the image.',
    ),
  tags: tags
    .exactOptional()
    .describe('Tags of this image. Keys that are missing here come from the `tags` of the project.'),
});
