/**
 * Reads fields of foreign data: Kubernetes objects, kubeconfigs, answers of registries, errors of Node. A field that is
 * missing or has another type than expected is read as `undefined`, or as an empty list or mapping.
 */

/** A mapping in a manifest or in JSON. */
export type Fields = Readonly<Record<string, unknown>>;

/** True for a mapping: an object that is neither null nor a list. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path of keys, or undefined if a key on the way is missing. */
export function fieldAt(value: unknown, ...path: readonly string[]): unknown {
  let current = value;
  for (const key of path) {
    if (!isFields(current)) return undefined;
    current = current[key];
  }
  return current;
}

/** The string at a path of keys, or undefined if it is not a string. */
export function stringAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = fieldAt(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

/** The strings at these keys of a mapping. Undefined if one of them is missing or is not a string. */
export function stringsAt<Key extends string>(
  value: unknown,
  keys: readonly Key[],
): Readonly<Record<Key, string>> | undefined {
  const found = keys.flatMap((key) => {
    const text = stringAt(value, key);
    return text === undefined ? [] : [[key, text] as const];
  });
  return found.length < keys.length ? undefined : (Object.fromEntries(found) as Record<Key, string>);
}

/** The number at a path of keys, or undefined if it is not a number. */
export function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = fieldAt(value, ...path);
  return typeof found === 'number' ? found : undefined;
}

/** The list at a path of keys; empty if it is not a list. */
export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = fieldAt(value, ...path);
  return Array.isArray(found) ? (found as readonly unknown[]) : [];
}

/** The mapping at a path of keys; empty if it is not a mapping. */
export function fieldsAt(value: unknown, ...path: readonly string[]): Fields {
  const found = fieldAt(value, ...path);
  return isFields(found) ? found : {};
}

/**
 * Node's code of an error (`ECONNREFUSED`, `ENOENT`), or an empty text if it has none. Its causes are searched too, because `fetch` and connection
 * attempts to several addresses wrap the real error.
 */
export function codeOf(error: unknown): string {
  const code = fieldAt(error, 'code');
  if (typeof code === 'string') return code;
  const inner = listAt(error, 'errors')[0] ?? fieldAt(error, 'cause');
  return inner === undefined ? '' : codeOf(inner);
}
