/**
 * Reads fields of JSON and YAML that others wrote (Kubernetes objects, kubeconfigs, registry answers) as the plain data
 * they are. A field that is absent, or of another type than asked for, reads as `undefined` (or as an empty list or
 * record): optional fields need no ceremony. Writes nothing.
 */

/** A mapping of a manifest or of an object's JSON. */
export type Fields = Readonly<Record<string, unknown>>;

/** True for a mapping: an object that is neither null nor a list. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path of keys, or undefined where any step is missing. */
export function fieldAt(value: unknown, ...path: readonly string[]): unknown {
  let current = value;
  for (const key of path) {
    if (!isFields(current)) return undefined;
    current = current[key];
  }
  return current;
}

/** The string at a path. */
export function stringAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = fieldAt(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

/** The number at a path. */
export function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = fieldAt(value, ...path);
  return typeof found === 'number' ? found : undefined;
}

/** The list at a path; empty when there is none. */
export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = fieldAt(value, ...path);
  return Array.isArray(found) ? (found as readonly unknown[]) : [];
}

/** The mapping at a path; empty when there is none. */
export function fieldsAt(value: unknown, ...path: readonly string[]): Fields {
  const found = fieldAt(value, ...path);
  return isFields(found) ? found : {};
}
