/** Waiting in tests: for a condition, never for a time. */
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Resolves with the first value that is neither undefined nor false; fails with the description and what `describe`
 * tells when none comes within `ms`, which is only a bound for a broken test.
 */
export async function until<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  options: { readonly ms?: number; readonly describe?: () => string } = {},
): Promise<T> {
  const end = performance.now() + (options.ms ?? 15_000);
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) {
      const seen = options.describe === undefined ? '' : `; seen: ${options.describe()}`;
      throw new Error(`waited in vain for ${what}${seen}`);
    }
    await delay(10);
  }
}
