/**
 * Explains why a build in a pod failed. Pure. The executor ends with 1 for nearly everything, so only its last lines
 * tell a registry that refuses from a Containerfile that does not work.
 */
import { appdevError, type AppdevError } from '../../../core/errors.ts';
import { failed, type NotOk } from '../../../core/outcome.ts';
import { transferFailure } from '../transfer/errors.ts';
import type { PodState, Trouble } from './state.ts';
import { withoutPasswords } from '../../../support/mask.ts';

/** What the messages are about. */
export interface BuildSubject {
  readonly service: string;
  readonly namespace: string;
  readonly pod: string;
  /** Image of the executor. */
  readonly image: string;
  /** Host of the registry, by the name that pods use. */
  readonly host: string;
}

/** The failure of a pod that does not start. */
export function notStarted(subject: BuildSubject, trouble: Trouble): NotOk {
  const { service, image, namespace } = subject;
  switch (trouble.what) {
    case 'unschedulable':
      return failed('BUILD_POD_FAILED', `${service}: no node takes the build pod: ${trouble.message}`, {
        hint: 'lower kaniko.resources, or fix kaniko.nodeSelector in appdev.yaml; run kubectl describe nodes to see what is free',
      });
    case 'image':
      return failed(
        'BUILD_POD_FAILED',
        `${service}: the node cannot pull the executor ${image}: ${trouble.message}`,
        {
          hint: 'set kaniko.image in appdev.yaml to an image that your nodes can pull, e.g. a copy in your own registry',
        },
      );
    case 'container':
      return failed(
        'BUILD_POD_FAILED',
        `${service}: the build's container cannot be started: ${trouble.message}`,
        {
          hint: `check kaniko.credentials and kaniko.serviceAccount in appdev.yaml, and the events of namespace ${namespace}: kubectl -n ${namespace} get events`,
        },
      );
  }
}

/** The failure of a pod that the API server did not accept, in its words. */
export function notCreated({ service, namespace }: BuildSubject, error: AppdevError): NotOk {
  if (/violates PodSecurity/.test(error.message)) {
    return failed(
      'BUILD_POD_FAILED',
      `${service}: namespace ${namespace} does not admit the build pod, which runs as root in its container: ${error.message}`,
      {
        hint: `set kaniko.namespace in appdev.yaml to one that admits level baseline: kubectl label namespace NAME pod-security.kubernetes.io/enforce=baseline`,
      },
    );
  }
  if (/exceeded quota|minimum (?:cpu|memory)|maximum (?:cpu|memory)|must specify/.test(error.message)) {
    return failed(
      'BUILD_POD_FAILED',
      `${service}: namespace ${namespace} has no room for the build pod: ${error.message}`,
      {
        hint: 'set kaniko.resources in appdev.yaml to what the quota and the limits of the namespace allow',
      },
    );
  }
  return { kind: 'failed', error };
}

/** The failure if a pod of that name already exists. Our names are random. */
export function nameTaken({ service, pod, namespace }: BuildSubject): NotOk {
  return failed('BUILD_POD_FAILED', `${service}: namespace ${namespace} already has a pod ${pod}`, {
    hint: 'build again: every build pod has a new name',
  });
}

/** The failure of a pod that is gone, or that ended without a result of its container. */
export function lost(
  subject: BuildSubject,
  state: { readonly reason: string; readonly message: string },
): NotOk {
  const { service, pod, namespace } = subject;
  if (state.reason === 'DeadlineExceeded') {
    return failed('BUILD_POD_FAILED', `${service}: the build took longer than kaniko.deadline allows`, {
      hint: 'raise kaniko.deadline in appdev.yaml, or find out what the build is waiting for',
    });
  }
  const said = state.message === '' ? '' : `: ${state.message}`;
  return failed(
    'BUILD_POD_FAILED',
    `${service}: the build pod ${pod} ended before its build (${state.reason})${said}`,
    { hint: `build again; to find out who ended it, look at the events: kubectl -n ${namespace} get events` },
  );
}

