/**
 * The schema of appdev.yaml: every key with its type, default and description. Validation, schema.json and
 * docs/config.md all come from here. It judges one value at a time; what concerns several values is in check.ts,
 * and whether a path exists is in paths.ts. No key may be here that nothing implements.
 */
import { z } from 'zod';
import { apiVersion, type KanikoDocument, type ProfileDocument, type ProjectDocument } from './document.ts';
import * as grammar from './grammar.ts';
import { overlayOf } from './schema-tools.ts';

/** The base of layered images where `image.base` names none. */
export const defaultBase = 'eclipse-temurin:17-jre';

/** The executor of `image.builder: kaniko`: a release of the fork that is maintained since the original was archived. */
const defaultKanikoImage = 'ghcr.io/osscontainertools/kaniko:v1.28.5';

/** A string that a grammar judges. The complaint becomes a zod issue with the hint in `params`. */
function text(judge: grammar.Grammar): z.ZodString {
  return z.string().check((context) => {
    const complaint = judge(context.value);
    if (complaint === undefined) return;
    context.issues.push({
      code: 'custom',
      input: context.value,
      message: complaint.message,
      params: { hint: complaint.hint },
    });
  });
}

const single = z.union([z.string(), z.number(), z.boolean()]);

const cluster = z.strictObject({
  context: text(grammar.argument)
    .exactOptional()
    .describe(
      'Context of the kubeconfig to deploy to. Without it, the current context, pinned when appdev starts.',
    ),
  allow: z
    .array(text(grammar.argument))
    .default([])
    .describe(
      'Further contexts, by exact name, that `dev`, `deploy` and `delete` may write to. Known local products (kind, minikube, k3d, …) are allowed already.',
    ),
  namespace: text(grammar.dnsLabel)
    .exactOptional()
    .describe("Namespace to deploy to. Without it, the context's own namespace, or `default`."),
  createNamespace: z.boolean().default(true).describe('Create namespaces that do not exist yet.'),
});

const scan = z.strictObject({
  severity: z
    .enum(['low', 'medium', 'high', 'critical'])
    .default('high')
    .describe('The mildest severity of a vulnerability that stops the deploy.'),
  fixableOnly: z
    .boolean()
    .default(false)
    .describe('Count only vulnerabilities that a newer version of the package mends.'),
  deadline: text(grammar.duration)
    .default('5m')
    .describe(
      'How long to wait for the scan, e.g. `90s` or `5m`; a scan that has not ended by then stops the deploy too.',
    ),
});

const registry = z.strictObject({
  push: text(grammar.registry).describe('Host[:port][/path] that this machine pushes to.'),
  pull: text(grammar.registry)
    .exactOptional()
    .describe('Host[:port][/path] that the nodes pull from. Without it, the same as `push`.'),
  inCluster: text(grammar.registry)
    .exactOptional()
    .describe('Host[:port][/path] by which pods in the cluster reach the registry.'),
  multiLevel: z
    .boolean()
    .exactOptional()
    .describe(
      'Rewrite names of other registries to folders (`registry.example.com/team/orders` below this one) instead of one part (`registry_example_com_team_orders`). Google’s registries always do.',
    ),
  insecure: z
    .boolean()
    .default(false)
    .describe('Speak plain HTTP to this registry. Never done where it is not written down.'),
  copy: z
    .strictObject({
      insecure: z
        .boolean()
        .default(false)
        .describe('Speak plain HTTP to the registry of `pull`. Never done where it is not written down.'),
    })
    .exactOptional()
    .describe(
      '`pull` is another registry than `push`, not another name of it: appdev copies each image there by its digest, with skopeo. `{}` takes the defaults.',
    ),
  ca: text(grammar.path)
    .exactOptional()
    .describe(
      "PEM file of a certificate authority to trust for this registry, beside the usual ones. `APPDEV_REGISTRY_CA` names one where this key doesn't.",
    ),
  harbor: z
    .strictObject({
      scan: scan
        .exactOptional()
        .describe(
          'Deploy only what the scanner of Harbor lets through: after the push a scan is started and waited for. Without it, only projects that prevent vulnerable pulls are waited for.',
        ),
    })
    .exactOptional()
    .describe('What appdev asks of a registry that is a Harbor (found by its API, not by its name).'),
});

