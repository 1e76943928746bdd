/**
 * The commands that a good user would run instead of appdev: Maven, Buildah with its layer cache and the layered
 * Containerfile of Spring Boot's reference documentation, a push, `helm upgrade`, and waiting for the rollout.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Spring Boot reference, "Efficient Container Images" / "Dockerfiles", with the base image as an argument. */
const containerfile = `ARG BASE
FROM \${BASE} AS builder
WORKDIR /builder
COPY target/*.jar application.jar
RUN java -Djarmode=tools -jar application.jar extract --layers --destination extracted
FROM \${BASE}
WORKDIR /application
COPY --from=builder /builder/extracted/dependencies/ ./
COPY --from=builder /builder/extracted/spring-boot-loader/ ./
COPY --from=builder /builder/extracted/snapshot-dependencies/ ./
COPY --from=builder /builder/extracted/application/ ./
ENTRYPOINT ["java", "-jar", "application.jar"]
`;

/** Paths of the fixture's two services. */
const services = {
  orders: { folder: '.', chart: 'deploy/chart', values: 'deploy/values-dev.yaml' },
  stock: { folder: 'stock', chart: 'stock/deploy/chart', values: 'stock/deploy/values-dev.yaml' },
};

/** Builds and deploys one service of the copied project. Returns milliseconds by stage. */
export function runShellLines(project, service, tag, { namespace, registry, base, mavenArgs, env }) {
  const { folder, chart, values } = services[service];
  const image = `${registry}/bench-shell/${service}`;
  const recipe = join(project, folder, 'Containerfile.bench');
  writeFileSync(recipe, containerfile);
  const stages = {};
  const line = (stage, program, ...args) => {
    const from = performance.now();
    const { status, stderr } = spawnSync(program, args, { cwd: project, env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}\n${stderr}`);
    stages[stage] = performance.now() - from;
  };
  const release = ['--namespace', namespace, '--create-namespace', '-f', values];
  line('maven', 'mvn', '-q', ...mavenArgs, '-f', join(folder, 'pom.xml'), 'package');
  line(
    'image',
    ...[
      'buildah',
      'bud',
      '--isolation',
      'chroot',
      '--layers',
      '--build-arg',
      `BASE=${base}`,
      '--tls-verify=false',
    ],
    ...['-f', recipe, '-t', `${image}:${tag}`, folder],
  );
  line('push', 'buildah', 'push', '--tls-verify=false', `${image}:${tag}`);
  const set = ['--set', `image.repository=${image}`, '--set', `image.tag=${tag}`];
  line('helm', 'helm', 'upgrade', '--install', service, chart, ...release, ...set);
  line('wait', 'kubectl', 'rollout', 'status', `deployment/${service}`, '-n', namespace, '--timeout=180s');
  return stages;
}
