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
  it('count as moved twice if git keeps them; the third build runs to its end and is held', () => {
    const { written, notices } = setup();
    const moved: typeof written.moved = (...all) => written.moved(...all);
    const save = changed(file('A.java'));
    expect(moved('orders', 1, save, true)).toBe('moved');
    expect(moved('orders', 2, save, false)).toBe('moved');
    expect(moved('orders', 2, save, true)).toBe('moved');
    expect(moved('orders', 3, save, false)).toBe('same');
    expect(moved('orders', 3, save, true)).toBe('held');
    expect(moved('orders', 4, none, true)).toBe('same');
    expect(moved('orders', 5, save, true)).toBe('moved');
    expect(notices).toEqual([]);
  });

  it('are not held while something else is saved', () => {
    const { written } = setup();
    for (const run of [1, 2, 3]) written.moved('orders', run, changed(file('A.java')), true);
    expect(written.moved('orders', 4, changed(file('A.java'), file('B.java')), false)).toBe('moved');
  });

  it('count as the build’s own from the third build on if git ignores them', () => {
    const { written, notices } = setup();
    expect(written.moved('orders', 1, changed(stamp), true)).toBe('moved');
    expect(written.moved('orders', 2, changed(stamp), true)).toBe('moved');
    expect(written.moved('orders', 3, changed(stamp), true)).toBe('same');
    expect(written.moved('orders', 4, changed(stamp), false)).toBe('same');
    expect(notices).toEqual([
      `orders: ${stamp.path} changes during each build of orders; appdev assumes that the build writes it`,
    ]);
  });

  it('are counted once a build, however often it is looked at', () => {
    const { written } = setup();
    for (let look = 1; look <= 9; look += 1)
      expect(written.moved('orders', 1, changed(stamp), false)).toBe('moved');
  });

  it('are cleared of suspicion by a build that leaves them alone', () => {
    const { written } = setup();
    written.moved('orders', 1, changed(stamp), true);
    written.moved('orders', 2, changed(stamp), true);
    written.moved('orders', 3, none, true);
    expect(written.moved('orders', 4, changed(stamp), true)).toBe('moved');
  });

  it('do not excuse a save beside them', () => {
    const { written } = setup();
    for (const run of [1, 2, 3]) written.moved('orders', run, changed(stamp), true);
    expect(written.moved('orders', 4, changed(stamp, file('A.java')), true)).toBe('moved');
  });

  it('do not matter if they decide neither jar nor image', () => {
    const { written } = setup();
    const chart = file('chart/values.yaml', { role: 'values', buildInput: false });
    expect(written.moved('orders', 1, changed(chart), true)).toBe('same');
  });

  it('with the same content cost one more build each time, not more', () => {
    const { written } = setup();
    expect(written.moved('orders', 1, rewritten(file('A.java')), false)).toBe('same');
    expect(written.moved('orders', 1, rewritten(file('A.java')), true)).toBe('moved');
    expect(written.moved('orders', 2, rewritten(file('A.java')), true)).toBe('same');
    expect(written.moved('orders', 3, rewritten(stamp), true)).toBe('same');
  });

  it('done once, only what git keeps counts', () => {
    expect(writtenOnce.moved('orders', 1, changed(stamp), true)).toBe('same');
    expect(writtenOnce.moved('orders', 1, changed(file('A.java')), true)).toBe('moved');
  });
});