const jar = z.strictObject({
  tool: z
    .enum(['auto', 'maven', 'gradle'])
    .default('auto')
    .describe(
      'Build tool: `auto` takes the one whose build file is in `path`, Maven where there are both; `maven` or `gradle` insist.',
    ),
  module: text(grammar.jarModule)
    .exactOptional()
    .describe(
      'Module of a multi-module build that makes the jar: its folder below `path`, or by name: `:artifactId` for Maven, `:a:b` for Gradle. What it depends on is built as well.',
    ),
  args: z
    .array(z.string())
    .default([])
    .describe('Further arguments of the build tool, e.g. `-Pfast` or `--configuration-cache`.'),
  tests: z
    .enum(['auto', 'run', 'skip'])
    .default('auto')
    .describe('Unit tests: `auto` runs them in `build` and `run`, not in `dev`.'),
});

const command = z.strictObject({
  run: z
    .array(text(grammar.commandWord))
    .describe(
      'The program and its arguments, started in `context`. No shell reads them; `[sh, -c, "…"]` is one. No secrets here: other users of the machine see them.',
    ),
  env: z
    .record(text(grammar.commandVariable), single)
    .default({})
    .describe(
      'Further environment variables of the program, by name. A value that changes makes another image; what changes from run to run and does not decide the image belongs in the environment of appdev.',
    ),
  dependencies: z
    .array(text(grammar.path))
    .exactOptional()
    .describe(
      'Files that decide the image beside the jar; patterns like `docker/**` are understood. Without it: what `containerfile` copies, or else everything in `context` that neither .dockerignore nor .gitignore leaves out.',
    ),
});

const tags = z.strictObject({
  template: text(grammar.tagTemplate)
    .exactOptional()
    .describe(
      'What the tag is made of, e.g. `{gitCommit}` or `v2-{gitCommit}-${BUILD_NUMBER}`. Parts: `{gitCommit}`, `{dateTime}`, `{inputDigest}`, `{contentTag}`. Without it, images have the tag of their content only.',
    ),
  gitCommit: z
    .strictObject({
      variant: z
        .enum(['tag', 'commit', 'abbrevCommit', 'tree', 'abbrevTree', 'branch'])
        .exactOptional()
        .describe(
          "`tag` (the default): as `git describe --tags --always` says. `tree`: the hash of the service's folder. `branch`: the commit where none is checked out.",
        ),
      prefix: z.string().exactOptional().describe('Text in front of it.'),
      ignoreChanges: z
        .boolean()
        .exactOptional()
        .describe("`true`: no `-dirty` where the service's folder has changes that are not committed."),
    })
    .exactOptional()
    .describe('What `{gitCommit}` stands for.'),
  dateTime: z
    .strictObject({
      format: text(grammar.dateFormat)
        .exactOptional()
        .describe('Of `yyyy MM dd HH mm ss SSS`. Without it, `yyyy-MM-dd_HH-mm-ss`.'),
      timezone: text(grammar.timeZone)
        .exactOptional()
        .describe('Name of a time zone, e.g. `Europe/Berlin`. Without it, `UTC`.'),
    })
    .exactOptional()
    .describe('What `{dateTime}` stands for: when the command was started.'),
});

const image = z.strictObject({
  repository: text(grammar.repository)
    .exactOptional()
    .describe(
      "Repository below the registry, without tag. Without it, the service's name. With a host, as manifests may name it, it is rewritten into `registry`.",
    ),
  builder: z
    .enum(['buildah', 'kaniko', 'command'])
    .default('buildah')
    .describe(
      'What builds the image: `buildah` on this machine, `kaniko` in a pod of the cluster, or the program that `command` names.',
    ),
  command: command
    .exactOptional()
    .describe(
      'The program that builds and pushes the image where `builder` is `command`. It gets image, context, platform and more by environment variables; see "Building by a command".',
    ),
  base: text(grammar.imageReference)
    .exactOptional()
    .describe(
      `Base image for the layers of the service's Spring Boot jar. Without it, \`${defaultBase}\`. Excludes \`containerfile\`.`,
    ),
  containerfile: text(grammar.path)
    .exactOptional()
    .describe('Containerfile or Dockerfile to build instead of the layered image. Excludes `base`.'),
  context: text(grammar.path)
    .exactOptional()
    .describe("Build context of `containerfile` or `command`. Without it, the service's `path`."),
  buildArgs: z
    .record(text(grammar.buildArgName), single)
    .exactOptional()
    .describe(
      'Build arguments of `containerfile`, by name. They stay in the image history: no secrets here.',
    ),
  tags: tags
    .exactOptional()
    .describe('Tags of this image; what is left out here, the `tags` of the project say.'),
});

const quantities = z.record(z.string().min(1), z.union([z.string(), z.number()]));

