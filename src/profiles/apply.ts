/**
 * Applies the active profiles to a project in the order of activation: of each profile first the overlay, then the
 * patches.
 */
import type { Diagnostic } from '../core/diagnostic.ts';
import type { ProfileDocument } from '../config/schema/document.ts';
import { profileSchema } from '../config/schema/schema.ts';
import {
  itemsAt,
  plainOf,
  stringAt,
  treeAt,
  withoutKeys,
  withProfile,
  type Tree,
} from '../config/text/tree.ts';
import { mergeOverlay } from './merge.ts';
import { applyPatches, type LocatedPatch } from './patches.ts';

/** A profile as data, together with the tree that it was read from. */
export interface LocatedProfile extends ProfileDocument {
  readonly tree: Tree;
}

/**
 * The valid profiles of a file. The schema reports the others, and they are left out here. Overlays are not checked yet:
 * before their variables are filled in, they match no schema. They are checked after they have been merged.
 */
export function profilesOf(file: Tree): LocatedProfile[] {
  return itemsAt(file, ['profiles']).flatMap((tree) => {
    if (tree.kind !== 'map') return [];
    const parsed = profileSchema.safeParse(plainOf(withoutKeys(tree, ['overlay'])));
    return parsed.success ? [{ ...parsed.data, tree }] : [];
  });
}

/** The tree after the profiles, and an error for each profile with a patch that failed. Its later patches are skipped. */
export function applyProfiles(
  base: Tree,
  profiles: readonly LocatedProfile[],
): { readonly tree: Tree; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  let current = base;
  for (const profile of profiles) {
    const overlay = treeAt(profile.tree, ['overlay']);
    if (overlay?.kind === 'map') current = mergeOverlay(current, withProfile(overlay, profile.name));
    const patched = applyPatches(current, patchesOf(profile));
    if ('tree' in patched) current = patched.tree;
    else diagnostics.push(patched.diagnostic);
  }
  return { tree: current, diagnostics };
}

function patchesOf(profile: LocatedProfile): LocatedPatch[] {
  return profile.patches.map(({ op }, index) => {
    const at = ['patches', index];
    const path = stringAt(profile.tree, [...at, 'path']) ?? { value: '', origin: profile.tree.origin };
    const from = stringAt(profile.tree, [...at, 'from']);
    const value = treeAt(profile.tree, [...at, 'value']);
    return {
      profile: profile.name,
      op,
      path: { ...path, origin: { ...path.origin, profile: profile.name } },
      ...(from === undefined ? {} : { from }),
      ...(value === undefined ? {} : { value: withProfile(value, profile.name) }),
    };
  });
}
