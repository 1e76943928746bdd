import { describe, expect, it } from 'vitest';
import {
  holderText,
  isSessionAlive,
  markOf,
  mayRun,
  parseHolderText,
  sessionId,
  sessionText,
} from './mark.ts';
import { nowhere, placeText, thisPlace, type Place } from './place.ts';

/** No process can have this pid: it is above the kernel's limit. */
const gone = { pid: 4_999_999, startTime: '1' };
const here: Place = { machine: 'a1', boot: 'b1', pids: 'c1' };

describe('a process that may still run', () => {
  it.each([
    { what: 'this one', mark: { ...markOf(), place: here }, may: true },
    { what: 'a pid that nobody has', mark: { ...gone, place: here }, may: false },
    { what: 'one of another container', mark: { ...gone, place: { ...here, pids: 'c2' } }, may: true },
    { what: 'one of an unknown container', mark: { ...gone, place: { ...here, pids: '' } }, may: true },
    {
      what: 'one of another machine',
      mark: { ...gone, place: { machine: 'a2', boot: 'b2', pids: 'c1' } },
      may: true,
    },
    {
      what: 'one of an unknown machine',
      mark: { ...gone, place: { ...here, machine: '', boot: 'b2' } },
      may: true,
    },
    { what: 'one of an unknown place', mark: { ...gone, place: nowhere }, may: true },
    {
      what: 'one from before this machine restarted, whose pid another one has now',
      mark: { ...markOf(), place: { ...here, boot: 'b0' } },
      may: false,
    },
    {
      what: 'one of a container from before this machine restarted',
      mark: { ...gone, place: { ...here, boot: 'b0', pids: 'c2' } },
      may: false,
    },
  ])('is $what: $may', ({ mark, may }) => {
    expect(mayRun(mark, here)).toBe(may);
  });

  it('is any other if this place is not known', () => {
    expect(mayRun({ ...gone, place: here }, nowhere)).toBe(true);
    expect(mayRun({ ...gone, place: nowhere }, nowhere)).toBe(true);
  });

  it.runIf(process.platform === 'linux')('is not an earlier one that had the pid of a living one', () => {
    expect(mayRun({ ...markOf(), startTime: '1' })).toBe(false);
  });

  it('is one whose pid is in use and whose start nobody knows', () => {
    expect(mayRun({ ...markOf(), startTime: '0' })).toBe(true);
    expect(mayRun({ ...markOf(), ...gone, startTime: '0' })).toBe(false);
  });
});

describe("a mark's text", () => {
  it('of a session is its pid, start and place; a text of another form counts as a living one', () => {
    const { pid, startTime } = markOf();
    expect(sessionId).toBe(`${pid}-${startTime}-${placeText(thisPlace())}`);
    // It is a part of a host entry of a working container: `appdev-session-ID`.
    expect(`appdev-session-${sessionId}`.length).toBeLessThanOrEqual(63);
    const dead = sessionText({ ...gone, place: thisPlace() });
    const elsewhere = sessionText({ ...gone, place: { ...thisPlace(), pids: '0a0a0a0a' } });
    const texts = [sessionId, dead, elsewhere, '4999999-1', 'buildah'];
    expect(texts.map(isSessionAlive)).toEqual([true, false, true, true, true]);
  });

  it('in a cluster can be read again, and every other text says nothing', () => {
    const mark = markOf();
    expect(holderText('dev@desk', mark)).toBe(`dev@desk ${mark.pid}/${mark.startTime}`);
    expect(parseHolderText(holderText('dev@desk', mark), placeText(mark.place))).toEqual(mark);
    expect(parseHolderText('somebody', placeText(mark.place))).toBeUndefined();
    expect(parseHolderText('', '')).toBeUndefined();
  });
});