const kaniko = z.strictObject({
  image: text(grammar.imageReference)
    .default(defaultKanikoImage)
    .describe(
      'Image of the executor. Keep it pinned: the flags that appdev passes are those of this version.',
    ),
  namespace: text(grammar.dnsLabel)
    .exactOptional()
    .describe(
      'Namespace of the build pods. They run as root in their container: it must admit the Pod Security level `baseline`. Without it, the one of `cluster`.',
    ),
  serviceAccount: text(grammar.argument)
    .exactOptional()
    .describe(
      "Service account of the build pods. Its token is not mounted. Without it, the namespace's default.",
    ),
  nodeSelector: z
    .record(z.string().min(1), z.string())
    .default({})
    .describe('Labels of the nodes that build pods may run on.'),
  resources: z
    .strictObject({
      requests: quantities
        .default({})
        .describe('What a build pod asks for, e.g. `{cpu: 500m, memory: 1Gi}`.'),
      limits: quantities.default({}).describe('What a build pod may use at most, e.g. `{memory: 2Gi}`.'),
    })
    .prefault({})
    .describe('CPU and memory of the build pods.'),
  cache: text(grammar.repository)
    .exactOptional()
    .describe(
      "Repository below the registry for the executor's layer cache, for Containerfiles. Without it, nothing is cached. appdev does not prune it.",
    ),
  mirrors: z
    .array(text(grammar.registry))
    .default([])
    .describe(
      'Registries to ask for images of Docker Hub before Docker Hub itself, by the names that pods know.',
    ),
  insecureRegistries: z
    .array(text(grammar.registry))
    .default([])
    .describe('Hosts that pods may pull from by plain HTTP, beside a `registry` that is `insecure`.'),
  credentials: text(grammar.argument)
    .exactOptional()
    .describe(
      'Secret of type `kubernetes.io/dockerconfigjson` in the namespace of the build pods, to sign in with. Without it, one is made for each build from what this machine is logged in to, and removed after it.',
    ),
  deadline: text(grammar.duration)
    .default('30m')
    .describe('How long one build may take before its pod is ended, e.g. `10m`.'),
});

/** The section `kaniko` where nobody wrote one. */
export const kanikoDefaults: KanikoDocument = kaniko.parse({});

const helm = z.strictObject({
  chart: text(grammar.chart).describe('Folder of the chart (or a packaged .tgz), or `oci://host/path`.'),
  release: text(grammar.releaseName)
    .exactOptional()
    .describe("Name of the release. Without it, the service's name."),
  values: z.array(text(grammar.path)).default([]).describe('Values files; later ones win.'),
  set: z
    .record(text(grammar.valuesPath), single)
    .default({})
    .describe('Single values on top of the files, by dotted path, e.g. `{replicaCount: 2}`.'),
  imageValues: z
    .strictObject({
      repository: text(grammar.valuesPath)
        .default('image.repository')
        .describe('Path that receives registry and repository of the image.'),
      tag: text(grammar.valuesPath)
        .default('image.tag')
        .describe('Path that receives the tag; it carries the digest: `tag@sha256:…`.'),
    })
    .prefault({})
    .describe(
      "Where in the chart's values the image belongs. The default fits charts made by `helm create`.",
    ),
});

const kustomize = z.strictObject({
  path: text(grammar.path).describe('Folder that holds the kustomization.yaml, e.g. an overlay.'),
});

const deploy = z.strictObject({
  helm: helm
    .exactOptional()
    .describe('Deploy a chart as a Helm release. One of `helm`, `kustomize`, `manifests`.'),
  kustomize: kustomize
    .exactOptional()
    .describe('Deploy what Kustomize builds from a folder. One of `helm`, `kustomize`, `manifests`.'),
  manifests: z
    .array(text(grammar.path))
    .exactOptional()
    .describe(
      'Deploy plain YAML files; patterns like `deploy/*.yaml` are understood. One of `helm`, `kustomize`, `manifests`.',
    ),
  namespace: text(grammar.dnsLabel)
    .exactOptional()
    .describe('Namespace of this service. Without it, the one of `cluster`.'),
  deadline: text(grammar.duration)
    .default('5m')
    .describe('How long a rollout may take before it counts as failed, e.g. `90s` or `5m`.'),
  restartsAllowed: z
    .int()
    .min(0)
    .default(2)
    .describe('How often containers of the new version may restart before the rollout counts as failed.'),
});

const dev = z.strictObject({
  trigger: z
    .enum(['auto', 'manual'])
    .default('auto')
    .describe('`auto`: a saved file starts a run. `manual`: it waits for the key r.'),
  forward: z
    .array(text(grammar.forward))
    .default([])
    .describe(
      'Ports that `dev` forwards while it runs: `"local:remote"`, the remote one being the container\'s.',
    ),
});

