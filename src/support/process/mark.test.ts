import { describe, expect, it } from 'vitest';
import { holderText, isSessionAlive, markOf, mayRun, parseHolderText, sessionId } from './mark.ts';

/** No process can have this pid: it is above the kernel's limit. */
const gone = { pid: 4_999_999, startTime: '1' };

describe('a process that may still run', () => {
  it.each([
    { what: 'this one', mark: markOf('here'), may: true },
    { what: 'a pid that nobody has', mark: { ...gone, place: 'here' }, may: false },
    { what: 'a pid that nobody has here, of another place', mark: { ...gone, place: 'there' }, may: true },
    { what: 'a pid that nobody has here, of an unknown place', mark: { ...gone, place: '' }, may: true },
  ])('is $what: $may', ({ mark, may }) => {
    expect(mayRun(mark, 'here')).toBe(may);
  });

  it.runIf(process.platform === 'linux')('is not an earlier one that had the pid of a living one', () => {
    expect(mayRun({ ...markOf('here'), startTime: '1' }, 'here')).toBe(false);
  });
});

describe("a mark's text", () => {
  it('of a session is its pid and start; a text of another form counts as a living one', () => {
    const { pid, startTime } = markOf('here');
    expect(sessionId).toBe(`${pid}-${startTime}`);
    expect([sessionId, '4999999-1', 'buildah'].map(isSessionAlive)).toEqual([true, false, true]);
  });

  it('in a cluster can be read again, and every other text says nothing', () => {
    const mark = markOf('boot pid');
    expect(holderText('dev@desk', mark)).toBe(`dev@desk ${mark.pid}/${mark.startTime}`);
    expect(parseHolderText(holderText('dev@desk', mark), 'boot pid')).toEqual(mark);
    expect(parseHolderText('somebody', 'boot pid')).toBeUndefined();
    expect(parseHolderText('', '')).toBeUndefined();
  });
});
