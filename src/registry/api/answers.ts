/** Reads what registries answer: error texts, manifests, pages of tags. Pure; asks nothing. */
import { listAt, stringAt } from '../../support/fields.ts';

/** The first error's own sentence. */
export function messageIn(body: string): string | undefined {
  try {
    return stringAt(listAt(JSON.parse(body), 'errors')[0], 'message');
  } catch {
    return undefined;
  }
}

/** Hex digest of an image's configuration; undefined for an index and for what is none of both. */
export function configOf(body: string): string | undefined {
  try {
    return stringAt(JSON.parse(body), 'config', 'digest')?.replace(/^sha256:/, '');
  } catch {
    return undefined;
  }
}

/** The tags of a page; undefined for what is no page (a proxy's own, with status 200). */
export function tagsOf(body: string): readonly string[] | undefined {
  try {
    return listAt(JSON.parse(body), 'tags').filter((tag): tag is string => typeof tag === 'string');
  } catch {
    return undefined;
  }
}

/** The next page by RFC 8288, on the same server only: the request for it carries our Authorization. */
export function nextPage(link: string | null, from: string): string | undefined {
  const target = /<([^>]*)>\s*;[^,]*\brel="?next"?/.exec(link ?? '')?.[1];
  if (target === undefined || !URL.canParse(target, from)) return undefined;
  const url = new URL(target, from);
  return url.origin === new URL(from).origin ? url.href : undefined;
}