const service = z.strictObject({
  path: text(grammar.path)
    .default('.')
    .describe(
      "Folder of the service's sources; it holds the pom.xml (of the whole build, where that has modules).",
    ),
  jar: jar
    .exactOptional()
    .describe(
      'How the jar is built; `{}` takes the defaults. Without `jar` and `image` nothing is built: a chart-only dependency.',
    ),
  image: image
    .exactOptional()
    .describe(
      'How the image is built. Without it, a service with `jar` gets a layered image with the defaults.',
    ),
  deploy: deploy.describe(
    'How the service reaches the cluster: exactly one of `helm`, `kustomize` and `manifests`.',
  ),
  dev: dev.prefault({}).describe('What only `appdev dev` does.'),
  needs: z
    .array(z.string())
    .default([])
    .describe('Names of services that are deployed and ready before this one.'),
});

const shape = {
  name: text(grammar.dnsLabel).describe('Name of the project.'),
  cluster: cluster.prefault({}).describe('Where to deploy, and where that is allowed.'),
  registry: registry
    .exactOptional()
    .describe(
      "The image registry. Without it, appdev finds the cluster's own: by the KEP-1755 ConfigMap, then by the conventions of kind and minikube.",
    ),
  kaniko: kaniko
    .exactOptional()
    .describe('Builds in pods, for services whose `image.builder` is `kaniko`. Without it, all defaults.'),
  tags: tags
    .exactOptional()
    .describe(
      'Further tags that `build` and `run` put on images in the registry, for people and retention. Deployed is the digest, so that a new tag on the same content rolls nothing out.',
    ),
  keepImages: z
    .int()
    .min(1)
    .default(5)
    .describe(
      "How many images of a service to keep in Buildah's storage and in the local registry; older ones are pruned.",
    ),
  ignore: z
    .array(z.string().min(1))
    .default([])
    .describe('Further files whose changes start nothing, in .gitignore syntax, relative to this file.'),
  services: z
    .record(text(grammar.dnsLabel), service)
    .describe('The deployable apps of the project, by name.'),
};

const version = z.literal(apiVersion).describe(`Version of the format; always \`${apiVersion}\`.`);

const activation = z.strictObject({
  env: text(grammar.envCondition)
    .exactOptional()
    .describe('`NAME=value`: the environment variable fits. `NAME=` holds when it is empty or not set.'),
  kubeContext: text(grammar.pattern).exactOptional().describe('The context that is deployed to fits.'),
  command: text(grammar.pattern).exactOptional().describe('The command that runs fits, e.g. `dev`.'),
});

const patch = z.strictObject({
  op: z
    .enum(['add', 'remove', 'replace', 'move', 'copy', 'test'])
    .default('replace')
    .describe('What to do, as RFC 6902 has it.'),
  path: text(grammar.pointer).describe(
    'Where, as a JSON pointer: `/services/orders/deploy/helm/values/0`; `/-` is the end of a list.',
  ),
  from: text(grammar.pointer).exactOptional().describe('Source of `move` and `copy`.'),
  value: z.unknown().exactOptional().describe('Value of `add`, `replace` and `test`.'),
});

const overlay = overlayOf(z.strictObject(shape)) as z.ZodObject;

const profile = z.strictObject({
  name: text(grammar.profileName).describe('Name, as `-p` takes it.'),
  activation: z
    .array(activation)
    .default([])
    .describe(
      'When the profile is active by itself: when all conditions of one entry hold. A value is equal or a regular expression that matches a part; `!` in front negates.',
    ),
  overlay: overlay
    .exactOptional()
    .describe(
      'Keys of this file, all optional: maps are merged, lists and single values replaced, `null` removes a key.',
    ),
  patches: z.array(patch).default([]).describe('JSON patches (RFC 6902), applied after the overlay.'),
});

const profiles = z
  .array(profile)
  .default([])
  .describe('Named variants of this file, selected by `-p` or by their activation.');

/** The project after profiles and variables: nothing may be missing any more. */
export const projectSchema: z.ZodType<ProjectDocument> = z.strictObject({ apiVersion: version, ...shape });

/** One entry of `profiles` by itself. */
export const profileSchema: z.ZodType<ProfileDocument> = profile;

/** appdev.yaml as it is written: for editors and the docs. */
export const fileSchema: z.ZodType = z.strictObject({ apiVersion: version, ...shape, profiles });

/** appdev.yaml as far as it can be judged before profiles: what is missing may still come from one. */
export const partialFileSchema: z.ZodType = z.strictObject({
  apiVersion: version,
  ...overlay.shape,
  profiles: profiles.exactOptional(),
});

/** appdev.local.yaml: an overlay, perhaps with the version in front. */
export const localFileSchema: z.ZodType = z.strictObject({
  apiVersion: version.exactOptional(),
  ...overlay.shape,
});
