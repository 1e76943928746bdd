/** Turns the errors of `helm upgrade` into appdev's. Matches the texts of Helm 3.13 to 4.3. Pure. */
import { namespaceMissing } from '../live/namespace-missing.ts';
import { appdevError, type AppdevError, type ErrorCode } from '../../core/errors.ts';
import { complaintOf } from './chart/errors.ts';
import { lossOfApiServer } from './program/outage.ts';

/** What helm was asked to do. */
export interface UpgradeInput {
  readonly service: string;
  readonly release: string;
  readonly namespace: string;
  readonly context: string;
  /** URL of the API server. */
  readonly server: string;
}

/** A field that someone else manages. */
interface Conflict {
  readonly manager: string;
  readonly field: string;
}

/** Explains a failed `helm upgrade`: the error code, the cause, and what to type next. */
export function explainUpgrade(stderr: string, input: UpgradeInput): AppdevError {
  const complaint = complaintOf(stderr).map(withoutDump);
  const text = complaint.join('\n');
  const { release, namespace, context, service, server } = input;
  const at = `--kube-context ${context} -n ${namespace}`;
  const make = (code: ErrorCode, message: string, hint: string): AppdevError =>
    appdevError(code, message, { hint, ...(complaint.length > 1 ? { evidence: complaint } : {}) });

  const namespaceGone = /namespaces "([^"]+)" not found/.exec(text)?.[1];
  if (namespaceGone !== undefined) {
    const { message, hint = '' } = namespaceMissing(namespaceGone, namespace, context);
    return make('NAMESPACE_MISSING', message, hint);
  }
  if (text.includes('another operation (install/upgrade/rollback) is in progress')) {
    const message = `release ${release} in ${namespace} is being changed by another helm`;
    return make('RELEASE_STUCK', message, `run helm history ${release} ${at} to see who, then try again`);
  }
  const foreign = /\b(\w+) "([^"]+)" in namespace "[^"]*" exists and cannot be imported/.exec(text);
  if (foreign !== null) {
    const message = `${foreign[1] ?? ''}/${foreign[2] ?? ''} in ${namespace} exists but does not belong to release ${release}`;
    return make('OBJECT_FOREIGN', message, 'delete it, rename yours, or use --adopt to take it over');
  }
  const conflicts = conflictsIn(text);
  if (conflicts.length > 0) {
    const name = conflictingObject(stderr) ?? service;
    const list = conflicts.map(({ field, manager }) => `${field} belongs to ${manager}`).join(', ');
    const hint = 'someone else changed it at the same moment: try again';
    return make('DEPLOY_FAILED', `cannot apply ${name} of release ${release}: ${list}`, hint);
  }
  const loss = lossOfApiServer(text, server);
  if (loss !== undefined) {
    const message = `the API server of ${context} ${loss} while release ${release} was applied: its state is unknown`;
    return make(
      'CLUSTER_UNREACHABLE',
      message,
      'run the command again: it checks the release first and repairs it',
    );
  }
  const hook = /(pre|post)-(install|upgrade) hooks failed/.exec(text)?.[0];
  if (hook !== undefined) {
    return make(
      'DEPLOY_FAILED',
      `release ${release}: ${oneLine(text)}`,
      `run kubectl ${at} get jobs,pods to find the hook; its log says why`,
    );
  }
  const twice = /(\.spec\.\S{0,300}): duplicate entries for key \[(\S+)\]/.exec(text);
  if (twice !== null) {
    const [, field = '', key = ''] = twice;
    return make(
      'DEPLOY_FAILED',
      `release ${release}: ${objectIn(text)} has two entries with ${key} in ${field}`,
      'remove one of the two in the chart; Helm 3 took the last one silently',
    );
  }
  if (text.includes('field is immutable') && objectIn(text).startsWith('Job/')) {
    const job = objectIn(text).slice('Job/'.length);
    return make(
      'DEPLOY_FAILED',
      `release ${release}: ${objectIn(text)} cannot change, because a Job runs only once`,
      `give it a name of its own for each revision (${job}-{{ .Release.Revision }}), or make it a hook (helm.sh/hook: pre-upgrade with helm.sh/hook-delete-policy: before-hook-creation); for this time: kubectl ${at} delete job ${job}`,
    );
  }
  if (/field is immutable|may not change once set|updates to .{0,200} are forbidden/.test(text)) {
    return make(
      'DEPLOY_FAILED',
      `release ${release}: ${oneLine(text)}`,
      `that field cannot change in place: run appdev delete ${service}, then deploy again`,
    );
  }
  return make(
    'DEPLOY_FAILED',
    `release ${release}: ${oneLine(text)}`,
    `appdev render ${service}; helm history ${release} ${at}`,
  );
}

/** The line without the object that the API server prints into it, which may be thousands of characters. */
function withoutDump(line: string): string {
  const [from, to] = [line.indexOf(': Invalid value: '), line.lastIndexOf(': field is immutable')];
  return from >= 0 && from < to ? line.slice(0, from) + line.slice(to) : line;
}

/** `Kind/name` of the object that helm could not apply: Helm 4's words, or Helm 3's. */
function objectIn(text: string): string {
  const applied = /server-side apply failed for object (\S+) [^,]{0,300}, Kind=(\w+)/.exec(text);
  const patched = /cannot patch "([^"]+)" with kind (\w+)/.exec(text);
  const [, name = 'an object', kind = ''] = applied ?? patched ?? [];
  return kind === '' ? name : `${kind}/${name.split('/').at(-1) ?? name}`;
}

/** `Kind/name` of the object at which Helm 4's server-side apply stopped. */
export function conflictingObject(stderr: string): string | undefined {
  const object = /conflict occurred while applying object (\S+) [^,]{0,300}, Kind=(\w+)/.exec(stderr);
  return object === null ? undefined : `${object[2] ?? ''}/${object[1]?.split('/').at(-1) ?? ''}`;
}

/**
 * Reads `conflict with "kubectl" using apps/v1: .spec.replicas`, or for several fields `conflicts with "kubectl" using
 * apps/v1:` followed by a list. The texts are from apimachinery's managed-fields conflicts.
 */
function conflictsIn(text: string): Conflict[] {
  const found: Conflict[] = [];
  for (const match of text.matchAll(/conflicts? with "([^"]+)"[^\n:]{0,300}:((?: \.\S+)|(?:\n- \.\S+)+)/g)) {
    for (const field of (match[2] ?? '').matchAll(/\.\S+/g)) {
      found.push({ manager: match[1] ?? '', field: field[0].replace(/[,;]$/, '') });
    }
  }
  return found;
}

function oneLine(text: string): string {
  return (text.split('\n')[0] ?? text).replace(/^(UPGRADE|INSTALLATION) FAILED: /, '');
}
