/** Loads the project and chooses the services that the command line asks for. */
import { homedir } from 'node:os';
import { readKubeconfig, type KubeconfigPlaces } from '../cluster/choose/kubeconfig.ts';
import { loadProject, type LoadedProject } from '../config/load.ts';
import type { ProjectConfig, ServiceConfig } from '../config/model.ts';
import { nearest } from '../config/text/nearest.ts';
import { failed, ok, type Outcome } from '../core/outcome.ts';
import type { Invocation } from './invocation.ts';

/** Where appdev looks for kubeconfigs. */
export function kubeconfigPlaces(invocation: Invocation): KubeconfigPlaces {
  return { listed: invocation.environment.kubeconfig, home: homedir(), cwd: invocation.cwd };
}

/** Loads and validates the project file with the profiles that the command line asks for. It contacts nothing. */
export async function openProject(invocation: Invocation): Promise<Outcome<LoadedProject>> {
  const { environment } = invocation;
  const kubeconfig = await readKubeconfig(kubeconfigPlaces(invocation));
  return await loadProject({
    cwd: invocation.cwd,
    file: invocation.flags.file,
    profiles: invocation.flags.profile ?? [],
    autoActivation: invocation.flags.profileAutoActivation ?? true,
    variables: environment.variables,
    personalFiles: environment.personalFiles,
    kubeContext: invocation.flags.kubeContext,
    currentContext: kubeconfig.kind === 'ok' ? kubeconfig.value.currentContext : undefined,
    command: invocation.command,
  });
}

/**
 * The services that the command line names, in file order. All services if it names none.
 *
 * @param withNeeds true: add the services that the named ones need
 * @returns fails with SERVICE_UNKNOWN; the hint has the nearest name
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
