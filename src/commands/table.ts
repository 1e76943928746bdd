/** All commands and their flags. The code of each command is in its own file and is imported only to run it. */
import type { FlagName } from '../app/flags.ts';
import type { Command, Flag } from '../app/invocation.ts';

/** The flags that every command has. */
export const commonFlags = {
  file: {
    short: 'f',
    value: 'FILE',
    help: 'project file; default: appdev.yaml in this folder or above',
  },
  profile: {
    short: 'p',
    value: 'NAME',
    help: 'activate a profile (repeatable); -NAME leaves one out that would be active',
  },
  'profile-auto-activation': {
    help: 'let profiles activate themselves by their rules; default: true',
  },
  namespace: { short: 'n', value: 'NAME', help: 'deploy to this namespace' },
  'kube-context': { value: 'NAME', help: 'use this context of the kubeconfig' },
  output: { value: 'MODE', help: 'auto, tui, plain or json; default: auto' },
  color: { help: 'use colour; default: on a terminal, unless NO_COLOR is set' },
  verbose: { short: 'v', help: 'show every line of the tools' },
  help: { short: 'h', help: 'show this text' },
} as const satisfies Partial<Record<FlagName, Flag>>;

const panel: Command['outputs'] = ['tui', 'plain', 'json'];
const lines: Command['outputs'] = ['plain', 'json'];
/** For commands that print YAML or one text. */
const text: Command['outputs'] = ['plain'];

const adopt: Flag = { help: 'take over releases and objects that someone else installed' };
const forceConflicts: Flag = {
  help: 'set back what others changed by hand (kubectl scale, set image, edit); dev always does',
};
const deleteVolumes: Flag = { help: 'also delete volume claims, with their data' };
const ignoreLock: Flag = { help: 'go on although somebody else works in the namespace' };
const deployedNoMore = 'delete volume claims that are no longer deployed, with their data';
const letVolumesGo: Flag = { help: `${deployedNoMore}; at the end, all of them` };
const artifacts: Flag = {
  value: 'FILE',
  help: 'file that lists the built images; default: .appdev/artifacts.json',
};
const images: Flag = {
  value: 'NAME=REF',
  help: 'use an image built elsewhere for service NAME (repeatable); a tag is resolved to its digest',
};
const rendered: Flag = {
  value: 'FILE',
  help: 'use the manifests that `appdev render` printed to FILE (- for standard input)',
};
const exitCode: Flag = { help: 'exit with 11 if there are changes' };
const authfile: Flag = {
  value: 'FILE',
  help: 'file with registry logins (containers-auth.json); default: those of buildah and docker login',
};
const createProject: Flag = {
  help: 'create the Harbor project if it does not exist; the account must be allowed to',
};
const tests: Flag = {
  help: 'run the unit tests, or with --no-tests skip them, whatever jar.tests says',
};

