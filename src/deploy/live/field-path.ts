/**
 * Reads the value at a field path, in the form that the API server uses in a conflict:
 * `.spec.template.spec.containers[name="app"].image`. Pure.
 */
import { isFields } from '../../support/fields.ts';

/** The value at a path; undefined if the object has none there. */
export function valueAt(value: unknown, path: string): unknown {
  if (path === '') return value;
  if (isFields(value)) {
    // Annotation keys contain dots, which the path does not tell from its own. So the longest key that fits is taken.
    const keys = Object.keys(value).sort((a, b) => b.length - a.length);
    const key = keys.find(
      (one) => path.startsWith(`.${one}`) && /^($|[.[])/.test(path.slice(1 + one.length)),
    );
    return key === undefined ? undefined : valueAt(value[key], path.slice(1 + key.length));
  }
  const selector = /^\[((?:"[^"]*"|[^\]"])*)\]/.exec(path);
  if (selector === null || !Array.isArray(value)) return undefined;
  const keys = [...(selector[1] ?? '').matchAll(/(?<![^=,])([^=,]+)=("[^"]*"|[^,]+)/g)];
  const found = (value as readonly unknown[]).find(
    (item) => isFields(item) && keys.every(([, key = '', text]) => JSON.stringify(item[key]) === text),
  );
  return valueAt(found, path.slice(selector[0].length));
}
