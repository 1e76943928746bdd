/** What to do about a ConfigMap, Secret or claim that a pod names and the cluster lacks. Pure. */

/** The hint for the kubelet's words about it. */
export function missingHint(message: string): string {
  const missing = /(configmap|secret|persistentvolumeclaim)s? "([^"]+)" not found/i.exec(message);
  const key = /couldn't find key (\S+) in (ConfigMap|Secret) (\S+)$/i.exec(message);
  if (key !== null)
    return `add the key ${key[1] ?? ''} to ${key[2] ?? ''} ${key[3]?.split('/').at(-1) ?? ''}, or fix the reference to it`;
  if (missing !== null) {
    const kind = (missing[1] ?? '').toLowerCase();
    return `add ${kind} ${missing[2] ?? ''} to the chart or the manifests, or create it: kubectl create ${kind} ${missing[2] ?? ''} …`;
  }
  return 'fix the reference in the pod template; run appdev render to see it';
}
