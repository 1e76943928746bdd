/**
 * The environment of the process as typed values. src/cli.ts makes it once, at the start. This file has the name of every
 * variable that decides something in appdev. The rooms below get the parts that they have a type for, and never a name.
 * What only the operating system is asked for (PATH, TMPDIR, the cache folder) is in src/support/system.ts.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { BuildahEnvironment } from '../build/image/buildah/storage.ts';
import type { GradleEnvironment } from '../build/jar/gradle/build.ts';
import type { JvmEnvironment } from '../build/jar/jdk.ts';
import { variableIn, type Variables } from '../config/text/variables.ts';
import type { RegistryEnvironment } from '../registry/login/access.ts';
import type { CiService, Terminal } from '../ui/out/terminal.ts';

/** What the environment decides. */
export interface Environment {
  /**
   * All variables, raw. They are only for what names a variable itself: values of appdev.yaml, conditions of profiles,
   * flags, and the mask of secrets.
   */
  readonly variables: Variables;
  /** False in CI: `appdev.local.yaml` and `.env` are not read there. */
  readonly personalFiles: boolean;
  readonly terminal: Terminal;
  /** The list of kubeconfig files; empty if the usual one counts. */
  readonly kubeconfig: string;
  readonly registry: RegistryEnvironment;
  /** The JVM of Maven. */
  readonly maven: JvmEnvironment;
  readonly gradle: GradleEnvironment;
  readonly buildah: BuildahEnvironment;
  /** The time that an image made by a command must carry, in seconds since 1970. */
  readonly sourceDateEpoch: string;
  /** True: look at files at intervals, because file events do not arrive. */
  readonly pollFiles: boolean;
}

/**
 * Reads the environment.
 *
 * @param variables the variables of the process
 * @param platform the operating system; default: this one
 */
export function readEnvironment(
  variables: Variables,
  platform: NodeJS.Platform = process.platform,
): Environment {
  const text = (name: string): string => variableIn(variables, name) ?? '';
  const jvm = { javaHome: text('JAVA_HOME') };
  return {
    variables,
    personalFiles: isOff(text('CI')),
    terminal: terminalOf(variables, platform),
    kubeconfig: text('KUBECONFIG'),
    registry: {
      given: {
        user: text('APPDEV_REGISTRY_USER'),
        password: text('APPDEV_REGISTRY_PASSWORD'),
        passwordFile: text('APPDEV_REGISTRY_PASSWORD_FILE'),
        host: text('APPDEV_REGISTRY_HOST'),
      },
      places: {
        onlyFile: text('REGISTRY_AUTH_FILE'),
        runtimeFolder: text('XDG_RUNTIME_DIR'),
        configFolder: text('XDG_CONFIG_HOME'),
        dockerFolder: text('DOCKER_CONFIG'),
        home: variableIn(variables, 'HOME') ?? homedir(),
        platform,
        uid: process.getuid?.(),
      },
      authority: text('APPDEV_REGISTRY_CA'),
      moreAuthorities: text('NODE_EXTRA_CA_CERTS'),
    },
    maven: {
      ...jvm,
      options: text('MAVEN_OPTS'),
      otherOptions: ['JAVA_TOOL_OPTIONS', 'JDK_JAVA_OPTIONS', '_JAVA_OPTIONS', 'MAVEN_ARGS']
        .map(text)
        .join(' '),
    },
    gradle: {
      jvm: {
        ...jvm,
        options: text('GRADLE_OPTS'),
        otherOptions: ['JAVA_OPTS', 'JAVA_TOOL_OPTIONS'].map(text).join(' '),
      },
      userHome: variableIn(variables, 'GRADLE_USER_HOME') ?? join(homedir(), '.gradle'),
    },
    buildah: {
      driverChosen: variableIn(variables, 'STORAGE_DRIVER') !== undefined,
      isolation: text('BUILDAH_ISOLATION'),
      registriesConf: variableIn(variables, 'CONTAINERS_REGISTRIES_CONF'),
    },
    sourceDateEpoch: variableIn(variables, 'SOURCE_DATE_EPOCH') ?? '0',
    pollFiles: !['', '0', 'false'].includes(text('CHOKIDAR_USEPOLLING')),
  };
}

/** True if a variable that switches something on is empty or says no. */
function isOff(value: string): boolean {
  return ['', '0', 'false'].includes(value.toLowerCase());
}

/** The variables by which CI services tell a job that it is theirs. */
const ciVariables: Readonly<Record<CiService, string>> = {
  github: 'GITHUB_ACTIONS',
  azure: 'TF_BUILD',
  teamcity: 'TEAMCITY_VERSION',
  gitlab: 'GITLAB_CI',
};

function terminalOf(variables: Variables, platform: NodeJS.Platform): Terminal {
  const isSet = (name: string): boolean => (variableIn(variables, name) ?? '') !== '';
  return {
    // As Ink decides it: a variable that is empty counts as set.
    ci: ['CI', 'CONTINUOUS_INTEGRATION'].some(
      (name) => !['0', 'false', undefined].includes(variableIn(variables, name)),
    ),
    ciServices: (Object.keys(ciVariables) as CiService[]).filter((service) => isSet(ciVariables[service])),
    color: colorOf(variables),
    dumb: variableIn(variables, 'TERM') === 'dumb',
    unicode: unicodeOf(variables, platform),
    multiplexer: isSet('TMUX') ? 'tmux' : isSet('STY') ? 'screen' : undefined,
    program: variableIn(variables, 'TERM_PROGRAM') ?? '',
  };
}

/**
 * Whether the variables ask for colour. The first that is set decides: NO_COLOR (not empty, see no-color.org), then
 * FORCE_COLOR or CLICOLOR_FORCE (not empty; 0 means no).
 */
function colorOf(variables: Variables): boolean | undefined {
  if ((variableIn(variables, 'NO_COLOR') ?? '') !== '') return false;
  const forced = variableIn(variables, 'FORCE_COLOR') ?? variableIn(variables, 'CLICOLOR_FORCE') ?? '';
  return forced === '' ? undefined : forced !== '0' && forced !== 'false';
}

/**
 * Whether the terminal supports UTF-8. POSIX: the first that is set of LC_ALL, LC_CTYPE and LANG decides. Windows:
 * terminals known to support it. macOS: yes if none is set, because programs started without a shell have none, and its
 * terminals support UTF-8.
 */
function unicodeOf(variables: Variables, platform: NodeJS.Platform): boolean {
  if (platform === 'win32') {
    return ['WT_SESSION', 'TERM_PROGRAM'].some((name) => variableIn(variables, name) !== undefined);
  }
  const locale = ['LC_ALL', 'LC_CTYPE', 'LANG']
    .map((name) => variableIn(variables, name) ?? '')
    .find((value) => value !== '');
  return locale === undefined ? platform === 'darwin' : /utf-?8/i.test(locale);
}
