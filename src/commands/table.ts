/** Which commands there are, and which flags they take. What runs one stands in a file of its own, imported only then. */
import type { Command, Flag } from '../app/invocation.ts';

/** Flags of every command. */
export const commonFlags = {
  file: {
    type: 'string',
    short: 'f',
    value: 'FILE',
    help: 'the project file; default: appdev.yaml here or above',
  },
  profile: {
    type: 'string',
    short: 'p',
    multiple: true,
    value: 'NAME',
    help: 'activate a profile (repeatable); -NAME takes an auto-activated one out',
  },
  'profile-auto-activation': {
    type: 'boolean',
    help: 'activate profiles by their activation rules; default: true',
  },
  namespace: { type: 'string', short: 'n', value: 'NAME', help: 'deploy into this namespace' },
  'kube-context': { type: 'string', value: 'NAME', help: 'use this context of the kubeconfig' },
  output: { type: 'string', value: 'MODE', help: 'auto, tui, plain or json; default: auto' },
  color: { type: 'boolean', help: 'use colour; default: on a terminal, unless NO_COLOR is set' },
  verbose: { type: 'boolean', short: 'v', help: 'show every line of the tools' },
  help: { type: 'boolean', short: 'h', help: 'show this text' },
} as const satisfies Record<string, Flag>;

const adopt: Flag = { type: 'boolean', help: 'take over releases and objects that somebody else installed' };
const forceConflicts: Flag = {
  type: 'boolean',
  help: 'set back what others changed by hand (kubectl scale, set image, edit); dev does that anyway',
};
const deleteVolumes: Flag = { type: 'boolean', help: 'delete volume claims too, with their data' };
const deployedNoMore = 'delete volume claims that are no longer deployed, with their data';
const letVolumesGo: Flag = { type: 'boolean', help: `${deployedNoMore}; at the end, all of them` };
const artifacts: Flag = {
  type: 'string',
  value: 'FILE',
  help: 'where the built images are written down; default: .appdev/artifacts.json',
};
const images: Flag = {
  type: 'string',
  multiple: true,
  value: 'NAME=REF',
  help: 'use an image that was built elsewhere for a service (repeatable); a tag is resolved to its digest',
};
const rendered: Flag = {
  type: 'string',
  value: 'FILE',
  help: 'take the manifests that `appdev render` printed into FILE (- for standard input) instead of rendering',
};
const exitCode: Flag = { type: 'boolean', help: 'exit with 11 when there are changes' };
const authfile: Flag = {
  type: 'string',
  value: 'FILE',
  help: 'registry logins (containers-auth.json) in place of your own; default: those of buildah and docker login',
};
const createProject: Flag = {
  type: 'boolean',
  help: 'create the project in Harbor when it is not there, with an account that may',
};
const tests: Flag = {
  type: 'boolean',
  help: 'run the unit tests (--no-tests: do not), whatever jar.tests says',
};

