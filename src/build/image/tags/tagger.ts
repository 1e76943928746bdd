/**
 * Puts the tags that `tags.template` asks for on images in the registry. A tag moves no bytes and rolls nothing out: the
 * cluster gets the digest, under the tag that is made from the content.
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

/** Tags images. */
export interface Tagger {
  /** Tags one that is in the registry. TAG_IMMUTABLE where the registry does not let a tag move. */
  put(artifact: Artifact, signal: AbortSignal): Promise<Outcome<void>>;
  /** The tags that it got in this session. */
  given(artifact: Artifact): readonly string[];
}

/** What a tagger knows of the session that it tags for. */
export interface TaggedSession {
  readonly emit: Emit;
  readonly services: readonly ServiceConfig[];
  readonly project: Pick<LoadedProject, 'originOf'>;
  /** Name of the command: `dev` puts no tags. */
  readonly command: string;
}

/** What tagging needs. */
export interface TaggerParts {
  readonly git: Git;
  /** Absent where images are loaded into the nodes. */
  readonly client: Pick<RegistryClient, 'headManifest' | 'putTag'> | undefined;
  /** Milliseconds since the epoch; one moment for all images of a session. */
  readonly startedMs: number;
}

/** Makes the tagger of a session. */
export function createTagger(session: TaggedSession, { git, client, startedMs }: TaggerParts): Tagger {
  const { emit, services, project, command } = session;
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
        const { error, hint = 'commit first, or write another template' } = asked;
        return wrong(service, `{gitCommit} has no value: ${error}`, hint);
      }
      values.gitCommit = asked.text;
    }
    const tag = tagOf(tags.template, values);
    return tag === undefined
      ? wrong(service, 'the template makes an empty tag', 'write another one')
      : ok(tag);
  }

  function wrong({ name }: ServiceConfig, message: string, hint: string): NotOk {
    const at = [
      ['services', name, 'image', 'tags', 'template'],
      ['tags', 'template'],
    ]
      .map((path) => project.originOf(path))
      .find((origin) => origin !== undefined);
    const text = `the tag of ${name} cannot be made`;
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
      // Every save would leave a tag behind.
      if (service === undefined || tags === undefined || command === 'dev') return ok(undefined);
      if (client === undefined) {
        const message =
          'images are loaded into the nodes of this cluster, so that `tags.template` has no effect';
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
          const moved = before.value === undefined ? '' : `, which was ${before.value.digest}`;
          const message = `${digest.slice(0, 19)} is tagged ${tag.value}${moved}`;
          emit({ type: 'notice', level: 'info', service: service.name, message });
        }
        // Not in the ledger: what people have named is theirs to remove, and prune leaves it.
        given.set(`${service.name} ${digest}`, tag.value);
      }
      return ok(undefined);
    },
  };
}
