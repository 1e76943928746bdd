/**
 * What went wrong with a build in a pod, in appdev's words. Pure. The executor ends with 1 for nearly everything, so that
 * only its last lines tell a registry that says no from a Containerfile that does not work.
 */
import { appdevError, type AppdevError } from '../../../core/errors.ts';
import { failed, type NotOk } from '../../../core/outcome.ts';
import { transferFailure } from '../transfer/errors.ts';
import type { PodState, Trouble } from './state.ts';
import { withoutPasswords } from '../transfer/redact.ts';

/** What messages are about. */
export interface BuildSubject {
  readonly service: string;
  readonly namespace: string;
  readonly pod: string;
  /** Image of the executor. */
  readonly image: string;
  /** Host of the registry, by the name that pods know. */
  readonly host: string;
}

/** A pod that does not start. */
export function notStarted(subject: BuildSubject, trouble: Trouble): NotOk {
  const { service, image, namespace } = subject;
  switch (trouble.what) {
    case 'unschedulable':
      return failed('BUILD_POD_FAILED', `${service}: no node takes the build pod: ${trouble.message}`, {
        hint: 'lower kaniko.resources, or correct kaniko.nodeSelector in appdev.yaml; kubectl describe nodes shows what is free',
      });
    case 'image':
      return failed(
        'BUILD_POD_FAILED',
        `${service}: the node cannot pull the executor ${image}: ${trouble.message}`,
        {
          hint: 'set kaniko.image in appdev.yaml to where your nodes can get it, e.g. a copy in your own registry',
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

/** A pod that the API server did not accept, in its words. */
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

/** A pod whose name somebody's has already; ours are random. */
export function nameTaken({ service, pod, namespace }: BuildSubject): NotOk {
  return failed('BUILD_POD_FAILED', `${service}: namespace ${namespace} has a pod ${pod} already`, {
    hint: 'build again: every build pod has a new name',
  });
}

/** A pod that is gone, or ended without its container's word. */
export function lost(
  subject: BuildSubject,
  state: { readonly reason: string; readonly message: string },
): NotOk {
  const { service, pod, namespace } = subject;
  if (state.reason === 'DeadlineExceeded') {
    return failed('BUILD_POD_FAILED', `${service}: the build took longer than kaniko.deadline allows`, {
      hint: 'raise kaniko.deadline in appdev.yaml, or find out what the build waits for',
    });
  }
  const said = state.message === '' ? '' : `: ${state.message}`;
  return failed(
    'BUILD_POD_FAILED',
    `${service}: the build pod ${pod} ended before its build (${state.reason})${said}`,
    { hint: `build again; the events may tell who ended it: kubectl -n ${namespace} get events` },
  );
}

/** A connection that broke while the context was sent. */
export function contextNotSent(subject: BuildSubject, error: AppdevError): NotOk {
  return failed(
    'BUILD_POD_FAILED',
    `${subject.service}: the connection to the build pod broke while the build context was sent: ${error.message}`,
    { hint: 'build again; a proxy between here and the API server must let WebSockets through' },
  );
}

/** Whether an executor that failed says that its input ended too early. */
export function saysContextCut(lines: readonly string[]): boolean {
  return lines.some((line) => /unexpected EOF|gzip: invalid (?:header|checksum)/.test(line));
}

/** An executor that ended with another code than 0. `lines`: what it said, last line last. */
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
  // The executor's registry library signs in nowhere that is named by such an address (transport/bearer.go).
  const address = /realm host "([^"]+)" is a private or link-local address/.exec(last)?.[1];
  if (address !== undefined) {
    return failed(
      'REGISTRY_UNREACHABLE',
      `${service}: the executor does not sign in at ${address}: the registry names its token service by a private address`,
      {
        hint: 'give the registry a DNS name that pods resolve, as its own external URL (Harbor: external_url), and name it by that: registry.push or registry.inCluster in appdev.yaml',
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
  // Harbor's word for an image that its project lets nobody pull: unscanned, or with vulnerabilities.
  const policy = /GET https?:\/\/([^/\s]+)\/v2\/(\S+)\/manifests\/\S+: PROJECTPOLICYVIOLATION: (.*)/.exec(
    last,
  );
  if (policy !== null) {
    const [, registry = '', image = '', words = ''] = policy;
    return failed(
      'BASE_IMAGE_MISSING',
      `${service}: the build pod may not pull ${registry}/${image}: its project keeps it back: ${words}`,
      {
        hint: 'have that image scanned in Harbor, or build on one that its project lets through; an exception belongs into its CVE allowlist',
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
        hint: 'check image.base, or FROM in the Containerfile; in a pod, names of this machine (localhost) mean the pod itself',
        evidence: evidenceOf(lines),
      },
    );
  }
  return failed('IMAGE_BUILD_FAILED', `${service}: the executor ended with ${state.exitCode}: ${last}`, {
    hint: 'its last lines are above; a file that COPY does not find may be excluded by .dockerignore',
    evidence: evidenceOf(lines),
  });
}

/** What the registry said to the push. Only that line counts: what a build prints may hold any word. */
function pushRefused({ service, host }: BuildSubject, last: string, lines: readonly string[]): NotOk {
  const doing = `${service}: pushing from the build pod`;
  const evidence = evidenceOf(lines);
  // The executor looks at the tag before it pushes. Harbor answers so for one that is there and may not be pulled.
  if (/HEAD \S+\/manifests\/\S+: unexpected status code 412/.test(last)) {
    return failed('TAG_IMMUTABLE', `${doing} failed: ${host} has this tag already and keeps it back (412)`, {
      hint: 'have the image of that tag scanned in Harbor, or see the policies of its project',
      evidence,
    });
  }
  const { error } = transferFailure(doing, host, [last]);
  const hint = last.includes('x509:') ? certificateHint(host) : pushHint(error, host);
  return { kind: 'failed', error: { ...error, hint, evidence } };
}

/**
 * A tag that the registry keeps and that names another image than the one that was built for it. `there`: that image's
 * digest, where it is known.
 */
export function tagTaken(error: AppdevError, there: string | undefined): NotOk {
  if (there === undefined) return { kind: 'failed', error };
  return {
    kind: 'failed',
    error: {
      ...error,
      message: `${error.message}; it names another image, ${there}`,
      hint: 'the same files made another image: name its base by digest (FROM name@sha256:…), or change the rule for immutable tags of the project',
    },
  };
}

/** A build that says it succeeded and left no digest. */
export function noDigest({ service, image }: BuildSubject, message: string): NotOk {
  return failed(
    'BUILD_POD_FAILED',
    `${service}: the executor ${image} left no digest: ${message.slice(0, 200) || 'its termination message is empty'}`,
    { hint: 'set kaniko.image in appdev.yaml to an executor that knows --digest-file' },
  );
}

function certificateHint(host: string): string {
  return `name the file of its authority by registry.ca in appdev.yaml; the certificate must be for ${host}, the name by which pods reach the registry`;
}

function pushHint({ code, hint }: AppdevError, host: string): string {
  if (code === 'REGISTRY_UNREACHABLE') {
    return `set registry.inCluster in appdev.yaml to the name by which pods reach the registry (now ${host}), and registry.insecure where it speaks plain HTTP`;
  }
  if (code === 'REGISTRY_DENIED') {
    return 'log this machine in to the registry (docker login, buildah login), or name a Secret in kaniko.credentials';
  }
  return hint ?? `ask the registry from a pod: curl http://${host}/v2/`;
}

function evidenceOf(lines: readonly string[]): readonly string[] {
  return lines.slice(-10).map(withoutPasswords);
}

/** The error as it is shown: cut, for some quote a whole answer. */
function errorLine(lines: readonly string[]): string {
  return withoutPasswords(lastError(lines)).slice(0, 500);
}

/** The executor prints its error last, on stderr, without a level; before it come lines of its log. */
function lastError(lines: readonly string[]): string {
  const said = lines.filter((line) => line.trim() !== '' && !/^Usage:|^\s+-/.test(line));
  return (
    said.findLast((line) => /^(?:[Ee]rror|kaniko should|unknown flag)/.test(line)) ??
    said.at(-1) ??
    'it said nothing'
  );
}

/** The failure for a registry without a name that pods know. */
export function noInClusterName(service: string, push: string): NotOk {
  return {
    kind: 'failed',
    error: appdevError(
      'REGISTRY_NOT_FOUND',
      `${service}: its build pod cannot push to ${push}: in a pod, that name means the pod itself`,
      {
        hint: 'set registry.inCluster in appdev.yaml to the name by which pods reach the registry (or hostFromClusterNetwork in the ConfigMap kube-public/local-registry-hosting)',
      },
    ),
  };
}
