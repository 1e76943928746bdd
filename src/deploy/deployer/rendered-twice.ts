/**
 * Objects that two services of a session render. An object belongs to one service: if two had it, each would change it
 * back, or delete it under the other. So neither is applied, before anything is written.
 */
import { refOf } from '../../cluster/types.ts';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { homed, identityOf, isHook, isSharedKind, nameOf } from '../objects/kinds.ts';
import { sharedHint } from '../objects/ownership.ts';
import { inStage } from './stage.ts';
import type { Rendered, Renderer, Way } from '../types.ts';

/** What each service of a session rendered last. */
export interface RenderedObjects {
  /** Notes what a service renders. */
  note(rendered: Rendered): void;
  /** OBJECT_FOREIGN if another service renders one of these objects, too. */
  check(rendered: Rendered): Outcome<void>;
}

/** Begins with nothing rendered. */
export function createRenderedObjects(): RenderedObjects {
  const byService = new Map<string, ReadonlyMap<string, string>>();
  return {
    note(rendered) {
      byService.set(rendered.service, namesOf(rendered));
    },
    check(rendered) {
      const own = namesOf(rendered);
      for (const [service, objects] of byService) {
        if (service === rendered.service) continue;
        const both = [...own].filter(([identity]) => objects.has(identity)).map(([, name]) => name);
        if (both.length === 0) continue;
        const [first, second] = [service, rendered.service].sort();
        const what = both.length === 1 ? 'is' : 'are';
        const message = `${both.join(', ')} ${what} rendered by ${first ?? ''} and by ${second ?? ''}, but an object can belong to one service only`;
        return failed('OBJECT_FOREIGN', message, {
          hint: sharedHint(first ?? '', second ?? ''),
          // What the build printed has nothing to do with it.
          evidence: [],
        });
      }
      return ok(undefined);
    },
  };
}

/** The objects that belong to the service alone, by identity. Helm makes hooks anew each time. */
function namesOf({ objects, namespace }: Rendered): ReadonlyMap<string, string> {
  const owned = homed(objects, namespace).filter((object) => !isHook(object) && !isSharedKind(object));
  return new Map(owned.map((object) => [identityOf(refOf(object)), nameOf(object)]));
}

/** The renderer, noting what each service renders. */
export function notingRendered(renderer: Renderer, seen: RenderedObjects): Renderer {
  return {
    async render(...given) {
      const rendered = await renderer.render(...given);
      if (rendered.kind === 'ok') seen.note(rendered.value);
      return rendered;
    },
  };
}

/** The way, refusing what two services render. */
export function refusingTwice(way: Way, seen: RenderedObjects): Way {
  const free = (rendered: Rendered): Outcome<void> => {
    seen.note(rendered);
    return seen.check(rendered);
  };
  return {
    ...way,
    async apply(service, rendered, context) {
      const checked = free(rendered);
      if (checked.kind === 'ok') return await way.apply(service, rendered, context);
      return await inStage('apply', context, async () => await Promise.resolve(checked));
    },
    async preview(service, rendered, signal) {
      const checked = free(rendered);
      return checked.kind === 'ok' ? await way.preview(service, rendered, signal) : checked;
    },
  };
}
