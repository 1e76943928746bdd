import { describe, expect, it } from 'vitest';
import { eventlessType } from './filesystem.ts';

// Lines as proc(5) describes them, of a Linux, a WSL and a container.
const mountinfo = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:25 / /home/me/nfs rw,relatime shared:2 - nfs4 server:/export rw,vers=4.2
31 22 0:26 / /mnt/c rw,noatime - 9p drvfs rw,dirsync,aname=drvfs;path=C:\\134
32 31 8:2 / /mnt/c/fast rw - ext4 /dev/sdb1 rw
33 22 0:27 / /with\\040space rw - cifs //server/share rw
34 22 0:28 / /srv rw - nfs4 server:/srv rw
35 22 8:3 / /srv rw - xfs /dev/sdc1 rw
36 22 0:29 / /work rw - fuse.sshfs me@example.com:/ rw
37 22 0:30 / /rootless rw - fuse.fuse-overlayfs fuse-overlayfs rw
38 22 0:31 / /share rw - virtiofs share rw
39 22 8:4 / /ntfs rw - fuseblk /dev/sdd1 rw
`;

describe('eventlessType', () => {
  const type = eventlessType(mountinfo);
  it.each([
    ['/home/me/project', undefined],
    ['/home/me/nfs/project', 'nfs4'],
    ['/home/me/nfsx', undefined],
    ['/mnt/c/Users/me', '9p'],
    ['/mnt/c/fast/project', undefined],
    ['/with space/project', 'cifs'],
    ['/srv/x', undefined],
    ['/work/x', 'fuse.sshfs'],
    ['/rootless/x', undefined],
    ['/share/x', 'virtiofs'],
    ['/ntfs/x', undefined],
  ])('%s: %s', (path, expected) => {
    expect(type(path)).toBe(expected);
  });
});
