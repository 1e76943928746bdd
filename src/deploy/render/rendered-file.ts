/**
 * The file between `appdev render` and `appdev deploy --rendered`. It is a YAML stream with a comment before each
 * service's manifests. The comment names the service and the namespace they were rendered for. If images were not built
 * yet, it says that the manifests are for reading only. Pure.
 */
import type { KubeObject } from '../../cluster/types.ts';
import type { Diagnostic } from '../../core/diagnostic.ts';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { count } from '../../core/words.ts';
import { parseDocuments, type Located } from '../objects/documents.ts';
import { isHook, nameOf } from '../objects/kinds.ts';
import { serviceLabel } from '../../core/labels.ts';

/** One service's part of the file. */
export interface RenderedPart {
  readonly service: string;
  /** The namespace it was rendered for; absent if the file does not say. */
  readonly namespace?: string;
  /**
   * Services whose images were not built when it was rendered, so the manifests name other images. Absent if there were
   * none.
   */
  readonly lacks?: readonly string[];
  readonly objects: readonly KubeObject[];
}

/** The last line. A file with marks but without this line was cut off, and a deploy would prune the objects it lost. */
export const renderedEnd = '# appdev: end\n';

const marker = /^# appdev: service (\S+), namespace (\S+)\s*$/;
const lacksMarker = /^# appdev: without the image of (.+), for reading only\s*$/;

/**
 * A service's manifests as `render` prints them.
 *
 * @param lacks services whose images the manifests should name but do not, because they are not built yet.
 */
export function renderedText(
  service: string,
  namespace: string,
  yaml: string,
  lacks: readonly string[] = [],
): string {
  const end = yaml === '' || yaml.endsWith('\n') ? '' : '\n';
  const mark =
    lacks.length === 0 ? '' : `# appdev: without the image of ${lacks.join(', ')}, for reading only\n`;
  return `---\n# appdev: service ${service}, namespace ${namespace}\n${mark}${yaml}${end}`;
}

/**
 * Reads such a file. If a comment was lost, the manifests belong to the service that their label names, or else to
 * `only`.
 *
 * @param only the service that was asked for, if it was a single one.
 * @param isChart whether a service is deployed by Helm. Only then an object may be a hook.
 * @returns RENDER_FAILED with the place of everything that is wrong.
 */
export function readRendered(
  text: string,
  file: string,
  only: string | undefined,
  isChart: (service: string) => boolean = () => true,
): Outcome<readonly RenderedPart[]> {
  const diagnostics: Diagnostic[] = [];
  const parts = new Map<string, { namespace?: string; lacks?: readonly string[]; objects: KubeObject[] }>();
  for (const section of sectionsOf(text)) {
    const parsed = parseDocuments(section.text, { file, origin: 'generated' });
    diagnostics.push(...parsed.diagnostics);
    for (const located of parsed.objects) {
      const service = section.service ?? located.object.metadata.labels?.[serviceLabel] ?? only;
      const fault = service === undefined ? ownerless(located) : unfit(located, isChart(service));
      if (fault !== undefined) {
        diagnostics.push({ severity: 'error', file, line: located.line, ...fault });
        continue;
      }
      if (service === undefined) continue;
      const part = parts.get(service) ?? { objects: [] };
      if (section.namespace !== undefined) part.namespace = section.namespace;
      if (section.lacks !== undefined) part.lacks = section.lacks;
      part.objects.push(located.object);
      parts.set(service, part);
    }
  }
  const isMarked = text.split('\n').some((line) => marker.test(line));
  if (isMarked && !text.split('\n').some((line) => `${line.trimEnd()}\n` === renderedEnd)) {
    return failed('RENDER_FAILED', `${file} is cut off: its last line is not "${renderedEnd.trim()}"`, {
      hint: `render it again: appdev render > ${file}`,
    });
  }
  if (diagnostics.length > 0) {
    return failed('RENDER_FAILED', `${file} cannot be applied: ${count(diagnostics.length, 'error')}`, {
      diagnostics,
    });
  }
  if (parts.size === 0) {
    return failed('RENDER_FAILED', `${file} contains no manifests`, { hint: `appdev render > ${file}` });
  }
  return ok([...parts].map(([service, part]) => ({ service, ...part })));
}

interface Section {
  readonly service?: string;
  readonly namespace?: string;
  readonly lacks?: readonly string[];
  /** The text, after an empty line for each line before it, so that places are those of the file. */
  readonly text: string;
}

function sectionsOf(text: string): Section[] {
  const sections: {
    service?: string;
    namespace?: string;
    lacks?: string[];
    from: number;
    lines: string[];
  }[] = [{ from: 0, lines: [] }];
  for (const [index, line] of text.split('\n').entries()) {
    const [, service, namespace] = marker.exec(line) ?? [];
    if (service !== undefined && namespace !== undefined) {
      sections.push({ service, namespace, from: index, lines: [] });
    }
    const section = sections.at(-1);
    const [, lacks] = lacksMarker.exec(line) ?? [];
    if (section !== undefined && lacks !== undefined) section.lacks = lacks.split(', ');
    section?.lines.push(line);
  }
  return sections.map(({ from, lines, ...name }) => ({
    ...name,
    text: '\n'.repeat(from) + lines.join('\n'),
  }));
}

type Fault = Pick<Diagnostic, 'message' | 'hint'>;

function ownerless({ object }: Located): Fault {
  return {
    message: `it is not known which service ${nameOf(object)} belongs to`,
    hint: 'keep the comments of `appdev render`, or name the service: appdev deploy SERVICE --rendered FILE',
  };
}

function unfit({ object }: Located, ofChart: boolean): Fault | undefined {
  if (object.metadata.name === '') return { message: `${object.kind} without \`metadata.name\`` };
  if (!ofChart || !isHook(object)) return undefined;
  return {
    message: `${nameOf(object)} is a Helm hook; nothing would run it at the right time, because manifests are only applied`,
    hint: 'deploy the chart without --rendered, or remove the hook from the file if it is not needed',
  };
}