/** The failure of a connection that broke while the context was sent. */
export function contextNotSent(subject: BuildSubject, error: AppdevError): NotOk {
  return failed(
    'BUILD_POD_FAILED',
    `${subject.service}: the connection to the build pod broke while the build context was sent: ${error.message}`,
    { hint: 'build again; a proxy between here and the API server must let WebSockets through' },
  );
}

/** True if a failed executor says that its input ended too early. */
export function saysContextCut(lines: readonly string[]): boolean {
  return lines.some((line) => /unexpected EOF|gzip: invalid (?:header|checksum)/.test(line));
}

/** The failure of an executor that ended with a code other than 0. `lines`: its output, in order. */
export function buildFailed(
  subject: BuildSubject,
  state: Extract<PodState, { kind: 'ended' }>,
  lines: readonly string[],
): NotOk {
  const { service } = subject;
  if (state.reason === 'OOMKilled') {
    return failed(
      'BUILD_POD_FAILED',
      `${service}: the build needed more memory than its pod may use (OOMKilled)`,
      {
        hint: 'raise kaniko.resources.limits.memory in appdev.yaml',
        evidence: evidenceOf(lines),
      },
    );
  }
  const last = errorLine(lines);
  // The executor's registry library does not sign in at a token service with such an address (transport/bearer.go).
  const address = /realm host "([^"]+)" is a private or link-local address/.exec(last)?.[1];
  if (address !== undefined) {
    return failed(
      'REGISTRY_UNREACHABLE',
      `${service}: the executor does not sign in at ${address}: the registry names its token service by a private address`,
      {
        hint: 'give the registry an external URL (Harbor: external_url) with a DNS name that pods resolve, and use that name in registry.push or registry.inCluster in appdev.yaml',
        evidence: evidenceOf(lines),
      },
    );
  }
  if (
    /error checking push permissions|error pushing image|failed to push to destination|pushing image/i.test(
      last,
    )
  ) {
    return pushRefused(subject, last, lines);
  }
  const base = /(?:retrieving image|image manifest|Retrieving image) "?([\w.:/@-]+)/i.exec(last)?.[1];
  // Harbor's words for an image that its project lets nobody pull: not scanned, or with vulnerabilities.
  const policy =
    /GET https?:\/\/([^/\s]+)\/v2\/([^\s:]+)\/manifests\/[^/\s]+: PROJECTPOLICYVIOLATION: (.*)/.exec(last);
  if (policy !== null) {
    const [, registry = '', image = '', words = ''] = policy;
    return failed(
      'BASE_IMAGE_MISSING',
      `${service}: the build pod is not allowed to pull ${registry}/${image}: its project holds it back: ${words}`,
      {
        hint: 'scan that image in Harbor, or build on one that its project allows; to make an exception, use the CVE allowlist of the project',
        evidence: evidenceOf(lines),
      },
    );
  }
  if (
    /MANIFEST_UNKNOWN|NAME_UNKNOWN|getting stage builder|Failed to retrieve image|GET https?:\S+\/manifests\//i.test(
      last,
    )
  ) {
    return failed(
      'BASE_IMAGE_MISSING',
      `${service}: the build pod cannot get the base image${base === undefined ? '' : ` ${base}`}: ${last}`,
      {
        hint: 'check image.base, or FROM in the Containerfile; inside a pod, names of this machine (localhost) mean the pod itself',
        evidence: evidenceOf(lines),
      },
    );
  }
  return failed('IMAGE_BUILD_FAILED', `${service}: the executor ended with ${state.exitCode}: ${last}`, {
    hint: 'see its last lines above; if COPY does not find a file, .dockerignore may exclude it',
    evidence: evidenceOf(lines),
  });
}

/**
 * The failure of a push that the registry refused. Only the line with the error counts, because what a build prints may
 * contain any word.
 */
