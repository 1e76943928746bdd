/**
 * The rooms of src: every folder that holds source files, what it is about, and which rooms it may import from. It is the
 * one place for this: architecture.test.ts holds the code to it, and writes the tree and the list of docs/architecture.md.
 */

/** One room. */
export interface Room {
  /** What it owns, in a line. */
  readonly about: string;
  /** Rooms that it may import from. */
  readonly from: readonly string[];
}

/** No room holds more files than this, tests left out. */
export const roomLimit = 20;

/** Every room, by its path below src, in the order of the docs. */
export const rooms: Readonly<Record<string, Room>> = {
  '': {
    about: "the program's entry",
    from: ['core', 'app', 'commands'],
  },
  core: {
    about:
      'what everything else speaks in: events, outcomes, errors and their exit codes, places in files, labels, words',
    from: [],
  },
  support: {
    about:
      'small things without a subject: waiting for aborts, time, cleanup, reading fields, masking secrets',
    from: ['core'],
  },
  'support/process': {
    about:
      'child processes (the only importer of execa), their output, and what a killed session left running',
    from: ['support'],
  },
  'support/files': {
    about: 'temporary folders, state files, locks, a full disk',
    from: ['core', 'support', 'support/process'],
  },
  config: {
    about: 'from appdev.yaml to the project that every other part sees; artifacts.json as data',
    from: ['core', 'config/text', 'config/schema', 'config/check', 'profiles'],
  },
  'config/text': {
    about: 'YAML with positions, variables, and how a complaint is shown at its place',
    from: ['core'],
  },
  'config/schema': {
    about: 'every key of appdev.yaml, the grammar of single values, and the texts of schema errors',
    from: ['core', 'config/text'],
  },
  'config/check': {
    about: 'what must be true between several values, and which paths must be there',
    from: ['core', 'config/text', 'config/schema'],
  },
  'config/docs': {
    about: 'what is generated from the schema: schema.json and docs/config.md',
    from: ['config', 'config/schema'],
  },
  profiles: {
    about: 'which profiles are active, and how overlays and patches are laid over the file',
    from: ['core', 'config/text', 'config/schema'],
  },
  cluster: {
    about: 'the cluster as others see it, the local products, and addresses',
    from: ['core', 'support'],
  },
  'cluster/api': {
    about: 'requests to the API server: sign-in, list and watch, exec, attach, port-forward, logs',
    from: ['core', 'support', 'support/process', 'cluster'],
  },
  'cluster/choose': {
    about: 'which cluster: kubeconfig, the guard, and the pinned file of the session',
    from: ['core', 'support', 'support/process', 'config', 'cluster'],
  },
  'cluster/hold': {
    about: 'the lock on a namespace, who holds it, and namespaces that appdev made',
    from: ['core', 'support', 'support/process', 'cluster', 'cluster/api'],
  },
  'cluster/logs': {
    about: 'application logs of every container of a service, over restarts',
    from: ['core', 'support', 'support/process', 'cluster', 'cluster/api'],
  },
  'cluster/forward': {
    about: 'ports of a service on this machine',
    from: ['core', 'support', 'config', 'cluster', 'cluster/logs'],
  },
  registry: {
    about: 'image names, where images go, what was pushed, and loading into kind and minikube',
    from: ['core', 'support', 'support/process', 'support/files', 'config', 'cluster'],
  },
  'registry/api': {
    about: 'requests to one registry: manifests, tags, signing in, trying again',
    from: ['core', 'support', 'registry'],
  },
  'registry/login': {
    about: 'which login and which authority a registry gets',
    from: ['core', 'support', 'support/process', 'support/files', 'registry'],
  },
  'registry/find': {
    about: "how the cluster's registry is found (KEP-1755, kind, minikube)",
    from: ['core', 'support', 'config', 'cluster', 'registry', 'registry/api'],
  },
  'registry/harbor': {
    about: "Harbor's own API, and its scan gate",
    from: ['core', 'support', 'support/files', 'config', 'registry', 'registry/api'],
  },
  'registry/prune': {
    about: 'removing old images of ours from a local registry',
    from: ['core', 'support', 'cluster', 'registry', 'registry/api'],
  },
  watch: {
    about:
      'what a service is made from: wake-ups (the only importer of chokidar), ignores, snapshots, classification',
    from: ['core', 'config', 'build', 'build/image/context'],
  },
  build: {
    about: 'what a builder of jars and a builder of images is',
    from: ['core', 'config'],
  },
  'build/jar': {
    about:
      'what both build tools share: the choice between them, locks, stages, reading compilers and tests, finding the jar',
    from: [
      'core',
      'support',
      'support/process',
      'support/files',
      'config',
      'build',
      'build/jar/archive',
      'build/image/context',
    ],
  },
  'build/jar/maven': {
    about: 'jars by Maven',
    from: [
      'core',
      'support',
      'support/process',
      'support/files',
      'config',
      'build',
      'build/jar',
      'build/jar/maven/model',
      'build/jar/maven/listener',
    ],
  },
  'build/jar/maven/model': {
    about: 'what a Maven build is made of: poms, modules, what each needs and reads',
    from: ['support', 'build', 'build/jar'],
  },
  'build/jar/maven/listener': {
    about: 'the listener that runs inside Maven: its Java, how it is compiled, and what it says',
    from: ['core', 'support', 'support/process', 'build/jar'],
  },
  'build/jar/gradle': {
    about: 'jars by Gradle',
    from: ['core', 'support', 'support/process', 'support/files', 'config', 'build', 'build/jar'],
  },
  'build/jar/archive': {
    about: 'reading and writing zip archives and manifests',
    from: [],
  },
  'build/image': {
    about: 'which builder makes which image; what a Harbor adds to any of them',
    from: [
      'core',
      'support/process',
      'config',
      'registry',
      'registry/api',
      'registry/harbor',
      'build',
      'build/image/buildah',
    ],
  },
  'build/image/layers': {
    about: 'how a jar is cut into layers, and the Containerfile of them',
    from: ['core', 'build/jar/archive'],
  },
  'build/image/context': {
    about: "which files a Containerfile's build sees, and its arguments",
    from: ['support', 'config/schema'],
  },
  'build/image/buildah': {
    about: 'images by Buildah: its storage, cache, base images, pushes and pruning',
    from: [
      'core',
      'support',
      'support/process',
      'support/files',
      'config',
      'registry',
      'registry/api',
      'registry/login',
      'build',
      'build/jar',
      'build/image/layers',
      'build/image/context',
      'build/image/transfer',
    ],
  },
  'build/image/kaniko': {
    about: 'images by Kaniko: pods in the cluster, fed, followed and removed',
    from: [
      'core',
      'support',
      'support/process',
      'support/files',
      'config',
      'cluster',
      'cluster/hold',
      'registry',
      'registry/api',
      'registry/harbor',
      'build',
      'build/jar',
      'build/image/layers',
      'build/image/context',
      'build/image/transfer',
    ],
  },
  'build/image/command': {
    about: "images by a command of the user's",
    from: ['core', 'support', 'support/process', 'support/files', 'config', 'registry', 'build', 'build/jar'],
  },
  'build/image/transfer': {
    about: 'pushes, pulls and copies: trying again, and what their errors mean',
    from: ['core', 'support', 'support/process', 'registry', 'registry/login', 'build'],
  },
  'build/image/tags': {
    about: 'tags for people, and what git says about the sources',
    from: ['core', 'support/process', 'config', 'config/text', 'config/schema', 'registry/api'],
  },
  deploy: {
    about: 'what a renderer and a deployer are',
    from: ['core', 'config', 'cluster', 'build', 'deploy/objects'],
  },
  'deploy/objects': {
    about:
      'Kubernetes objects as data: kinds, documents, hashes, images in them, whose they are, how long they stay',
    from: ['core', 'support', 'cluster'],
  },
  'deploy/live': {
    about:
      'objects in the cluster: what others changed, volume claims, following, removing and waiting until they are gone',
    from: ['core', 'support', 'cluster', 'deploy/objects'],
  },
  'deploy/record': {
    about: "what the cluster remembers of a deploy: inventories, Helm's releases and who works on one",
    from: ['core', 'support', 'support/process', 'cluster', 'deploy/objects', 'deploy/live'],
  },
  'deploy/render': {
    about:
      'manifests from Kustomize and from files, images of other services in them, and the file of `appdev render`',
    from: [
      'core',
      'support',
      'support/process',
      'config',
      'config/text',
      'cluster',
      'build',
      'deploy',
      'deploy/objects',
    ],
  },
  'deploy/helm': {
    about: 'deploying, previewing, removing and repairing a release',
    from: [
      'core',
      'support',
      'config',
      'cluster',
      'build',
      'deploy',
      'deploy/objects',
      'deploy/live',
      'deploy/record',
      'deploy/helm/program',
      'deploy/helm/chart',
      'deploy/helm/keep',
      'deploy/apply',
    ],
  },
  'deploy/helm/program': {
    about: 'how the `helm` program is run',
    from: ['core', 'support/process', 'build'],
  },
  'deploy/helm/chart': {
    about: 'a chart on disk, its subcharts and values, what Helm renders of it, and what Helm complains of',
    from: [
      'core',
      'support',
      'support/files',
      'config',
      'config/text',
      'cluster',
      'build',
      'deploy',
      'deploy/objects',
      'deploy/render',
      'deploy/helm/program',
    ],
  },
  'deploy/helm/keep': {
    about: "what Helm must leave alone: volume claims, others' objects, replicas of an autoscaler",
    from: [
      'core',
      'support',
      'support/files',
      'cluster',
      'deploy',
      'deploy/objects',
      'deploy/live',
      'deploy/record',
    ],
  },
  'deploy/apply': {
    about: 'server-side apply of manifests: plan, apply, prune, preview, remove',
    from: ['core', 'support', 'cluster', 'build', 'deploy', 'deploy/objects', 'deploy/live', 'deploy/record'],
  },
  'deploy/rollout/causes': {
    about: 'why a pod does not become ready, in words, with a hint for each reason; pure',
    from: ['support', 'cluster', 'deploy/objects'],
  },
  'deploy/rollout': {
    about: 'watching a rollout: the judge, the diagnosis, and the pods of a service',
    from: [
      'core',
      'support',
      'support/process',
      'cluster',
      'build',
      'deploy',
      'deploy/objects',
      'deploy/live',
      'deploy/record',
      'deploy/rollout/causes',
    ],
  },
  'deploy/deployer': {
    about: 'the deployer and the renderer of a session: the only place that knows all ways to deploy',
    from: [
      'core',
      'support',
      'support/process',
      'config',
      'cluster',
      'build',
      'deploy',
      'deploy/objects',
      'deploy/record',
      'deploy/render',
      'deploy/helm',
      'deploy/helm/program',
      'deploy/helm/chart',
      'deploy/apply',
      'deploy/rollout',
    ],
  },
  'loop/decide': {
    about: 'the pure loop: state, messages, reducer, and the plan of what may run',
    from: ['core', 'config', 'watch'],
  },
  'loop/work': {
    about: 'the one executor: a run as a fold of steps, how it begins, what it remembers',
    from: ['core', 'support', 'support/files', 'config', 'watch', 'build', 'deploy', 'loop/decide'],
  },
  'loop/steps': {
    about: 'what does each stage: jar, image, the scan gate, render, apply, observe',
    from: ['core', 'config', 'watch', 'build', 'deploy', 'loop/decide', 'loop/work'],
  },
  'loop/drive': {
    about: 'the loop in action: performing effects, looking at the disk, the configuration in force',
    from: ['core', 'support', 'config', 'watch', 'deploy', 'loop/decide', 'loop/work', 'loop/steps'],
  },
  'loop/once': {
    about: 'runs done once, for the commands build, run, deploy and verify',
    from: ['core', 'config', 'watch', 'loop/decide', 'loop/work', 'loop/steps'],
  },
  ui: {
    about: 'which reporter speaks, NDJSON, and the log files',
    from: ['core', 'ui/text', 'ui/out', 'ui/view', 'ui/lines', 'ui/panel/tui'],
  },
  'ui/text': {
    about: 'lines of text with tones, and making text of others harmless',
    from: [],
  },
  'ui/out': {
    about: 'what a reporter is, and writing to streams and files that may fail',
    from: ['core'],
  },
  'ui/view': {
    about: 'the view model, and what keys do to it',
    from: ['core', 'ui/text'],
  },
  'ui/lines': {
    about: 'plain lines, error cards, and the words of events',
    from: ['core', 'ui/text', 'ui/out', 'ui/view'],
  },
  'ui/panel': {
    about: 'the pinned panel as rows of cells',
    from: ['core', 'ui/text', 'ui/view', 'ui/lines'],
  },
  'ui/panel/tui': {
    about: 'drawing the panel in a terminal (the only importer of Ink)',
    from: ['core', 'ui/text', 'ui/out', 'ui/view', 'ui/lines', 'ui/panel'],
  },
  app: {
    about:
      'the frame of a command: environment, invocation, session, signals, secrets, how a failure ends it',
    from: [
      'core',
      'support',
      'support/process',
      'support/files',
      'config',
      'config/text',
      'cluster/choose',
      'registry/login',
      'build/jar',
      'build/jar/gradle',
      'build/image',
      'build/image/buildah',
      'deploy',
      'ui',
      'ui/out',
      'ui/view',
      'ui/lines',
      'ui/text',
    ],
  },
  'app/compose': {
    about: 'the composition root: puts cluster, registry, builders and deployer together',
    from: [
      'core',
      'support',
      'support/process',
      'support/files',
      'config',
      'cluster/api',
      'cluster/choose',
      'cluster/hold',
      'registry',
      'registry/api',
      'registry/login',
      'registry/find',
      'registry/harbor',
      'registry/prune',
      'watch',
      'build',
      'build/jar',
      'build/jar/maven',
      'build/jar/gradle',
      'build/image',
      'build/image/buildah',
      'build/image/kaniko',
      'build/image/command',
      'build/image/transfer',
      'build/image/tags',
      'deploy',
      'deploy/deployer',
      'loop/work',
      'loop/once',
      'app',
    ],
  },
  'app/deployed': {
    about: 'what commands do around a deploy: namespaces, removing, verifying',
    from: [
      'core',
      'support',
      'config',
      'cluster',
      'cluster/hold',
      'deploy',
      'deploy/objects',
      'loop/decide',
      'loop/once',
      'app',
      'app/compose',
    ],
  },
  'app/dev': {
    about: 'what lives as long as a `dev` session: attachments, pruning, reading the configuration again',
    from: [
      'core',
      'support',
      'config',
      'cluster',
      'cluster/api',
      'cluster/hold',
      'cluster/logs',
      'cluster/forward',
      'deploy',
      'deploy/objects',
      'deploy/record',
      'loop/decide',
      'loop/work',
      'app',
      'app/compose',
      'app/deployed',
    ],
  },
  'app/handover': {
    about: 'what CI phases hand to each other: artifacts.json, given images, rendered manifests',
    from: [
      'core',
      'support/process',
      'support/files',
      'config',
      'config/text',
      'config/schema',
      'registry',
      'registry/api',
      'registry/login',
      'build/image/tags',
      'deploy',
      'deploy/objects',
      'deploy/render',
      'loop/work',
      'loop/once',
      'app',
      'app/compose',
    ],
  },
  'app/doctor': {
    about: 'the checks of `doctor`, and its probes',
    from: [
      'core',
      'support',
      'support/process',
      'support/files',
      'config',
      'cluster',
      'cluster/api',
      'cluster/hold',
      'registry',
      'build/image/kaniko',
      'deploy/helm/program',
      'app',
      'app/compose',
    ],
  },
  commands: {
    about: 'one file a command, the table of them, and reading the command line',
    from: [
      'core',
      'support',
      'support/process',
      'config',
      'config/text',
      'config/schema',
      'config/docs',
      'cluster/choose',
      'cluster/logs',
      'watch',
      'build/jar',
      'build/jar/maven',
      'build/jar/gradle',
      'build/image',
      'build/image/buildah',
      'deploy',
      'deploy/live',
      'deploy/render',
      'deploy/deployer',
      'loop/work',
      'loop/drive',
      'loop/once',
      'app',
      'app/compose',
      'app/deployed',
      'app/dev',
      'app/handover',
      'app/doctor',
      'ui/text',
    ],
  },
};
