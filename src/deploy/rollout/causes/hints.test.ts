/** Every reason of the scheduler, of the kubelet and of a registry has a hint of its own. */
import { describe, expect, it } from 'vitest';
import { exitCodeText } from './exit-code.ts';
import { kubeletHint, kubeletHints } from './kubelet-hints.ts';
import { pullReason, pullReasons } from './pull-hints.ts';
import { schedulerHint, schedulerReasons } from './scheduler-hints.ts';

describe('the scheduler says', () => {
  const said: readonly (readonly [words: string, hint: RegExp])[] = [
    ['1 Insufficient memory.', /lower resources\.requests\.memory/],
    ['1 Insufficient cpu, 1 Insufficient memory.', /resources\.requests\.cpu/],
    ['1 Insufficient ephemeral-storage.', /resources\.requests\.ephemeral-storage/],
    ['1 Insufficient hugepages-2Mi.', /no node has hugepages-2Mi left/],
    ['1 Insufficient nvidia.com/gpu. preemption: 0/1', /no node offers nvidia\.com\/gpu: .*device plugin/],
    ['1 Too many pods.', /maxPods/],
    ["1 node(s) didn't have free ports for the requested pod ports.", /hostPort.*Recreate/],
    ['1 node(s) were unschedulable.', /kubectl uncordon/],
    ['1 node(s) had untolerated taint {node.kubernetes.io/unschedulable: }.', /kubectl uncordon/],
    ['1 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }.', /condition disk-pressure/],
    ['1 node(s) had untolerated taint {dedicated: gpu}.', /toleration for dedicated .*--all dedicated-/],
    ['1 node(s) had untolerated taint(s).', /describe nodes shows the taints/],
    ["1 node(s) didn't match Pod's node affinity/selector.", /nodeSelector or nodeAffinity/],
    ["1 node(s) didn't match the requested node name.", /spec\.nodeName/],
    ["1 node(s) didn't match pod anti-affinity rules.", /podAntiAffinity/],
    ["1 node(s) didn't satisfy existing pods anti-affinity rules.", /podAntiAffinity/],
    ["1 node(s) didn't match pod affinity rules.", /podAffinity asks for/],
    ["1 node(s) didn't match pod topology spread constraints (missing required label).", /ScheduleAnyway/],
    ['persistentvolumeclaim "data" not found.', /add the claim data/],
    ['persistentvolumeclaim "data" is being deleted.', /until the claim data is gone/],
    ['pod has unbound immediate PersistentVolumeClaims.', /kubectl describe pvc/],
    ["1 node(s) didn't find available persistent volumes to bind.", /class with a provisioner/],
    ['1 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s).', /volume .* was deleted/],
    ["1 node(s) didn't match PersistentVolume's node affinity.", /kubectl get pv shows where/],
    ['1 node(s) had no available volume zone.', /another zone/],
    ['1 node(s) did not have enough free storage.', /less storage/],
    [
      '1 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod.',
      /ReadWriteOnce/,
    ],
    ['1 node(s) exceed max volume count.', /as many volumes/],
    ['1 node(s) had no available disk.', /attached its disk/],
    ['1 cannot allocate all claims.', /resourceclaims/],
    ['waiting for scheduling gates: [example.com/wait].', /schedulingGates/],
    ['no nodes available to schedule pods', /kubectl get nodes/],
  ];

  it.each(said)('%s', (words, hint) => {
    expect(schedulerHint(`0/1 nodes are available: ${words}`)).toMatch(hint);
  });

  it('every reason of the table', () => {
    const reached = said.map(([words]) => schedulerReasons.find(({ says }) => says.test(words)));
    expect(schedulerReasons.filter((reason) => !reached.includes(reason))).toEqual([]);
  });
});

describe('the kubelet says', () => {
  it.each(Object.keys(kubeletHints).filter((reason) => reason !== 'OutOf'))('%s', (reason) => {
    expect(kubeletHint(reason)).toBe(kubeletHints[reason]);
  });

  it.each(['cpu', 'memory', 'ephemeral-storage', 'pods'])('OutOf%s', (resource) => {
    expect(kubeletHint(`OutOf${resource}`)).toContain(`no ${resource} left`);
  });

  it('something else', () => {
    expect(kubeletHint('constructor')).toBeUndefined();
  });
});

describe('on the way to an image someone says', () => {
  const said: readonly (readonly [words: string, hint: RegExp])[] = [
    ['ErrImageNeverPull Container image "a" is not present with pull policy of Never', /IfNotPresent/],
    ['InvalidImageName this is not an image reference', /HOST\/REPOSITORY:TAG/],
    ['http: server gave HTTP response to HTTPS client', /declare it as insecure/],
    ['net/http: HTTP/1.x transport connection broken: malformed HTTP response "\\x15"', /write https:\/\//],
    ['tls: failed to verify certificate: x509: unknown authority', /add the CA/],
    ['unexpected status from HEAD request: 429 Too Many Requests', /how often/],
    ['no match for platform in manifest: not found', /for the processor/],
    ['failed to extract layer: write /a: no space left on device', /disk is full/],
    ['SignatureValidationFailed a signature was required', /sign it/],
    ['unexpected status: 401 Unauthorized', /imagePullSecret/],
    ['pull access denied, repository does not exist', /imagePullSecret/],
    ['dial tcp: lookup registry.example.com: no such host', /a name that it knows/],
    ['net/http: TLS handshake timeout', /cannot reach/],
    ['unexpected status from HEAD request: 503 Service Unavailable', /cannot reach/],
    ['localhost:5001/app:1: not found', /push the image there/],
  ];

  it.each(said)('%s', (words, hint) => {
    expect(pullReason(words)?.hint).toMatch(hint);
  });

  it('every answer of the table', () => {
    const reached = said.map(([words]) => pullReason(words));
    expect(pullReasons.filter((reason) => !reached.includes(reason))).toEqual([]);
  });

  it('nothing by the name of an image', () => {
    const words = 'failed to pull image "localhost:5001/denied-signature@sha256:4290": something new';
    expect(pullReason(words)).toBeUndefined();
  });
});

it.each([
  [3, ['/opt/java/bin/java', '-jar', 'app.jar'], 'exit code 3 (the JVM ended itself on an OutOfMemoryError'],
  [3, ['node', 'server.js'], 'exit code 3'],
  [3, [], 'exit code 3'],
  [127, ['sh', '-c', 'none'], 'exit code 127 (a command of the shell was not found)'],
  [127, ['python'], 'exit code 127'],
  [1, [], 'exit code 1'],
  [42, ['java'], 'exit code 42'],
  [137, [], 'exit code 137 (SIGKILL: killed from outside, or by the kernel because memory ran out)'],
  [143, ['python'], 'exit code 143 (SIGTERM: told to stop)'],
])('exit code %i is evidence only together with its program %j', (code, command, text) => {
  expect(exitCodeText(code, command)).toMatch(text);
  if (!text.includes('(')) expect(exitCodeText(code, command)).toBe(text);
});
