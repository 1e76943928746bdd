import { describe, expect, it } from 'vitest';
import type { ScanConfig } from '../../config/model.ts';
import type { Artifact } from '../../core/events.ts';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { createDeployGate } from './deploy-gate.ts';

const scan: ScanConfig = { severity: 'high', fixableOnly: false, deadlineMs: 1000 };
const ours: Artifact = {
  service: 'orders',
  repository: 'harbor.example.com/shop/orders',
  pullRepository: 'mirror.example.com/shop/orders',
  tag: 't',
  digest: `sha256:${'a'.repeat(64)}`,
  inputHash: '',
};
const elsewhere = { ...ours, repository: 'registry.example.com/orders' };
const loaded = { ...ours, digest: '' };
const passed = ok(undefined);
const bad = failed('SCAN_GATE', 'too many');
const denied = failed('REGISTRY_DENIED', 'who are you?');
const away = failed('REGISTRY_UNREACHABLE', 'no route');

async function judge(
  artifact: Artifact,
  by: { scan?: ScanConfig; isHarbor?: Outcome<boolean>; says?: Outcome<void> },
): Promise<{ code: string; asked: number; reported: string[] }> {
  const { isHarbor = ok(true), says = passed, ...config } = by;
  let asked = 0;
  const reported: string[] = [];
  const gate = createDeployGate({
    registry: { push: 'harbor.example.com/shop' },
    harbor: { isHarbor: () => Promise.resolve(isHarbor) },
    gate: () => {
      asked += 1;
      return Promise.resolve(says);
    },
    ...config,
  });
  const report = {
    started: () => undefined,
    output: () => undefined,
    finished: (stage: string, outcome: string, detail?: string) => {
      reported.push(`${stage} ${outcome} ${detail ?? ''}`);
    },
  };
  const outcome = await gate(artifact, { signal: new AbortController().signal, report });
  return { code: outcome.kind === 'failed' ? outcome.error.code : outcome.kind, asked, reported };
}

describe('an image that was built before', () => {
  it.each([
    ['is let through by its scan', ours, { scan }, 'ok', 1],
    ['is stopped by its scan', ours, { scan, says: bad }, 'SCAN_GATE', 1],
    ['is stopped if its scan cannot be asked for', ours, { scan, says: denied }, 'REGISTRY_DENIED', 1],
    ['is stopped if it is in another registry', elsewhere, { scan }, 'SCAN_INCOMPLETE', 0],
    ['is stopped if it is in none', loaded, { scan }, 'SCAN_INCOMPLETE', 0],
    ['is stopped by its project alone', ours, { says: bad }, 'SCAN_GATE', 1],
    ['is not asked about if the registry is not a Harbor', ours, { isHarbor: ok(false), says: bad }, 'ok', 0],
    ['is not held by a registry that is away', ours, { isHarbor: away, says: bad }, 'ok', 0],
    ['does not matter in another registry', elsewhere, { says: bad }, 'ok', 0],
  ])('%s', async (_, artifact, by, code, asked) => {
    expect(await judge(artifact, by)).toMatchObject({ code, asked });
  });

  it('passes with a notice if only the project could prevent it and Harbor does not tell us', async () => {
    for (const says of [denied, away]) {
      expect(await judge(ours, { says })).toEqual({
        code: 'ok',
        asked: 1,
        reported: [`scan skipped ${says.kind === 'failed' ? says.error.message : ''}`],
      });
    }
  });
});
