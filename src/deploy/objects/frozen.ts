/**
 * What Kubernetes cannot change in an object that it has made, and which objects go away by themselves. Pure.
 */
import type { KubeObject } from '../../cluster/types.ts';
import { fieldsAt, isFields, listAt, numberAt, type Fields } from '../../support/fields.ts';
import { canonicalJson } from './content.ts';
import { groupOf } from './kinds.ts';

/** Parts of a Job's spec that never change (`ValidateJobSpecUpdate` of Kubernetes 1.27 to 1.34). */
const frozenInJob = [
  'backoffLimitPerIndex',
  'completionMode',
  'completions',
  'managedBy',
  'manualSelector',
  'podFailurePolicy',
  'selector',
  'successPolicy',
  'template',
];

/** Parts of a Pod's spec that may change (`ValidatePodUpdate`), besides the images of its containers. */
const freeInPod = ['activeDeadlineSeconds', 'terminationGracePeriodSeconds', 'tolerations'];

/** True if one object cannot become the other in place, although both have the same name. */
export function isFrozen(before: KubeObject, wanted: KubeObject): boolean {
  const [old, now] = [frozenPart(before), frozenPart(wanted)];
  return old !== undefined && now !== undefined && canonicalJson(old) !== canonicalJson(now);
}

/** The part that never changes. Undefined for kinds that change in place. */
function frozenPart(object: KubeObject): Fields | undefined {
  const spec = fieldsAt(object, 'spec');
  if (isJob(object)) return Object.fromEntries(frozenInJob.map((key) => [key, spec[key]]));
  if (object.kind !== 'Pod' || object.apiVersion !== 'v1') return undefined;
  const rest = Object.entries(spec).filter(([key]) => !freeInPod.includes(key));
  const withoutImages = (key: string): unknown[] => listAt(spec, key).map(withoutImage);
  return {
    ...Object.fromEntries(rest),
    initContainers: withoutImages('initContainers'),
    containers: withoutImages('containers'),
  };
}

function withoutImage(container: unknown): unknown {
  if (!isFields(container)) return container;
  return Object.fromEntries(Object.entries(container).filter(([key]) => key !== 'image'));
}

/** True for a Job that deletes itself after it has ended (`ttlSecondsAfterFinished`). If it is gone, it has ended. */
export function removesItself(object: KubeObject): boolean {
  return isJob(object) && numberAt(object, 'spec', 'ttlSecondsAfterFinished') !== undefined;
}

function isJob({ kind, apiVersion }: KubeObject): boolean {
  return kind === 'Job' && groupOf(apiVersion) === 'batch';
}
