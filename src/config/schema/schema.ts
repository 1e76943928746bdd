/**
 * The schema of appdev.yaml: every key with its type, default and description. Validation, schema.json and
 * docs/config.md all come from here. It judges one value at a time; what concerns several values is in config/check/check.ts,
 * and whether a path exists is in config/check/paths.ts. The larger sections have files of their own beside this one. Every key here must
 * have an effect.
 */
import { z } from 'zod';
import { apiVersion, type ProfileDocument, type ProjectDocument } from './document.ts';
import * as grammar from './grammar.ts';
import { image, tags } from './image.ts';
import { kaniko } from './kaniko.ts';
import { registry } from './registry.ts';
import { single, text } from './values.ts';
import { overlayOf } from './tools.ts';

const cluster = z.strictObject({
  context: text(grammar.argument)
    .exactOptional()
    .describe(
      'Context of the kubeconfig to deploy to. Default: the current context, pinned when appdev starts.',
    ),
  allow: z
    .array(text(grammar.argument))
    .default([])
    .describe(
      'More contexts that `dev`, `deploy` and `delete` may write to, by exact name. Known local products (kind, minikube, k3d, …) are always allowed.',
    ),
  namespace: text(grammar.dnsLabel)
    .exactOptional()
    .describe("Namespace to deploy to. Default: the context's own namespace, or `default`."),
  createNamespace: z.boolean().default(true).describe('Create namespaces that do not exist yet.'),
});

const jar = z.strictObject({
  tool: z
    .enum(['auto', 'maven', 'gradle'])
    .default('auto')
    .describe(
      'Build tool. `auto`: whichever build file is in `path`, Maven if both are. `maven` or `gradle` force one.',
    ),
  module: text(grammar.jarModule)
    .exactOptional()
    .describe(
      'The module that makes the jar, in a build with modules. Write its folder below `path`, or its name: `:artifactId` for Maven, `:a:b` for Gradle. Modules that it depends on are built too.',
    ),
  args: z
    .array(z.string())
    .default([])
    .describe(
      'More arguments for the build tool, e.g. `-Pfast` or `--configuration-cache`. Secrets are refused here, because other users of the machine could see them.',
    ),
  tests: z
    .enum(['auto', 'run', 'skip'])
    .default('auto')
    .describe('Unit tests. `auto`: run them in `build` and `run`, not in `dev`.'),
});

const imagePlace = z.strictObject({
  repository: text(grammar.valuesPath)
    .exactOptional()
    .describe(
      'Path that receives the name of the image: with the registry, or without it if `registry` is set. Default in `imageValues`: `image.repository`; none with `reference`.',
    ),
  tag: text(grammar.valuesPath)
    .exactOptional()
    .describe(
      'Path that receives the tag: with the digest (`tag@sha256:…`), or without it if `digest` or `sha` is set. Default in `imageValues`: `image.tag`; none with `reference`, `digest` or `sha`. If it is the same path as `repository`, that path receives the whole reference.',
    ),
  registry: text(grammar.valuesPath)
    .exactOptional()
    .describe('Path that receives the registry alone: `host:port`.'),
  digest: text(grammar.valuesPath)
    .exactOptional()
    .describe('Path that receives the digest alone: `sha256:…`.'),
  sha: text(grammar.valuesPath)
    .exactOptional()
    .describe('Path that receives the digest without `sha256:` in front.'),
  reference: text(grammar.valuesPath)
    .exactOptional()
    .describe('Path that receives the whole reference: `registry/repository:tag@sha256:…`.'),
  tagOnly: z
    .boolean()
    .default(false)
    .describe(
      '`true`: give no digest. For a chart that puts the tag into a label or a name, which cannot hold a digest. The tag is made from the content of the image, so pods still run what was built.',
    ),
});

const helm = z.strictObject({
  chart: text(grammar.chart).describe('Folder of the chart (or a packaged .tgz), or `oci://host/path`.'),
  release: text(grammar.releaseName)
    .exactOptional()
    .describe("Name of the release. Default: the service's name."),
  values: z.array(text(grammar.path)).default([]).describe('Values files. Later ones win.'),
  set: z
    .record(text(grammar.valuesPath), single)
    .default({})
    .describe('Single values on top of the files, by dotted path, e.g. `{replicaCount: 2}`.'),
  imageValues: imagePlace
    .exactOptional()
    .describe(
      "Where the image belongs in the chart's values, by dotted paths. Default: what the chart's `values.yaml` has below `image` (`registry`, `repository`, `tag`, `digest`), as `helm create` and most public charts have it.",
    ),
  moreImageValues: z
    .array(imagePlace)
    .default([])
    .describe(
      'More places that receive the image, e.g. for a second workload. The keys are those of `imageValues`.',
    ),
  otherImageValues: z
    .record(text(grammar.dnsLabel), imagePlace)
    .exactOptional()
    .describe(
      "Where images of other services belong in the chart's values, by service: for example the one that migrates the database.",
    ),
});

const kustomize = z.strictObject({
  path: text(grammar.path).describe('Folder with the kustomization.yaml, e.g. an overlay.'),
  loadRestrictor: z
    .enum(['LoadRestrictionsRootOnly', 'LoadRestrictionsNone'])
    .default('LoadRestrictionsRootOnly')
    .describe(
      'Which files Kustomize may read: only those below the folder of each kustomization.yaml, or (`LoadRestrictionsNone`) any.',
    ),
});

