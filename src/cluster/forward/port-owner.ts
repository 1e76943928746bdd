/**
 * Finds the process that holds a local port, to name it to the user. Reads /proc, so it finds nothing on other systems.
 */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';

/** Hex state of a listening socket in /proc/net/tcp (TCP_LISTEN in the kernel's tcp_states.h). */
const listening = '0A';

/**
 * `java (pid 123)`, or undefined if it cannot be known: not on Linux, or another user's process. `proc` is the folder
 * of the process file system.
 */
export async function portOwner(port: number, proc = '/proc'): Promise<string | undefined> {
  const inodes = new Set([
    ...(await listenersOn(port, `${proc}/net/tcp`)),
    ...(await listenersOn(port, `${proc}/net/tcp6`)),
  ]);
  if (inodes.size === 0) return undefined;
  for (const pid of await names(proc)) {
    if (!/^\d+$/.test(pid)) continue;
    for (const fd of await names(`${proc}/${pid}/fd`)) {
      const target = await readlink(`${proc}/${pid}/fd/${fd}`).catch(() => '');
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode === undefined || !inodes.has(inode)) continue;
      return `${await programOf(pid, proc)} (pid ${pid})`;
    }
  }
  return undefined;
}

/**
 * The program's name, from its executable: `comm` is the name of a thread, and newer versions of Node call their first
 * thread MainThread.
 */
async function programOf(pid: string, proc: string): Promise<string> {
  const path = await readlink(`${proc}/${pid}/exe`).catch(() => '');
  return path === '' ? 'a process' : basename(path.replace(/ \(deleted\)$/, ''));
}

/** Inodes of the sockets that listen on a port. Lines look like `sl local_address rem_address st … inode`. */
async function listenersOn(port: number, table: string): Promise<string[]> {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const text = await readFile(table, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
    return state === listening && local.endsWith(`:${hex}`) && inode !== '' ? [inode] : [];
  });
}

async function names(folder: string): Promise<string[]> {
  return await readdir(folder).catch(() => []);
}
