/**
 * How a chart is rendered for a deploy: with the release and the cluster in view, because a chart may ask for both
 * (`lookup`, `.Release.Revision`, `.Release.IsUpgrade`, `.Capabilities`). If the release was made from the same inputs,
 * nothing is rendered: its record says what it consists of, made-up passwords included.
 */
import type { Cluster } from '../../cluster/types.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import type { Attempt, OnCluster } from './chart/render.ts';
import { pinned } from './program/tool.ts';
import { hasContent, isOurRelease, manifestsOf, type ReleaseState } from '../record/release.ts';
import { readRelease } from '../record/release-store.ts';
import { targetOf } from './upgrade.ts';

/** True if the last revision is what this project made of these inputs, and helm finished it. */
export function isMadeOf(state: ReleaseState, hash: string, project: string): boolean {
  if (state.kind !== 'settled' || !isOurRelease(state.last, project)) return false;
  return state.last.status === 'deployed' && hasContent(state.last, hash);
}

/** Makes what a cluster contributes to renders. Reads releases and the table of kinds; writes nothing. */
export function onCluster(cluster: Cluster, project: string): OnCluster {
  return {
    version: async (signal) => await cluster.version(signal),
    async plan({ release, namespace }, hash, signal) {
      const found = await readRelease(release, namespace, cluster, signal);
      if (found.kind !== 'ok') return found;
      const state = found.value;
      if (state.kind === 'settled' && isMadeOf(state, hash, project)) {
        return ok({ kind: 'recorded', objects: state.last.rendered });
      }
      const target = targetOf(cluster, namespace);
      const isUpgrade =
        state.kind === 'settled' || (state.kind === 'pending' && state.deployed !== undefined);
      // Checking the objects against the API server's schemas is the upgrade's business.
      const server = ['--dry-run=server', '--disable-openapi-validation', ...pinned(target)];
      const { kubeconfig } = target;
      const upgrade: Attempt = {
        args: ['upgrade', '--output=json', '--reset-values', ...server],
        kubeconfig,
        read: (stdout) => manifestsOf(JSON.parse(stdout)),
      };
      const template = async (signal: AbortSignal): Promise<Outcome<readonly string[]>> => {
        const capabilities = await capabilitiesOf(cluster, signal);
        if (capabilities.kind !== 'ok') return capabilities;
        const release = isUpgrade ? ['--is-upgrade'] : [];
        return ok(['template', '--include-crds', '--skip-tests', ...release, ...capabilities.value]);
      };
      return ok({
        kind: 'render',
        attempts: [
          async (signal) => {
            if (state.kind === 'settled') return ok(upgrade);
            const args = await template(signal);
            return args.kind === 'ok' ? ok({ args: [...args.value, ...server], kubeconfig }) : args;
          },
          // A server refuses objects of kinds that the chart itself brings, and what is not the release's. The deploy
          // finds that out again, and it knows how to say it.
          async (signal) => {
            const args = await template(signal);
            return args.kind === 'ok' ? ok({ args: [...args.value, `--namespace=${namespace}`] }) : args;
          },
        ],
      });
    },
  };
}

async function capabilitiesOf(cluster: Cluster, signal: AbortSignal): Promise<Outcome<readonly string[]>> {
  const version = await cluster.version(signal);
  if (version.kind !== 'ok') return version;
  const offered = await cluster.apiVersions(signal);
  if (offered.kind !== 'ok') return offered;
  return ok([`--kube-version=${version.value}`, ...offered.value.map((name) => `--api-versions=${name}`)]);
}
