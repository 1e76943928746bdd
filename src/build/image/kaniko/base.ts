/**
 * The base of layered images for a builder without a storage: its digest and its user. Asks the base's registry once a
 * session, and remembers the answer for days on which that registry cannot be reached.
 */
import { join } from 'node:path';
import { failed, ok, type Outcome } from '../../../core/outcome.ts';
import type { ImageFacts } from '../../../registry/api/image-config.ts';
import { stringsAt } from '../../../support/fields.ts';
import { readState, writeState } from '../../../support/files/state-file.ts';

/** Looks at an image by its name; undefined if there is none. */
export type LookAtImage = (name: string, signal: AbortSignal) => Promise<Outcome<ImageFacts | undefined>>;

/** Bases, by the name that the user writes. */
export interface BaseImages {
  /**
   * What a name means in this session. Fails with BASE_IMAGE_MISSING. `onNote` is called with the reason if an older
   * answer is used.
   */
  find(name: string, signal: AbortSignal, onNote: (note: string) => void): Promise<Outcome<ImageFacts>>;
}

/** The bases of a session. `folder` is for what is kept between sessions. */
export function createBaseImages(folder: string, look: LookAtImage): BaseImages {
  const inSession = new Map<string, ImageFacts>();
  return {
    async find(name, signal, onNote) {
      const known = inSession.get(name);
      if (known !== undefined) return ok(known);
      const found = await look(name, signal);
      if (found.kind === 'cancelled') return found;
      const path = join(folder, `base-${Buffer.from(name).toString('base64url').slice(0, 200)}.json`);
      if (found.kind === 'ok' && found.value !== undefined) {
        inSession.set(name, found.value);
        await writeState(path, found.value);
        return ok(found.value);
      }
      if (found.kind === 'failed') {
        const before = await readState(path, (value) => stringsAt(value, ['repository', 'digest', 'user']));
        if (before !== undefined) {
          onNote(`${found.error.message}; building on ${name} as it was when it was last looked at`);
          inSession.set(name, before);
          return ok(before);
        }
      }
      const why = found.kind === 'failed' ? found.error.message : 'its registry has no such image';
      return failed('BASE_IMAGE_MISSING', `cannot look at the base image ${name}: ${why}`, {
        hint: 'check image.base in appdev.yaml; this machine must be able to read its digest and its user, the build pod must be able to pull it',
      });
    },
  };
}
