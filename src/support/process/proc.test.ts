import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commandOf, environmentOf, groupOf, identify, isAlive, isGroupAlive, startedAt } from './proc.ts';

describe('processes', () => {
  it('are identified by pid and start time', () => {
    const self = identify(process.pid);
    expect(self?.pid).toBe(process.pid);
    expect(self && isAlive(self)).toBe(true);
    expect(self && isAlive({ ...self, startTime: `${self.startTime}1` })).toBe(false);
    expect(identify(999_999_999)).toBeUndefined();
  });
});

describe.runIf(process.platform === 'linux')('on Linux', () => {
  it('a zombie is dead, and so is a group of zombies', async () => {
    // perl does not reap its child: once that has exited, it is a zombie in a group of its own.
    const script = 'my $p = fork; if (!$p) { setpgrp; exit 0 } print "$p\\n"; $| = 1; print ""; sleep 300';
    const parent = spawn('perl', ['-e', script], { env: { ...process.env, MARK: 'zombie parent' } });
    try {
      const pid = await new Promise<number>((resolve) => {
        parent.stdout.once('data', (data: Buffer) => resolve(Number(data.toString())));
      });
      await expect.poll(() => identify(pid)).toBeUndefined();
      expect(groupOf(pid)).toBe(pid);
      expect(() => process.kill(-pid, 0)).not.toThrow();
      expect(isGroupAlive(pid)).toBe(false);
      expect(environmentOf(parent.pid ?? 0)).toContain('MARK=zombie parent');
      expect(commandOf(parent.pid ?? 0)).toMatch(/^perl -e my/);
    } finally {
      parent.kill('SIGKILL');
    }
  });
});

it('asks ps for the start where there is no /proc, and gets the same digits each time', () => {
  // What ps of macOS prints, with a day of one digit padded.
  expect(startedAt(1, () => 'Sat Nov  7 09:05:01 2026    ')).toBe('1794042301');
  expect(startedAt(1, () => '')).toBe('0');
});

it.runIf(existsSync('/bin/ps'))('reads what a real ps says of this process', () => {
  const started = Number(startedAt(process.pid)) * 1000;
  expect(Math.abs(started - performance.timeOrigin)).toBeLessThan(5000);
});
