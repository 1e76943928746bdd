import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { runProcess } from '../../support/process/process.ts';
import { createHolders, holderVariable } from './holder.ts';
import { labelValue } from '../objects/ownership.ts';

describe('a holder mark', () => {
  it('is a label value, and another one each time', async () => {
    const holders = createHolders(runProcess);
    const marks = [await holders.mark(), await holders.mark(), await createHolders(runProcess).mark()];
    for (const mark of marks) expect(labelValue(mark)).toBe(mark);
    expect(marks[0]).not.toBe(marks[1]);
  });

  // Windows cannot tell, and says so.
  it.skipIf(process.platform === 'win32')(
    'is alive as long as a process carries it, and gone after',
    async () => {
      const holders = createHolders(runProcess);
      const mark = await holders.mark();
      expect(await holders.stateOf(mark)).toBe('gone');
      const child = spawn('sleep', ['100'], { env: { ...process.env, [holderVariable]: mark } });
      await once(child, 'spawn');
      expect(await holders.stateOf(mark)).toBe('alive');
      // A longer mark that begins alike is another one.
      expect(await holders.stateOf(mark.slice(0, -1))).toBe('gone');
      child.kill('SIGKILL');
      await once(child, 'exit');
      expect(await holders.stateOf(mark)).toBe('gone');
    },
  );

  it('of another host proves nothing', async () => {
    expect(await createHolders(runProcess).stateOf('hffffffffffff.1.x.1')).toBe('unknown');
    expect(await createHolders(runProcess).stateOf('')).toBe('unknown');
  });
});