/** All commands, in the order of the help text. */
export const commands: readonly Command[] = [
  {
    name: 'dev',
    summary: 'build and deploy, then repeat on every save',
    synopsis: '[service…]',
    outputs: panel,
    description:
      'Builds and deploys the services (default: all) and the services that they need. Then it watches their files.\n' +
      'At the end it removes what dev deployed, unless you give --cleanup=false. What run or deploy put there stays.',
    flags: {
      cleanup: { help: 'remove at the end what dev deployed; default: true' },
      adopt,
      authfile,
      'create-project': createProject,
      'delete-volumes': letVolumesGo,
      'ignore-lock': { help: 'take the namespace over from a session that works there; that session ends' },
      tests,
    },
    load: async () => (await import('./dev.ts')).dev,
  },
  {
    name: 'run',
    summary: 'build, push, deploy and verify once; for CI',
    synopsis: '[service…]',
    outputs: lines,
    description:
      'Builds, pushes, renders, deploys and verifies the services (default: all) once. It leaves them running.\n' +
      'If the cluster is not a known local product, name it: --kube-context or cluster.context.',
    flags: {
      cleanup: { help: 'remove at the end what was deployed; default: false' },
      adopt,
      'force-conflicts': forceConflicts,
      artifacts,
      images,
      authfile,
      'create-project': createProject,
      tests,
      'delete-volumes': { ...letVolumesGo, help: `${deployedNoMore}; with --cleanup, all of them` },
      'ignore-lock': ignoreLock,
    },
    load: async () => (await import('./run.ts')).run,
  },
  {
    name: 'build',
    summary: 'build and push the images, and write artifacts.json',
    synopsis: '[service…]',
    outputs: lines,
    description:
      'Builds the jars and images of the services (default: all), pushes them, and writes artifacts.json.',
    flags: { artifacts, authfile, 'create-project': createProject, tests },
    load: async () => (await import('./build.ts')).build,
  },
  {
    name: 'render',
    summary: 'print the manifests that would be applied',
    synopsis: '[service…]',
    outputs: text,
    description:
      'Prints the manifests of the services (default: all) as one YAML stream, with the images of artifacts.json.\n' +
      'It contacts no cluster.',
    flags: { artifacts, images, authfile },
    load: async () => (await import('./render.ts')).render,
  },
  {
    name: 'deploy',
    summary: 'deploy the images of artifacts.json and wait for the rollout',
    synopsis: '[service…]',
    outputs: lines,
    description:
      'Deploys the services (default: all) with the images of artifacts.json, and waits for the rollout.\n' +
      'With --rendered it applies the manifests that `appdev render` printed, unchanged and server-side.\n' +
      'That is also true for a service with a chart.',
    flags: {
      artifacts,
      images,
      authfile,
      adopt,
      'force-conflicts': forceConflicts,
      rendered,
      'delete-volumes': { ...letVolumesGo, help: deployedNoMore },
      'ignore-lock': ignoreLock,
      'dry-run': { help: 'show what would change in the cluster, but change nothing' },
      'exit-code': {
        help: 'with --dry-run: exit with 11 if there are changes',
        needs: { flag: 'dry-run' },
      },
    },
    load: async () => (await import('./deploy.ts')).deploy,
  },
  {
    name: 'verify',
    summary: 'check that the cluster runs what was built',
    synopsis: '[service…]',
    outputs: lines,
    description:
      'Checks that each service is rolled out and that its ready pods run the digest of artifacts.json.',
    flags: { artifacts, images, authfile, rendered },
    load: async () => (await import('./verify.ts')).verify,
  },
  {
    name: 'diff',
    summary: 'show what a deploy would change in the cluster',
    synopsis: '[service…]',
    outputs: lines,
    description:
      'Compares what a deploy of the services (default: all) would write with what is in the cluster, field by field.\n' +
      'It prints a unified diff to standard output, masks the values of Secrets, and changes nothing.\n' +
      'The exit code is 0 with or without changes. With --exit-code it is 11 if there are changes.',
    flags: { artifacts, images, authfile, adopt, rendered, 'exit-code': exitCode },
    load: async () => (await import('./diff.ts')).diff,
  },
  {
    name: 'delete',
    summary: 'remove what appdev deployed',
    synopsis: '[service…]',
    outputs: lines,
    description:
      'Removes the services (default: all), in reverse order of needs.\n' +
      'Volume claims stay, unless you give --delete-volumes.',
    flags: { 'delete-volumes': deleteVolumes, 'ignore-lock': ignoreLock },
    load: async () => (await import('./delete.ts')).deleteCommand,
  },
  {
    name: 'status',
    summary: 'show what is deployed and whether it is ready',
    synopsis: '[service…]',
    outputs: lines,
    description:
      'Shows release, image and pods of each service. The exit code is 8 if one of them is not deployed or not ready.',
    flags: {},
    load: async () => (await import('./status.ts')).status,
  },
  {
    name: 'logs',
    summary: 'print or follow the logs of the services',
    synopsis: '[service…]',
    outputs: lines,
    description:
      'Prints the logs of the services (default: all), including their init containers.\n' +
      'Here -f means --follow. Name the project file with --file.',
    flags: {
      follow: { short: 'f', help: 'continue with new lines, even when pods are replaced' },
      since: { value: 'DURATION', help: 'only lines younger than this, e.g. 10m' },
      tail: {
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
    outputs: lines,
    description:
      'Checks every tool, the cluster, the registry (a push, and a pull through the node), inotify limits and Buildah.\n' +
      'It says what to do about each problem. The exit code is 2 if a check fails.',
    flags: { authfile },
    load: async () => (await import('./doctor.ts')).doctor,
  },
  {
    name: 'config',
    summary: 'print, validate or describe the project file',
    synopsis: 'print|validate|schema',
    outputs: text,
    description:
      'print: the configuration after profiles, variables and appdev.local.yaml.\n' +
      'validate: every error, with its place.\n' +
      'schema: the JSON schema, for editors.',
    flags: {
      origin: {
        help: 'print: add the file, line and profile of each value',
        needs: { argument: 'print' },
      },
    },
    load: async () => (await import('./config.ts')).config,
  },
];