/** Every command, in the order of the help text. */
export const commands: readonly Command[] = [
  {
    name: 'dev',
    summary: 'build, deploy, then rebuild and redeploy on every save',
    synopsis: '[service…]',
    description:
      'Builds and deploys the named services (default: all) and what they need, then watches their files. What ' +
      'dev deployed is removed at the end unless --cleanup=false is given; what run or deploy had put there stays.',
    flags: {
      cleanup: { type: 'boolean', help: 'remove what was deployed at the end; default: true' },
      adopt,
      authfile,
      'create-project': createProject,
      'delete-volumes': letVolumesGo,
      tests,
    },
    load: async () => (await import('./dev.ts')).dev,
  },
  {
    name: 'run',
    summary: 'build, push, deploy and verify once; for CI',
    synopsis: '[service…]',
    description:
      'Builds, pushes, renders, deploys and verifies the services (default: all) once and leaves them running. A ' +
      'cluster that is not a known local product must be named by --kube-context or cluster.context.',
    flags: {
      cleanup: { type: 'boolean', help: 'remove what was deployed at the end; default: false' },
      adopt,
      'force-conflicts': forceConflicts,
      artifacts,
      images,
      authfile,
      'create-project': createProject,
      tests,
      'delete-volumes': { ...letVolumesGo, help: `${deployedNoMore}; with --cleanup, all of them` },
    },
    load: async () => (await import('./run.ts')).run,
  },
  {
    name: 'build',
    summary: 'build and push the images, and write artifacts.json',
    synopsis: '[service…]',
    description:
      'Builds the jars and images of the services (default: all), pushes them, and writes their digests down.',
    flags: { artifacts, authfile, 'create-project': createProject, tests },
    load: async () => (await import('./build.ts')).build,
  },
  {
    name: 'render',
    summary: 'print the manifests that would be applied',
    synopsis: '[service…]',
    description:
      'Prints the manifests of the services (default: all) as one YAML stream, with the images of artifacts.json. ' +
      'Contacts no cluster.',
    flags: { artifacts, images, authfile },
    load: async () => (await import('./render.ts')).render,
  },
  {
    name: 'deploy',
    summary: 'deploy the images of artifacts.json and wait for the rollout',
    synopsis: '[service…]',
    description:
      'Deploys the services (default: all) with the images that `appdev build` wrote down, or with --rendered the ' +
      'manifests that `appdev render` printed, as they are: applied server-side, also where a service has a chart.',
    flags: {
      artifacts,
      images,
      authfile,
      adopt,
      'force-conflicts': forceConflicts,
      rendered,
      'delete-volumes': { ...letVolumesGo, help: deployedNoMore },
      'dry-run': { type: 'boolean', help: 'show what would change in the cluster, and change nothing' },
      'exit-code': { ...exitCode, help: 'with --dry-run: exit with 11 when there are changes' },
    },
    load: async () => (await import('./deploy.ts')).deploy,
  },
  {
    name: 'verify',
    summary: 'check that what runs is what was built',
    synopsis: '[service…]',
    description:
      'Checks that each service is rolled out and that its ready pods run the digest of artifacts.json.',
    flags: { artifacts, images, authfile, rendered },
    load: async () => (await import('./verify.ts')).verify,
  },
  {
    name: 'diff',
    summary: 'show what a deploy would change in the cluster',
    synopsis: '[service…]',
    description:
      'Compares what would be deployed of the services (default: all) with what is in the cluster, field by field, as ' +
      'a unified diff on standard output. Values of Secrets are masked. Changes nothing. Exit code 0, with or without ' +
      'changes; 11 for changes with --exit-code.',
    flags: { artifacts, images, authfile, adopt, rendered, 'exit-code': exitCode },
    load: async () => (await import('./diff.ts')).diff,
  },
  {
    name: 'delete',
    summary: 'remove what appdev deployed',
    synopsis: '[service…]',
    description:
      'Removes the services (default: all) in reverse order of needs. Volume claims stay unless --delete-volumes is given.',
    flags: { 'delete-volumes': deleteVolumes },
    load: async () => (await import('./delete.ts')).deleteCommand,
  },
  {
    name: 'status',
    summary: 'show what is deployed and whether it is ready',
    synopsis: '[service…]',
    description: 'Shows release, image and pods of each service. Exit code 8 when one of them is not ready.',
    flags: {},
    load: async () => (await import('./status.ts')).status,
  },
  {
    name: 'logs',
    summary: 'print or follow the logs of the services',
    synopsis: '[service…]',
    description:
      'Prints the logs of the services (default: all), init containers included. Here -f follows; name the project ' +
      'file with --file.',
    flags: {
      follow: { type: 'boolean', short: 'f', help: 'go on with new lines, across pod replacement' },
      since: { type: 'string', value: 'DURATION', help: 'only lines younger than this, e.g. 10m' },
      tail: {
        type: 'string',
        value: 'N',
        help: 'only the last N lines of each container; default: 200, or all with --since',
      },
    },
    load: async () => (await import('./logs.ts')).logs,
  },
  {
    name: 'doctor',
    summary: 'check tools, cluster, registry and this machine',
    synopsis: '',
    description:
      'Checks every tool, the cluster, the registry (a push, and a pull through the node), inotify limits and Buildah, ' +
      'and says what to do about what is missing. Exit code 2 when a check fails.',
    flags: { authfile },
    load: async () => (await import('./doctor.ts')).doctor,
  },
  {
    name: 'config',
    summary: 'print, validate or describe the project file',
    synopsis: 'print|validate|schema',
    description:
      'print: the configuration after profiles, variables and appdev.local.yaml. validate: every error with its ' +
      'place. schema: the JSON schema for editors.',
    flags: { origin: { type: 'boolean', help: 'print: say which file, line and profile set each value' } },
    load: async () => (await import('./config.ts')).config,
  },
];
