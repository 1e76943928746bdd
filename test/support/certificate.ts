/** A certificate authority of a test's own, and a server certificate that it signed, made by openssl. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where both are. */
export interface TestCertificate {
  /** The authority's, which is self-signed: paths of PEM files. */
  readonly ca: string;
  readonly caKey: string;
  /** The server's: paths of PEM files. */
  readonly certificate: string;
  readonly key: string;
  /** The server's as text, as Node's servers take it. */
  readonly pem: { readonly cert: string; readonly key: string };
}

/** Makes both in a folder, for localhost and some addresses. */
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
  const names = ['DNS:localhost', ...addresses.map((address) => `IP:${address}`)].join(',');
  writeFileSync(file('names'), `subjectAltName=${names}\n`);
  openssl(
    ...['x509', '-req', '-in', file('server.csr'), '-CA', file('ca.pem'), '-CAkey', file('ca.key')],
    ...['-CAcreateserial', '-days', '2', '-extfile', file('names'), '-out', file('server.pem')],
  );
  const [certificate, key] = [file('server.pem'), file('server.key')];
  return {
    ca: file('ca.pem'),
    caKey: file('ca.key'),
    certificate,
    key,
    pem: { cert: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') },
  };
}
