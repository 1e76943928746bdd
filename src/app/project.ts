/** Loads the project as the command line asks for it. */
import { homedir } from 'node:os';
import { readKubeconfig, type KubeconfigPlaces } from '../cluster/choose/kubeconfig.ts';
import { loadProject, type LoadedProject } from '../config/load.ts';
import type { ProjectConfig, ServiceConfig } from '../config/model.ts';
import { nearest } from '../config/text/nearest.ts';
import { failed, ok, type Outcome } from '../core/outcome.ts';
import type { Invocation } from './invocation.ts';

/** Where kubeconfigs are looked for. */
export function kubeconfigPlaces(invocation: Invocation): KubeconfigPlaces {
  return { env: invocation.env, home: homedir(), cwd: invocation.cwd };
}

/** Loads and validates the project file with the profiles of this invocation. Contacts nothing. */
export async function openProject(invocation: Invocation): Promise<Outcome<LoadedProject>> {
  const kubeconfig = await readKubeconfig(kubeconfigPlaces(invocation));
  return await loadProject({
    cwd: invocation.cwd,
    file: invocation.strings['file'],
    profiles: invocation.lists['profile'] ?? [],
    autoActivation: invocation.booleans['profile-auto-activation'] ?? true,
    env: invocation.env,
    kubeContext: invocation.strings['kube-context'],
    currentContext: kubeconfig.kind === 'ok' ? kubeconfig.value.currentContext : undefined,
    command: invocation.command,
  });
}

/**
 * The services that the command line names, and with `withNeeds` what they need, in file order; all when it names none.
 *
 * @returns SERVICE_UNKNOWN with the nearest name.
 */
export function chooseServices(
  config: ProjectConfig,
  names: readonly string[],
  withNeeds: boolean,
): Outcome<readonly ServiceConfig[]> {
  const known = new Map(config.services.map((service) => [service.name, service]));
  const unknown = names.find((name) => !known.has(name));
  if (unknown !== undefined) {
    const near = nearest(unknown, [...known.keys()]);
    return failed('SERVICE_UNKNOWN', `there is no service '${unknown}' in ${config.name}`, {
      hint: near === undefined ? `services: ${[...known.keys()].join(', ')}` : `did you mean: ${near}`,
    });
  }
  if (names.length === 0) return ok(config.services);
  const chosen = new Set<string>();
  const add = (name: string): void => {
    if (chosen.has(name)) return;
    chosen.add(name);
    if (withNeeds) known.get(name)?.needs.forEach(add);
  };
  names.forEach(add);
  return ok(config.services.filter(({ name }) => chosen.has(name)));
}
