/**
 * What to do about an image that the node cannot get, by the words of the kubelet, of containerd and of the registry.
 * The registry's codes are those of the OCI distribution specification. Pure.
 */

/** An answer and the hint for it. `$host` in the hint is the host that the node asked. */
export interface PullReason {
  readonly says: RegExp;
  readonly hint: string;
  /** True if another attempt gets the same answer. */
  readonly final: boolean;
}

/** The answers, the more special ones first. */
export const pullReasons: readonly PullReason[] = [
  {
    says: /ErrImageNeverPull|NeverPull|pull policy of Never/,
    hint: 'imagePullPolicy: Never uses only images that are on the node already: set it to IfNotPresent, so that the node pulls the image from $host',
    final: true,
  },
  {
    says: /InvalidImageName|invalid reference|couldn't parse image/,
    hint: 'fix the image in the pod template: appdev render shows it. A reference is HOST/REPOSITORY:TAG, in small letters',
    final: true,
  },
  {
    says: /HTTP response to HTTPS client|first record does not look like a TLS handshake/,
    hint: "the node speaks HTTPS to $host, but it answers in plain HTTP: declare it as insecure in the node's containerd (certs.d/$host/hosts.toml), then run appdev doctor to test it",
    final: true,
  },
  {
    says: /malformed HTTP response|HTTP request to an HTTPS server/,
    hint: "the node speaks plain HTTP to $host, but it answers in HTTPS: write https:// for it in the node's containerd (certs.d/$host/hosts.toml)",
    final: true,
  },
  {
    says: /x509|certificate/i,
    hint: 'the node does not trust the certificate of $host: add the CA to the node (certs.d/$host)',
    final: true,
  },
  {
    says: /toomanyrequests|too many requests|\b429\b/i,
    hint: '$host limits how often images are pulled: wait, log the node in with an imagePullSecret, or use a mirror',
    final: false,
  },
  {
    says: /no match for platform|no matching manifest for/,
    hint: 'the image was not built for the processor of the node: kubectl get nodes -o wide shows it; build the image for that platform',
    final: true,
  },
  {
    says: /no space left on device/,
    hint: "the node's disk is full: remove images that nothing uses (crictl rmi --prune on the node)",
    final: false,
  },
  {
    says: /signature|SignatureValidationFailed/,
    hint: "the node's policy wants a signed image: sign it, or except $host in the policy of the node",
    final: true,
  },
  {
    says: /unauthorized|authentication required|no basic auth|denied|forbidden|insufficient_scope|\b40[13]\b/i,
    hint: 'the node does not have the right credentials for $host: add an imagePullSecret to the service account',
    final: true,
  },
  {
    says: /no such host|server misbehaving|name resolution/,
    hint: 'the node does not know the name $host: set `registry.pull` to a name that it knows; run appdev doctor to test it',
    final: true,
  },
  {
    says: /refused|timeout|deadline exceeded|no route|unreachable|i\/o|connection reset|unexpected EOF|\b50[0234]\b/i,
    hint: 'the node cannot reach $host: check that `registry.pull` is right as seen from the node, and that the registry is up; run appdev doctor to test it',
    final: false,
  },
  {
    says: /not found|manifest unknown|name unknown|name invalid/i,
    hint: 'the node asked $host: push the image there (appdev build), or fix `registry.pull` if the node knows the registry by another name',
    final: true,
  },
];

/** The reason that these words name; undefined if none is known. What is quoted are names and URLs, and is no reason. */
export function pullReason(words: string): PullReason | undefined {
  const unquoted = words.replace(/"[^"]*"/g, '""');
  return pullReasons.find(({ says }) => says.test(unquoted));
}
