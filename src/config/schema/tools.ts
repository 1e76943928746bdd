/** Works on schemas as data: the all-optional form for overlays, and what a schema knows about a path. */
import { z } from 'zod';

/**
 * The same schema with every key optional: what an overlay may hold. `null` removes a key. Its output is not used,
 * only its complaints: overlays are merged as they were written, so that no default overrides anything.
 */
export function overlayOf(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodObject) {
    const keys = Object.entries<z.ZodType>(schema.shape);
    return z.strictObject(
      Object.fromEntries(
        keys.map(([key, value]) => [key, described(overlayOf(value).nullable().exactOptional(), value)]),
      ),
    );
  }
  if (schema instanceof z.ZodRecord) {
    return z.record(schema.keyType as z.ZodString, overlayOf(schema.valueType as z.ZodType).nullable());
  }
  if (
    schema instanceof z.ZodExactOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault
  ) {
    return overlayOf(schema.unwrap() as z.ZodType);
  }
  return schema;
}

function described<T extends z.ZodType>(schema: T, from: z.ZodType): T {
  return from.description === undefined ? schema : schema.describe(from.description);
}

/** The schema of the value at a path, without what makes it optional; undefined where the schema knows none. */
export function schemaAt(schema: z.ZodType, path: readonly PropertyKey[]): z.ZodType | undefined {
  let current: z.ZodType | undefined = schema;
  for (const part of path) {
    const bare: z.ZodType | undefined = current === undefined ? undefined : unwrapped(current);
    if (bare instanceof z.ZodObject) current = (bare.shape as Record<string, z.ZodType>)[String(part)];
    else if (bare instanceof z.ZodRecord) current = bare.valueType as z.ZodType;
    else if (bare instanceof z.ZodArray) current = bare.element as z.ZodType;
    else return undefined;
  }
  return current;
}

/** The keys that a map at a path may have; none where any key is allowed. */
export function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const found = schemaAt(schema, path);
  const bare = found === undefined ? undefined : unwrapped(found);
  return bare instanceof z.ZodObject ? Object.keys(bare.shape) : [];
}

function unwrapped(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodExactOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault
    ? unwrapped(schema.unwrap() as z.ZodType)
    : schema;
}
