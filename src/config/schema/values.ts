/** The values that sections of the schema are made of: strings judged by a grammar, and single values. */
import { z } from 'zod';
import type * as grammar from './grammar.ts';

/** A string that a grammar judges. The complaint becomes a zod issue with the hint in `params`. */
export function text(judge: grammar.Grammar): z.ZodString {
  return z.string().check((context) => {
    const complaint = judge(context.value);
    if (complaint === undefined) return;
    context.issues.push({
      code: 'custom',
      input: context.value,
      message: complaint.message,
      params: { hint: complaint.hint },
    });
  });
}

/** A value that is neither a list nor a map. */
export const single: z.ZodUnion<[z.ZodString, z.ZodNumber, z.ZodBoolean]> = z.union([
  z.string(),
  z.number(),
  z.boolean(),
]);
