/** A certificate authority of a test's own, and a server certificate that it signed, made by openssl. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface TestCertificate {
  /** Path of the authority's PEM file. */
  readonly ca: string;
  /** PEM text of the server's. */
  readonly cert: string;
  readonly key: string;
}

/** Makes both in a folder, for some addresses. */
export function makeCertificate(
  folder: string,
  addresses: readonly string[] = ['127.0.0.1'],
): TestCertificate {
  const file = (name: string): string => join(folder, name);
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { stdio: 'ignore' });
  };
  const fresh = ['-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  openssl(
    'req',
    '-x509',
    ...fresh,
    '-subj',
    '/CN=test authority',
    '-keyout',
    file('ca.key'),
    '-out',
    file('ca.pem'),
  );
  openssl(
    'req',
    '-new',
    ...fresh,
    '-subj',
    '/CN=test',
    '-keyout',
    file('server.key'),
    '-out',
    file('server.csr'),
  );
  const names = addresses.map((address) => `IP:${address}`).join(',');
  writeFileSync(file('names'), `subjectAltName=${names}\n`);
  openssl(
    ...['x509', '-req', '-in', file('server.csr'), '-CA', file('ca.pem'), '-CAkey', file('ca.key')],
    ...['-CAcreateserial', '-days', '2', '-extfile', file('names'), '-out', file('server.pem')],
  );
  return {
    ca: file('ca.pem'),
    cert: readFileSync(file('server.pem'), 'utf8'),
    key: readFileSync(file('server.key'), 'utf8'),
  };
}
