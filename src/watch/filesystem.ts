/**
 * On which file systems the kernel sees changes. Inotify reports only what goes through this kernel. Edits by another
 * machine, or by a virtual machine's host, never arrive (NFS, SMB, 9p as under WSL's /mnt/c, shared folders). For Linux
 * only; elsewhere the answer is always "events work".
 */
import { readFileSync, realpathSync } from 'node:fs';

interface Mount {
  readonly point: string;
  readonly type: string;
}

/**
 * Types as in /proc/self/mountinfo. `fuse.*` covers sshfs, Docker Desktop's file sharing and similar ones. The overlay
 * of a rootless container is also such a type, but it is local.
 */
const remote =
  /^(9p|nfs\d?|cifs|smb\d?|smbfs|drvfs|virtiofs|vboxsf|vmhgfs|prl_fs|afs|ceph|lustre|fuse(\.(?!(fuse-)?overlayfs$).+)?)$/;

/** The file system type of a path if some or all events do not arrive there; otherwise undefined. */
export type EventlessType = (path: string) => string | undefined;

/** Reads the mount table once. */
export function readEventlessType(): EventlessType {
  if (process.platform !== 'linux') return () => undefined;
  try {
    return eventlessType(readFileSync('/proc/self/mountinfo', 'utf8'));
  } catch {
    return () => undefined;
  }
}

/** The same, from the text of a mountinfo (proc(5)): the fifth field is the mount point, and the type follows ` - `. */
export function eventlessType(mountinfo: string): EventlessType {
  const mounts: Mount[] = [];
  for (const line of mountinfo.split('\n')) {
    const [left, right] = line.split(' - ');
    const point = left?.split(' ')[4];
    const type = right?.split(' ')[0];
    if (point !== undefined && type !== undefined) mounts.push({ point: unescape(point), type });
  }
  return (path) => {
    const real = realPath(path);
    let best: Mount | undefined;
    for (const mount of mounts) {
      const inside = real === mount.point || real.startsWith(mount.point === '/' ? '/' : `${mount.point}/`);
      // Of two mounts on one point, the later one is on top.
      if (inside && mount.point.length >= (best?.point.length ?? 0)) best = mount;
    }
    return best !== undefined && remote.test(best.type) ? best.type : undefined;
  };
}

function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_all, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
