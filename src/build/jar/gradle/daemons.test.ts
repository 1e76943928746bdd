import { describe, expect, it } from 'vitest';
import { parseStatus } from './daemons.ts';

describe('parseStatus', () => {
  it('reads what gradle --status prints, and none of its advice', () => {
    const text = `   PID STATUS   INFO
 22255 IDLE     4.4.1
 22301 BUSY     4.4.1
 22310 CANCELED 7.0
 21000 STOPPED  (by user or operating system)

Only Daemons for the current Gradle version are displayed. See https://docs.example.com/4.4.1/
`;
    expect(parseStatus(text)).toEqual([
      { pid: 22255, state: 'IDLE' },
      { pid: 22301, state: 'BUSY' },
      { pid: 22310, state: 'CANCELED' },
      { pid: 21000, state: 'STOPPED' },
    ]);
    expect(parseStatus('No Gradle daemons are running.\n')).toEqual([]);
  });
});
