/** Ports of this machine on which nothing listens. */
import { readFileSync } from 'node:fs';

/** Below the ports that the kernel gives to connections: none of these is taken by chance. */
const [first, count] = [20_000, 12_000];
const given = new Set<number>();

/** A free one, another one each time, and in another process most likely another one as well. */
export function freePort(): number {
  const taken = listening();
  for (;;) {
    const port = first + Math.floor(Math.random() * count);
    if (taken.has(port) || given.has(port)) continue;
    given.add(port);
    return port;
  }
}

/** Local ports of every TCP socket, as proc(5) lists them: `sl local_address …`, an address is `hex:port in hex`. */
function listening(): ReadonlySet<number> {
  const lines = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => readFileSync(file, 'utf8').split('\n'));
  return new Set(
    lines.map((line) => Number.parseInt(/^\s*\d+: [0-9A-F]+:([0-9A-F]+)/.exec(line)?.[1] ?? '', 16)),
  );
}
