/** `appdev render`: prints the manifests that would be applied to standard output. Contacts no cluster. */
import type { Outcome } from '../core/outcome.ts';
import { chooseContext, readKubeconfig } from '../cluster/choose/kubeconfig.ts';
import { renderedEnd, renderedText } from '../deploy/render/rendered-file.ts';
import { createRenderer } from '../deploy/deployer/renderer.ts';
import { otherImages } from '../loop/work/images.ts';
import { runProcess } from '../support/process/process.ts';
import { readArtifacts } from '../app/handover/artifacts.ts';
import { tellOfNewerBuilds } from '../app/handover/newer-builds.ts';
import type { Invocation } from '../app/invocation.ts';
import { kubeconfigPlaces } from '../app/project.ts';
import { askedImages, resolveImages } from '../app/handover/given-images.ts';
import { quietContext } from '../app/compose/once.ts';
import { done, noticesOnStderr, withData } from '../app/data-session.ts';
import type { Session } from '../app/session.ts';

/** Runs `appdev render`. Returns the exit code. */
export async function render(invocation: Invocation): Promise<Outcome<number>> {
  return await withData(
    invocation,
    async (session) => {
      const asked = askedImages(session);
      if (asked.kind !== 'ok') return asked;
      const written = await readArtifacts(session, false);
      if (written.kind !== 'ok') return written;
      const given = await resolveImages(session, asked.value);
      if (given.kind !== 'ok') return given;
      await tellOfNewerBuilds(
        session,
        new Map([...written.value].filter(([service]) => !given.value.has(service))),
      );
      const artifacts = new Map([...written.value, ...given.value]);
      const { config } = session.project;
      const fallback = await namespaceOfContext(session);
      const renderer = createRenderer({
        run: runProcess,
        project: config.name,
        root: config.root,
        namespaceFor: (service) => service.deploy.namespace ?? fallback,
        onlyLooks: true,
      });
      for (const service of session.services) {
        const artifact = artifacts.get(service.name);
        const lacks = service.image !== undefined && artifact === undefined ? [service.name] : [];
        if (lacks.length > 0) {
          session.emit({
            type: 'notice',
            level: 'warning',
            service: service.name,
            message: `${service.name} has not been built yet, so its manifests have the image that the files name; deploy --rendered will refuse them`,
            hint: `run appdev build ${service.name}`,
          });
        }
        const others = otherImages(config.services, service.name, artifacts);
        const context = quietContext(session.signals.shutdown);
        const rendered = await renderer.render(service, artifact, context, others);
        if (rendered.kind !== 'ok') return rendered;
        for (const other of rendered.value.lacks ?? []) {
          session.emit({
            type: 'notice',
            level: 'warning',
            service: service.name,
            message: `${other} has not been built yet, so the manifests of ${service.name} have its image as the files name it`,
            hint: `run appdev build ${other}`,
          });
        }
        const { namespace, yaml } = rendered.value;
        process.stdout.write(renderedText(service.name, namespace, yaml, lacks));
      }
      process.stdout.write(renderedEnd);
      return done;
    },
    noticesOnStderr,
  );
}

/** The namespace that a deploy would choose. It reads the kubeconfig and does not contact the cluster. */
async function namespaceOfContext({ invocation, project }: Session): Promise<string> {
  const { cluster } = project.config;
  const named = invocation.flags.namespace ?? cluster.namespace;
  if (named !== undefined) return named;
  const kubeconfig = await readKubeconfig(kubeconfigPlaces(invocation));
  if (kubeconfig.kind !== 'ok') return 'default';
  const chosen = chooseContext(kubeconfig.value, invocation.flags.kubeContext ?? cluster.context);
  return chosen.kind === 'ok' ? (chosen.value.namespace ?? 'default') : 'default';
}
