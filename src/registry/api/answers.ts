/** Reads what registries answer: error texts, manifests, pages of tags. Pure. */
import { listAt, stringAt } from '../../support/fields.ts';

/** The message of the first error. */
export function messageIn(body: string): string | undefined {
  try {
    return stringAt(listAt(JSON.parse(body), 'errors')[0], 'message');
  } catch {
    return undefined;
  }
}

/** Hex digest of an image's configuration; undefined for an index, and for a text that is neither. */
export function configOf(body: string): string | undefined {
  try {
    return stringAt(JSON.parse(body), 'config', 'digest')?.replace(/^sha256:/, '');
  } catch {
    return undefined;
  }
}

/** The tags of a page; undefined if it is not such a page (a proxy's own page with status 200). */
export function tagsOf(body: string): readonly string[] | undefined {
  try {
    return listAt(JSON.parse(body), 'tags').filter((tag): tag is string => typeof tag === 'string');
  } catch {
    return undefined;
  }
}

/** The next page by RFC 8288. Only on the same server, because the request for it carries our Authorization. */
export function nextPage(link: string | null, from: string): string | undefined {
  const target = /<([^<>]*)>\s*;[^,<]*\brel="?next"?/.exec(link ?? '')?.[1];
  if (target === undefined || !URL.canParse(target, from)) return undefined;
  const url = new URL(target, from);
  return url.origin === new URL(from).origin ? url.href : undefined;
}
