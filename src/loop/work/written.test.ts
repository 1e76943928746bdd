import { describe, expect, it } from 'vitest';
import type { ChangedFile, Difference } from '../../watch/types.ts';
import { createWrittenFiles, writtenOnce } from './written.ts';

const file = (path: string, more: Partial<ChangedFile> = {}): ChangedFile => ({
  path,
  role: 'source',
  buildInput: true,
  gitIgnored: false,
  ...more,
});
const changed = (...files: ChangedFile[]): Difference => ({ changed: files, rewritten: [] });
const rewritten = (...files: ChangedFile[]): Difference => ({ changed: [], rewritten: files });
const none: Difference = { changed: [], rewritten: [] };
const stamp = file('src/main/resources/git.properties', { role: 'resource', gitIgnored: true });

function setup() {
  const notices: string[] = [];
  const written = createWrittenFiles((service, message) => notices.push(`${service}: ${message}`));
  return { written, notices };
}

describe('files that change while a build reads them', () => {
  it('count as moved if git keeps them, however often; from the third time on the user is told, once', () => {
    const { written, notices } = setup();
    for (let run = 1; run <= 5; run += 1)
      expect(written.moved('orders', run, changed(file('A.java')), true)).toBe(true);
    expect(notices).toHaveLength(1);
    expect(notices[0]).toContain('A.java changes during each build of orders');
  });

  it('count as the build’s own from the third build on if git ignores them', () => {
    const { written, notices } = setup();
    expect(written.moved('orders', 1, changed(stamp), true)).toBe(true);
    expect(written.moved('orders', 2, changed(stamp), true)).toBe(true);
    expect(written.moved('orders', 3, changed(stamp), true)).toBe(false);
    expect(written.moved('orders', 4, changed(stamp), false)).toBe(false);
    expect(notices).toEqual([
      `orders: ${stamp.path} changes during each build of orders; appdev assumes that the build writes it`,
    ]);
  });

  it('are counted once a build, however often it is looked at', () => {
    const { written } = setup();
    for (let look = 1; look <= 9; look += 1)
      expect(written.moved('orders', 1, changed(stamp), false)).toBe(true);
  });

  it('are cleared of suspicion by a build that leaves them alone', () => {
    const { written } = setup();
    written.moved('orders', 1, changed(stamp), true);
    written.moved('orders', 2, changed(stamp), true);
    written.moved('orders', 3, none, true);
    expect(written.moved('orders', 4, changed(stamp), true)).toBe(true);
  });

  it('do not excuse a save beside them', () => {
    const { written } = setup();
    for (const run of [1, 2, 3]) written.moved('orders', run, changed(stamp), true);
    expect(written.moved('orders', 4, changed(stamp, file('A.java')), true)).toBe(true);
  });

  it('do not matter if they decide neither jar nor image', () => {
    const { written } = setup();
    const chart = file('chart/values.yaml', { role: 'values', buildInput: false });
    expect(written.moved('orders', 1, changed(chart), true)).toBe(false);
  });

  it('with the same content cost one more build each time, not more', () => {
    const { written } = setup();
    expect(written.moved('orders', 1, rewritten(file('A.java')), false)).toBe(false);
    expect(written.moved('orders', 1, rewritten(file('A.java')), true)).toBe(true);
    expect(written.moved('orders', 2, rewritten(file('A.java')), true)).toBe(false);
    expect(written.moved('orders', 3, rewritten(stamp), true)).toBe(false);
  });

  it('done once, only what git keeps counts', () => {
    expect(writtenOnce.moved('orders', 1, changed(stamp), true)).toBe(false);
    expect(writtenOnce.moved('orders', 1, changed(file('A.java')), true)).toBe(true);
  });
});
