/** The section `kaniko` of appdev.yaml: what build pods are made of. */
import { z } from 'zod';
import type { KanikoDocument } from './document.ts';
import * as grammar from './grammar.ts';
import { text } from './values.ts';

/** The executor of `image.builder: kaniko`: a release of the fork that is maintained since the original was archived. */
const defaultKanikoImage = 'ghcr.io/osscontainertools/kaniko:v1.28.5';

const quantities = z.record(z.string().min(1), z.union([z.string(), z.number()]));

/** The section. */
export const kaniko: z.ZodType<KanikoDocument> = z.strictObject({
  image: text(grammar.imageReference)
    .default(defaultKanikoImage)
    .describe('Image of the executor. Keep it pinned: appdev passes the flags of this version.'),
  namespace: text(grammar.dnsLabel)
    .exactOptional()
    .describe(
      'Namespace of the build pods. It must admit the Pod Security level `baseline`, because build pods run as root in their container. Default: the namespace of `cluster`.',
    ),
  serviceAccount: text(grammar.argument)
    .exactOptional()
    .describe(
      "Service account of the build pods. Its token is not mounted. Default: the namespace's default account.",
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
      "Repository below the registry for the executor's layer cache, for Containerfiles. Default: no cache. appdev does not prune it.",
    ),
  mirrors: z
    .array(text(grammar.registry))
    .default([])
    .describe(
      'Registries to ask for images of Docker Hub before Docker Hub itself. Write the names that pods use.',
    ),
  insecureRegistries: z
    .array(text(grammar.registry))
    .default([])
    .describe('Hosts that pods may pull from over plain HTTP, besides a `registry` that is `insecure`.'),
  credentials: text(grammar.argument)
    .exactOptional()
    .describe(
      'Secret of type `kubernetes.io/dockerconfigjson` in the namespace of the build pods, to sign in with. Default: each build gets a Secret made from the logins of this machine, which is removed afterwards. With it, pods alone write to the registry, and images of jars take longer (docs/kaniko.md).',
    ),
  deadline: text(grammar.duration)
    .default('30m')
    .describe('How long one build may take, e.g. `10m`. After that, its pod is ended.'),
});

/** The section `kaniko` where nobody wrote one. */
export const kanikoDefaults: KanikoDocument = kaniko.parse({});
