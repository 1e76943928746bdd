import { describe, expect, it } from 'vitest';
import { ok } from '../../core/outcome.ts';
import { createHarbor, type Harbor } from './harbor.ts';

const { signal } = new AbortController();

/** One whose API answers with these statuses, one after the other; a 200 is Harbor's own. */
function harborThat(...statuses: readonly number[]): Harbor {
  const left = [...statuses];
  return createHarbor({
    registry: { push: 'r.example.com/shop', insecure: false },
    credentials: async () => await Promise.resolve(ok(undefined)),
    fetch: async () => {
      const status = left.shift() ?? 0;
      return await Promise.resolve(new Response(status === 200 ? '"Pong"' : '', { status }));
    },
  });
}

describe('whether a registry is a Harbor', () => {
  it.each([401, 403])('is not known if a proxy in front says %i', async (status) => {
    const harbor = harborThat(status, 200);
    expect(await harbor.isHarbor(signal)).toMatchObject({
      kind: 'failed',
      error: {
        code: 'REGISTRY_DENIED',
        message: expect.stringContaining(
          `r.example.com does not say whether it is a Harbor: it answered HTTP ${status}`,
        ),
        hint: expect.stringContaining('curl https://r.example.com/api/v2.0/ping'),
      },
    });
    expect(await harbor.isHarbor(signal)).toEqual(ok(true));
  });

  it('is known once, either way', async () => {
    for (const [status, answer] of [
      [200, true],
      [404, false],
    ] as const) {
      const harbor = harborThat(status);
      expect(await harbor.isHarbor(signal)).toEqual(ok(answer));
      expect(await harbor.isHarbor(signal)).toEqual(ok(answer));
    }
  });
});
