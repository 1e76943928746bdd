/**
 * Makes Helm leave objects of a release where they are. There are two ways, because Helm (3.13 to 4.3) looks in two
 * places: an upgrade or a rollback looks at the annotation of the live object, an uninstall at the one in the release's
 * record.
 */
import { gzipSync } from 'node:zlib';
import { refOf, type Cluster, type KubeObject } from '../../../cluster/types.ts';
import { failed, ok, type Outcome } from '../../../core/outcome.ts';
import { isFields, stringAt } from '../../../support/fields.ts';
import { policyAnnotation } from '../../live/claims.ts';
import { parseDocuments, toYaml } from '../../objects/documents.ts';
import { homed, identityOf } from '../../objects/kinds.ts';
import { unpackRecord, type Revision } from '../../record/release.ts';

/** Not `appdev`: our next apply without the annotation would remove what `appdev` had applied. */
const keepManager = 'appdev-keep';

/** True for a live object that an upgrade or a rollback leaves alone. Helm accepts only this exact value. */
export function staysInUpgrade(live: KubeObject): boolean {
  return live.metadata.annotations?.[policyAnnotation] === 'keep';
}

/** Annotates live objects so that the next upgrade or rollback leaves them alone. */
export async function keepLive(
  objects: readonly KubeObject[],
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<void>> {
  for (const { apiVersion, kind, metadata } of objects) {
    const { name, namespace, uid } = metadata;
    // The uid makes sure that an object which is gone by now is not created again.
    const place = { ...(namespace && { namespace }), ...(uid && { uid }) };
    const marked = {
      apiVersion,
      kind,
      metadata: { name, ...place, annotations: { [policyAnnotation]: 'keep' } },
    };
    const applied = await cluster.apply(marked, { fieldManager: keepManager, force: true }, signal);
    if (applied.kind !== 'ok') return applied;
  }
  return ok(undefined);
}

/**
 * Annotates objects in the record of a release's last revision, so that the next uninstall leaves them alone. Helm has
 * no flag for that, and removing the release without Helm would skip the chart's hooks.
 */
export async function keepInRecord(
  { release, secret }: Revision,
  objects: readonly KubeObject[],
  namespace: string,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<void>> {
  if (objects.length === 0) return ok(undefined);
  const ref = { apiVersion: 'v1', kind: 'Secret', name: secret, namespace };
  const found = await cluster.get(ref, signal);
  if (found.kind !== 'ok') return found;
  const identities = new Set(objects.map((object) => identityOf(refOf(object))));
  const changed = found.value === undefined ? undefined : keptInRecord(found.value, identities, namespace);
  const written = changed === undefined ? ok('conflict') : await cluster.replace(changed, signal);
  if (written.kind !== 'ok') return written;
  if (written.value !== 'conflict') return ok(undefined);
  return failed(
    'DEPLOY_FAILED',
    `release ${release} in ${namespace} was changed by someone else in the meantime`,
    {
      hint: 'wait until that is done, then try again',
    },
  );
}

/**
 * The record with the annotation on these objects; all else in it stays as Helm wrote it. Pure.
 *
 * @param secret the Secret that holds the record
 * @returns undefined where the Secret holds none
 */
export function keptInRecord(
  secret: KubeObject,
  identities: ReadonlySet<string>,
  namespace: string,
): KubeObject | undefined {
  const record = unpackRecord(secret);
  const { data } = secret;
  if (!isFields(record) || !isFields(data)) return undefined;
  // Helm splits it the same way.
  const documents = (stringAt(record, 'manifest') ?? '').split(/(?:^|\n)---\s*/);
  const manifest = documents
    .filter((text) => text.trim() !== '')
    .map((text) => `---\n${keptIn(text, identities, namespace).trimEnd()}\n`)
    .join('');
  const packed = gzipSync(JSON.stringify({ ...record, manifest })).toString('base64');
  return { ...secret, data: { ...data, release: Buffer.from(packed).toString('base64') } };
}

function keptIn(text: string, identities: ReadonlySet<string>, namespace: string): string {
  const read = parseDocuments(text, { file: 'release', origin: 'generated' });
  const objects = read.objects.map(({ object }) => object);
  const keeps = homed(objects, namespace).map((object) => identities.has(identityOf(refOf(object))));
  if (!keeps.includes(true)) return text;
  // Helm asks each document, not the items of a List, so they become documents of their own.
  return toYaml(
    objects.map((object, index) => {
      if (keeps[index] !== true) return object;
      const { metadata } = object;
      const annotations = { ...metadata.annotations, [policyAnnotation]: 'keep' };
      return { ...object, metadata: { ...metadata, annotations } };
    }),
  );
}
