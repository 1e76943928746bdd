import { describe, expect, it } from 'vitest';
import { diskFull, isDiskFull, saysDiskFull, unexpectedDiskFull } from './disk-full.ts';

describe('a full disk', () => {
  it.each([
    ['write /app/target/a.jar: no space left on device', true],
    ['/app/A.class: No space left on device', true],
    ['Disk quota exceeded', true],
    ['there is enough space', false],
  ])('is recognised in a line: %s', (line, full) => {
    expect(saysDiskFull(line)).toBe(full);
  });

  it('is recognised in an exception', () => {
    expect(isDiskFull(Object.assign(new Error('x'), { code: 'ENOSPC' }))).toBe(true);
    expect(isDiskFull(Object.assign(new Error('x'), { code: 'EACCES' }))).toBe(false);
    expect(isDiskFull('ENOSPC')).toBe(false);
  });

  it('names every candidate when none can be seen to be full', async () => {
    const outcome = await diskFull(
      'building orders',
      [
        { path: '/', free: 'run `mvn clean`' },
        { path: '/no/such/folder', free: 'remove old images' },
      ],
      { exit: 3, evidence: ['line'] },
    );
    expect(outcome).toEqual({
      kind: 'failed',
      error: {
        code: 'DISK_FULL',
        message: 'no space left on the disk of / or /no/such/folder while building orders',
        hint: 'make room: run `mvn clean`; or remove old images',
        exit: 3,
        evidence: ['line'],
      },
    });
  });

  it('is named with the file that an unexpected exception is about, and nobody is told to empty a folder', async () => {
    const error = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', path: '/some/folder/kubeconfig' });
    const found = await unexpectedDiskFull(error);
    expect(found).toMatchObject({
      code: 'DISK_FULL',
      message: expect.stringContaining('while writing /some/folder/kubeconfig') as string,
      hint: expect.stringContaining('set TMPDIR to a folder with more room') as string,
    });
    expect(found?.hint).not.toContain('empty');
    expect(await unexpectedDiskFull(new Error('boom'))).toBeUndefined();
  });
});
