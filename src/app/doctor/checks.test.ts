import { describe, expect, it } from 'vitest';
import type { ServiceConfig } from '../../config/model.ts';
import {
  checkDisk,
  checkImageCommand,
  checkInotify,
  checkNode,
  checkProgram,
  programs,
  type ProgramCheck,
} from './checks.ts';

describe('checks', () => {
  it.each([
    ['v20.18.3', 'failure'],
    ['v20.19.0', 'ok'],
    ['v18.20.0', 'failure'],
    ['v24.1.0', 'ok'],
  ])('Node %s is %s', (version, state) => expect(checkNode(version).state).toBe(state));

  it.each([
    ['8192', '128', 'warning', /max_user_watches=524288/],
    ['192536', '64', 'warning', /max_user_instances/],
    ['192536', '128', 'ok', undefined],
    ['', '', 'ok', undefined],
  ])('inotify %s/%s is %s', (watches, instances, state, hint) => {
    const check = checkInotify((path) => (path.endsWith('watches') ? watches : instances));
    expect(check.state).toBe(state);
    if (hint === undefined) expect(check.hint).toBeUndefined();
    else expect(check.hint).toMatch(hint);
  });

  it.each([
    [0.5, 'failure'],
    [3, 'warning'],
    [20, 'ok'],
  ])('%d GB free is %s', (gigabytes, state) => {
    expect(checkDisk('/var', gigabytes * 1024 ** 3).state).toBe(state);
  });

  it('looks for the program of an image command, which it does not run', () => {
    const command = (run: readonly string[]): ServiceConfig => ({
      name: 'orders',
      path: '/',
      image: { repository: 'o', builder: 'command', source: { kind: 'command', run, env: {}, context: '/' } },
      deploy: { kind: 'manifests', files: [], deadlineMs: 1000, restartsAllowed: 0 },
      dev: { trigger: 'auto', forward: [] },
      needs: [],
    });
    const name = 'image command of orders';
    expect(checkImageCommand(command([process.execPath, '--no-such-flag']))).toEqual({
      name,
      state: 'ok',
      detail: process.execPath,
    });
    expect(checkImageCommand(command(['no-such-program']))).toMatchObject({
      name,
      state: 'failure',
      detail: 'no-such-program is not on the PATH',
    });
    expect(checkImageCommand(command(['./etc/passwd']))).toMatchObject({
      detail: './etc/passwd is not an executable file in /',
    });
    const { image: _none, ...plain } = command([]);
    expect(checkImageCommand(plain)).toBeUndefined();
  });

  it('reads a version, tells a missing program, and one that fails', async () => {
    const signal = new AbortController().signal;
    const program = {
      name: 'Node',
      args: ['--version'],
      pattern: /v(\S+)/,
      missing: 'failure',
      hint: 'install it',
    } as const;
    expect(await checkProgram({ ...program, tool: process.execPath }, process.cwd(), signal)).toEqual({
      name: 'Node',
      state: 'ok',
      detail: process.versions.node,
    });
    expect(await checkProgram({ ...program, tool: 'no-such-program' }, process.cwd(), signal)).toEqual({
      name: 'Node',
      state: 'failure',
      detail: 'no-such-program is not on the PATH',
      hint: 'install it',
    });
    const failing = await checkProgram(
      { ...program, tool: process.execPath, args: ['--no-such-flag'] },
      process.cwd(),
      signal,
    );
    expect(failing).toMatchObject({ state: 'failure', detail: expect.stringContaining('bad option') });
  });

  it.each([
    ['v3.12.3', 'failure'],
    ['v2.17.0', 'failure'],
    ['v3.13.0', 'ok'],
    ['v4.0.0+gabc', 'ok'],
    ['3.x', 'failure'],
  ])('Helm %s is %s', async (version, state) => {
    const helm: ProgramCheck = programs.helm;
    const standIn = { ...helm, tool: process.execPath, args: ['-p', JSON.stringify(version)] };
    const check = await checkProgram(standIn, process.cwd(), new AbortController().signal);
    const bare = version.replace(/^v/, '');
    expect(check).toEqual(
      state === 'ok'
        ? { name: 'Helm', state, detail: bare }
        : { name: 'Helm', state, detail: `${bare}: appdev needs 3.13 or newer`, hint: helm.hint },
    );
  });
});
