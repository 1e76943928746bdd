/**
 * Where an API server or a registry is, judged by its address alone. Pure: nothing is resolved or contacted, because
 * the guard must decide before any packet is sent.
 */
import { BlockList, isIP } from 'node:net';

/** Loopback by RFC 1122 (127.0.0.0/8) and RFC 4291 (::1). */
const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** The host of a URL in lower case, without port and without the brackets of IPv6. Empty if the text is not a URL. */
export function hostOfUrl(url: string): string {
  try {
    return new URL(url).hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  } catch {
    return '';
  }
}

/**
 * True for this machine's loopback: 127.0.0.0/8, ::1, and the names that RFC 6761 (section 6.3) reserves for it,
 * `localhost` and everything below. A name that only resolves to loopback today does not count.
 */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host.endsWith('.localhost')) return true;
  return inRange(host, loopback);
}

/** A set of IPv4 networks, from their CIDR notation such as `192.168.0.0/16`. */
export function networks(...cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [network = '', bits = '32'] = cidr.split('/');
    list.addSubnet(network, Number(bits), 'ipv4');
  }
  return list;
}

/** True if a host is an IP address (not a name) within the networks. */
export function inRange(host: string, list: BlockList): boolean {
  const family = isIP(host);
  return family !== 0 && list.check(host, family === 4 ? 'ipv4' : 'ipv6');
}
