import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { portOwner } from './port-owner.ts';

describe.runIf(process.platform === 'linux')('portOwner', () => {
  it.each(['127.0.0.1', '0.0.0.0', '::'])('names the process that listens on %s', async (host) => {
    const program = `require('net').createServer().listen(0, '${host}', function () { console.log(this.address().port) })`;
    const child = spawn(process.execPath, ['-e', program]);
    const port = await new Promise<number>((resolve) => {
      child.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString())));
    });
    expect(await portOwner(port)).toBe(`node (pid ${child.pid ?? 0})`);
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    expect(await portOwner(port)).toBeUndefined();
  });

  it('does not take a connection from a port for a listener', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    expect(await portOwner(1)).toBeUndefined();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });

  it('knows nothing without a process file system', async () => {
    expect(await portOwner(8080, '/nowhere')).toBeUndefined();
  });
});
