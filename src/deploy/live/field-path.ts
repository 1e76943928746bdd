/**
 * Reads the value at a field path as the API server writes one in a conflict:
 * `.spec.template.spec.containers[name="app"].image`. Pure.
 */
import { isFields } from '../../support/fields.ts';

/** The value at a path, or undefined where the object has none there. */
export function valueAt(value: unknown, path: string): unknown {
  if (path === '') return value;
  if (isFields(value)) {
    // Keys of annotations have dots in them, which the path does not tell from its own: the longest key that fits.
    const keys = Object.keys(value).sort((a, b) => b.length - a.length);
    const key = keys.find(
      (one) => path.startsWith(`.${one}`) && /^($|[.[])/.test(path.slice(1 + one.length)),
    );
    return key === undefined ? undefined : valueAt(value[key], path.slice(1 + key.length));
  }
  const selector = /^\[((?:"[^"]*"|[^\]"])*)\]/.exec(path);
  if (selector === null || !Array.isArray(value)) return undefined;
  const keys = [...(selector[1] ?? '').matchAll(/([^=,]+)=("[^"]*"|[^,]+)/g)];
  const found = (value as readonly unknown[]).find(
    (item) => isFields(item) && keys.every(([, key = '', text]) => JSON.stringify(item[key]) === text),
  );
  return valueAt(found, path.slice(selector[0].length));
}
