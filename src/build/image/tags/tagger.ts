/**
 * Adds the tags of `tags.template` to images in the registry. A tag copies no data and causes no rollout, because the
 * cluster gets the digest and the tag that is made from the content.
 */
import { gitTag } from './git-tag.ts';
import type { Git } from './git-state.ts';
import { diagnosticAt } from '../../../config/text/locate.ts';
import type { LoadedProject } from '../../../config/load.ts';
import type { ServiceConfig, TagsConfig } from '../../../config/model.ts';
import { dateText, partsOf, tagOf, type TagPart } from '../../../config/schema/tags.ts';
import type { Artifact, Emit } from '../../../core/events.ts';
import { cancelled, failed, ok, type NotOk, type Outcome } from '../../../core/outcome.ts';
import type { RegistryClient } from '../../../registry/api/client.ts';

/** Tags images, and remembers which tags it gave. */
export interface Tagger {
  /** Tags an image in the registry. Fails with TAG_IMMUTABLE if the registry does not allow a tag to move. */
  put(artifact: Artifact, signal: AbortSignal): Promise<Outcome<void>>;
  /** The tags that an image got in this session. */
  given(artifact: Artifact): readonly string[];
}

/** What a tagger knows of the command that it tags for. */
export interface TaggedCommand {
  readonly emit: Emit;
  readonly services: readonly ServiceConfig[];
  readonly project: Pick<LoadedProject, 'originOf'>;
  /** Name of the command, because `dev` adds no tags. */
  readonly command: string;
}

/** What the tagger works with. */
export interface TaggerParts {
  readonly git: Git;
  /** Undefined if images are loaded into the nodes. */
  readonly client: Pick<RegistryClient, 'headManifest' | 'putTag'> | undefined;
  /** The moment for `{dateTime}` in milliseconds since 1970. It is the same for all images of a session. */
  readonly startedMs: number;
}

/** Makes the tagger of a command. */
export function createTagger(tagged: TaggedCommand, { git, client, startedMs }: TaggerParts): Tagger {
  const { emit, services, project, command } = tagged;
  const given = new Map<string, string>();
  let warned = false;

  async function textFor(
    service: ServiceConfig,
    tags: TagsConfig,
    artifact: Artifact,
    signal: AbortSignal,
  ): Promise<Outcome<string>> {
    const values: Partial<Record<TagPart, string>> = {
      inputDigest: artifact.inputHash,
      contentTag: artifact.tag,
      dateTime: dateText(startedMs, tags.dateTime.format, tags.dateTime.timezone),
    };
    if (partsOf(tags.template).includes('gitCommit')) {
      const asked = await gitTag(git, service.path, tags.gitCommit, signal);
      if (signal.aborted) return cancelled(signal);
      if ('error' in asked) {
        const { error, hint = 'commit first, or change tags.template' } = asked;
        return wrong(service, `{gitCommit} has no value: ${error}`, hint);
      }
      values.gitCommit = asked.text;
    }
    const tag = tagOf(tags.template, values);
    return tag === undefined
      ? wrong(service, 'the template gives an empty tag', 'change tags.template')
      : ok(tag);
  }

  function wrong({ name }: ServiceConfig, message: string, hint: string): NotOk {
    const at = [
      ['services', name, 'image', 'tags', 'template'],
      ['tags', 'template'],
    ]
      .map((path) => project.originOf(path))
      .find((origin) => origin !== undefined);
    const text = `appdev cannot make the tag of ${name}`;
    return failed('CONFIG_INVALID', at === undefined ? `${text}: ${message}` : text, {
      hint,
      ...(at === undefined ? {} : { diagnostics: [diagnosticAt(at, `tags.template: ${message}`)] }),
    });
  }

  return {
    given: ({ service, digest }) => {
      const tag = given.get(`${service} ${digest}`);
      return tag === undefined ? [] : [tag];
    },
    async put(artifact, signal) {
      const service = services.find(({ name }) => name === artifact.service);
      const tags = service?.image?.tags;
      // dev adds no tags, because every save would leave one behind.
      if (service === undefined || tags === undefined || command === 'dev') return ok(undefined);
      if (client === undefined) {
        const message =
          '`tags.template` has no effect, because images are loaded into the nodes of this cluster';
        if (!warned) emit({ type: 'notice', level: 'warning', message });
        warned = true;
        return ok(undefined);
      }
      const tag = await textFor(service, tags, artifact, signal);
      if (tag.kind !== 'ok') return tag;
      const { repository, digest } = artifact;
      if (tag.value !== artifact.tag) {
        const before = await client.headManifest(repository, tag.value, signal);
        if (before.kind !== 'ok') return before;
        if (before.value?.digest !== digest) {
          const put = await client.putTag(repository, digest, tag.value, signal);
          if (put.kind !== 'ok') return put;
          const moved = before.value === undefined ? '' : `; before, the tag was ${before.value.digest}`;
          const message = `tagged ${digest.slice(0, 19)} as ${tag.value}${moved}`;
          emit({ type: 'notice', level: 'info', service: service.name, message });
        }
        // The tag is not added to the ledger, because images that people have named must not be pruned.
        given.set(`${service.name} ${digest}`, tag.value);
      }
      return ok(undefined);
    },
  };
}
