import { describe, expect, it } from 'vitest';
import { endGroup } from './children.ts';
import { detachedGroups } from './leftovers.ts';
import { isGroupAlive } from './proc.ts';
import { runProcess } from './process.ts';

describe.runIf(process.platform === 'linux')('detachedGroups', () => {
  it('finds what left its group, and neither children that still run nor this process', async () => {
    const before = detachedGroups();
    const controller = new AbortController();
    const child = runProcess({ tool: 'sleep', args: ['60'], cwd: '/' }, { signal: controller.signal });
    // It lets go of the pipe once it is in a group of its own: the shell's end would take it along before.
    const script = ': $(setsid sh -c "exec sleep 60 >/dev/null 2>&1 </dev/null" &)';
    const finished = await runProcess(
      { tool: 'sh', args: ['-c', script], cwd: '/' },
      { signal: new AbortController().signal },
    );
    expect(finished.kind).toBe('exited');
    await expect.poll(() => detachedGroups().length).toBe(before.length + 1);
    const [group] = detachedGroups().filter((each) => !before.includes(each));
    if (group === undefined) throw new Error('the group has gone');
    expect(isGroupAlive(group)).toBe(true);
    await endGroup(group, 1000);
    expect(detachedGroups()).toEqual(before);
    controller.abort('user');
    await child;
  });
});