function pushRefused({ service, host }: BuildSubject, last: string, lines: readonly string[]): NotOk {
  const doing = `${service}: pushing from the build pod`;
  const evidence = evidenceOf(lines);
  // The executor looks at the tag before it pushes. This is Harbor's answer if the tag exists and must not be pulled.
  if (/HEAD \S+\/manifests\/[^/\s]+: unexpected status code 412/.test(last)) {
    return failed('TAG_IMMUTABLE', `${doing} failed: ${host} already has this tag and holds it back (412)`, {
      hint: 'scan the image of that tag in Harbor, or check the policies of its project',
      evidence,
    });
  }
  const { error } = transferFailure(doing, host, [last]);
  const hint = last.includes('x509:') ? certificateHint(host) : pushHint(error, host);
  return { kind: 'failed', error: { ...error, hint, evidence } };
}

/**
 * The failure if the registry does not allow overwriting a tag that names another image. `there`: the digest of that
 * image, if it is known.
 */
export function tagTaken(error: AppdevError, there: string | undefined): NotOk {
  if (there === undefined) return { kind: 'failed', error };
  return {
    kind: 'failed',
    error: {
      ...error,
      message: `${error.message}; it names another image, ${there}`,
      hint: 'the same files made a different image: name its base by digest (FROM name@sha256:…), or change the rule for immutable tags of the project',
    },
  };
}

/** The failure if the registry, by this machine's name of it, does not have what a pod pushed. */
export function notOurs(
  {
    registry,
    podRepository,
  }: { readonly registry: { readonly push: string }; readonly podRepository: string },
  tag: string,
  digest: string,
): NotOk {
  return failed(
    'PUSH_FAILED',
    `${registry.push} does not have ${digest}, which the build pod pushed to ${podRepository}:${tag}`,
    {
      hint: 'registry.push and registry.inCluster in appdev.yaml must be two names of the same registry',
    },
  );
}

/** The failure of a build that claims success but left no digest. */
export function noDigest({ service, image }: BuildSubject, message: string): NotOk {
  return failed(
    'BUILD_POD_FAILED',
    `${service}: the executor ${image} left no digest: ${message.slice(0, 200) || 'its termination message is empty'}`,
    { hint: 'set kaniko.image in appdev.yaml to an executor that supports --digest-file' },
  );
}

function certificateHint(host: string): string {
  return `set registry.ca in appdev.yaml to the file of its certificate authority; the certificate must be for ${host}, the name by which pods reach the registry`;
}

function pushHint({ code, hint }: AppdevError, host: string): string {
  if (code === 'REGISTRY_UNREACHABLE') {
    return `set registry.inCluster in appdev.yaml to the name by which pods reach the registry (now ${host}), and set registry.insecure if it speaks plain HTTP`;
  }
  if (code === 'REGISTRY_DENIED') {
    return 'log this machine in to the registry (docker login, buildah login), or name a Secret in kaniko.credentials';
  }
  return hint ?? `test the registry from a pod: curl http://${host}/v2/`;
}

function evidenceOf(lines: readonly string[]): readonly string[] {
  return lines.slice(-10).map(withoutPasswords);
}

/** The error as it is shown. It is cut, because some errors quote a whole answer. */
function errorLine(lines: readonly string[]): string {
  return withoutPasswords(lastError(lines)).slice(0, 500);
}

/** The executor's error. It prints the error last, on stderr, without a level, after the lines of its log. */
function lastError(lines: readonly string[]): string {
  const said = lines.filter((line) => line.trim() !== '' && !/^Usage:|^\s+-/.test(line));
  return (
    said.findLast((line) => /^(?:[Ee]rror|kaniko should|unknown flag)/.test(line)) ??
    said.at(-1) ??
    'it printed no error'
  );
}

/** The failure if the registry has no name that pods can use. */
export function noInClusterName(service: string, push: string): NotOk {
  return {
    kind: 'failed',
    error: appdevError(
      'REGISTRY_NOT_FOUND',
      `${service}: its build pod cannot push to ${push}: inside a pod, that name means the pod itself`,
      {
        hint: 'set registry.inCluster in appdev.yaml to the name by which pods reach the registry (or hostFromClusterNetwork in the ConfigMap kube-public/local-registry-hosting)',
      },
    ),
  };
}