const deploy = z.strictObject({
  helm: helm.exactOptional().describe('Deploy a chart as a Helm release.'),
  kustomize: kustomize.exactOptional().describe('Deploy what Kustomize builds from a folder.'),
  manifests: z
    .array(text(grammar.path))
    .exactOptional()
    .describe('Deploy plain YAML files. Patterns like `deploy/*.yaml` work.'),
  namespace: text(grammar.dnsLabel)
    .exactOptional()
    .describe('Namespace of this service. Default: the namespace of `cluster`.'),
  deadline: text(grammar.duration)
    .default('5m')
    .describe('How long a rollout may take, e.g. `90s` or `5m`. After that, it counts as failed.'),
  restartsAllowed: z
    .int()
    .min(0)
    .default(2)
    .describe(
      'How often containers of the new version may restart. After more restarts, the rollout counts as failed.',
    ),
});

const dev = z.strictObject({
  trigger: z
    .enum(['auto', 'manual'])
    .default('auto')
    .describe('`auto`: a saved file starts a run. `manual`: a run waits until you press r.'),
  forward: z
    .array(text(grammar.forward))
    .default([])
    .describe(
      'Ports that `dev` forwards while it runs: `"local:remote"`. The remote port is the one of the container.',
    ),
});

const service = z.strictObject({
  path: text(grammar.path)
    .default('.')
    .describe(
      "Folder of the service's sources. It holds the build file; in a build with modules, the one of the whole build.",
    ),
  jar: jar
    .exactOptional()
    .describe(
      'How the jar is built. `{}` takes the defaults. Without `jar` and `image`, nothing is built: the service is only deployed.',
    ),
  image: image
    .exactOptional()
    .describe(
      'How the image is built. Default, for a service with `jar`: a layered image with the defaults.',
    ),
  deploy: deploy.describe(
    'How the service reaches the cluster: exactly one of `helm`, `kustomize` and `manifests`.',
  ),
  dev: dev.prefault({}).describe('Settings for `appdev dev` only.'),
  needs: z
    .array(z.string())
    .default([])
    .describe('Services that must be deployed and ready before this one, by name.'),
});

const imageKind = z.strictObject({
  kind: text(grammar.kind).describe('The kind, e.g. `ScaledJob`.'),
  group: text(grammar.apiGroup)
    .default('')
    .describe(
      "The API group, e.g. `keda.sh`: what stands before the slash in `apiVersion`. Default: Kubernetes' core.",
    ),
  fields: z
    .array(text(grammar.fieldPath))
    .default([])
    .describe(
      'Where the images are, e.g. `spec.runner` or `spec.steps[].container`; `[]` stands for every item of a list. Default: every key `image` of the object.',
    ),
});

const shape = {
  name: text(grammar.dnsLabel).describe('Name of the project.'),
  cluster: cluster.prefault({}).describe('Where to deploy, and where that is allowed.'),
  registry: registry
    .exactOptional()
    .describe(
      "The image registry. Without this key, appdev finds the cluster's own registry: by the KEP-1755 ConfigMap, then by the conventions of kind and minikube.",
    ),
  kaniko: kaniko
    .exactOptional()
    .describe(
      'Settings of build pods, for services whose `image.builder` is `kaniko`. Every key has a default.',
    ),
  tags: tags
    .exactOptional()
    .describe(
      'Tags that `build` and `run` add to images in the registry, for people and for retention rules. Deployments always use the digest, so a new tag on the same content rolls nothing out.',
    ),
  keepImages: z
    .int()
    .min(1)
    .default(5)
    .describe(
      "How many images of a service to keep in Buildah's storage and in the local registry. Older ones are pruned.",
    ),
  ignore: z
    .array(z.string().min(1))
    .default([])
    .describe('More files whose changes start nothing, in .gitignore syntax, relative to this file.'),
  imageKinds: z
    .array(imageKind)
    .default([])
    .describe(
      "More kinds of objects whose `image` keys name images, such as those of an operator. appdev knows Kubernetes' own, Argo's, Knative's, Tekton's, KEDA's and some more.",
    ),
  services: z
    .record(text(grammar.dnsLabel), service)
    .describe('The deployable apps of the project, by name.'),
};

const version = z.literal(apiVersion).describe(`Version of the format: always \`${apiVersion}\`.`);

const activation = z.strictObject({
  env: text(grammar.envCondition)
    .exactOptional()
    .describe(
      '`NAME=value` holds if the environment variable fits. `NAME=` holds if it is empty or not set.',
    ),
  kubeContext: text(grammar.pattern).exactOptional().describe('Holds if the context to deploy to fits.'),
  command: text(grammar.pattern).exactOptional().describe('Holds if the command that runs fits, e.g. `dev`.'),
});

const patch = z.strictObject({
  op: z
    .enum(['add', 'remove', 'replace', 'move', 'copy', 'test'])
    .default('replace')
    .describe('What to do, as in RFC 6902.'),
  path: text(grammar.pointer).describe(
    'Where, as a JSON pointer: `/services/orders/deploy/helm/values/0`. `/-` is the end of a list.',
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
      'When the profile is active by itself: if all conditions of one entry hold. A value fits if it is equal, or is a regular expression that matches a part. `!` in front negates it.',
    ),
  overlay: overlay
    .exactOptional()
    .describe(
      'Any keys of this file. Maps are merged, lists and single values are replaced, `null` removes a key.',
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
