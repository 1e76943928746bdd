/** Which variable decides what. A name that is changed here changes for the user too. */
import { homedir } from 'node:os';
import { describe, expect, it, test } from 'vitest';
import { readEnvironment } from './environment.ts';
import type { Terminal } from '../ui/out/terminal.ts';

const uid = process.getuid?.();

describe('the environment', () => {
  it('has a value for each variable, by these names', () => {
    const variables = {
      CI: 'true',
      TERM: 'dumb',
      TERM_PROGRAM: 'vscode',
      LC_ALL: 'C.UTF-8',
      FORCE_COLOR: '1',
      TMUX: '/tmp/tmux',
      GITHUB_ACTIONS: 'true',
      KUBECONFIG: '/k',
      APPDEV_REGISTRY_USER: 'ann',
      APPDEV_REGISTRY_PASSWORD: 'pw',
      APPDEV_REGISTRY_PASSWORD_FILE: '/pw',
      APPDEV_REGISTRY_HOST: 'h',
      APPDEV_REGISTRY_CA: 'ca.pem',
      NODE_EXTRA_CA_CERTS: '/more.pem',
      REGISTRY_AUTH_FILE: '/auth.json',
      XDG_RUNTIME_DIR: '/run/user/1',
      XDG_CONFIG_HOME: '/config',
      DOCKER_CONFIG: '/docker',
      HOME: '/home/ann',
      JAVA_HOME: '/jdk',
      MAVEN_OPTS: '-Dm',
      GRADLE_OPTS: '-Dg',
      JAVA_OPTS: '-Dj',
      JAVA_TOOL_OPTIONS: '-Dt',
      JDK_JAVA_OPTIONS: '-Dk',
      _JAVA_OPTIONS: '-D_',
      MAVEN_ARGS: '-Pa',
      GRADLE_USER_HOME: '/gradle',
      STORAGE_DRIVER: 'vfs',
      BUILDAH_ISOLATION: 'oci',
      CONTAINERS_REGISTRIES_CONF: '/registries.conf',
      SOURCE_DATE_EPOCH: '7',
      CHOKIDAR_USEPOLLING: '1',
    };
    expect(readEnvironment(variables, 'linux')).toEqual({
      variables,
      personalFiles: false,
      terminal: {
        ci: true,
        ciServices: ['github'],
        color: true,
        dumb: true,
        unicode: true,
        multiplexer: 'tmux',
        program: 'vscode',
      },
      kubeconfig: '/k',
      registry: {
        given: { user: 'ann', password: 'pw', passwordFile: '/pw', host: 'h' },
        places: {
          onlyFile: '/auth.json',
          runtimeFolder: '/run/user/1',
          configFolder: '/config',
          dockerFolder: '/docker',
          home: '/home/ann',
          platform: 'linux',
          uid,
        },
        authority: 'ca.pem',
        moreAuthorities: '/more.pem',
      },
      maven: { javaHome: '/jdk', options: '-Dm', otherOptions: '-Dt -Dk -D_ -Pa' },
      gradle: {
        jvm: { javaHome: '/jdk', options: '-Dg', otherOptions: '-Dj -Dt' },
        userHome: '/gradle',
      },
      buildah: { driverChosen: true, isolation: 'oci', registriesConf: '/registries.conf' },
      sourceDateEpoch: '7',
      pollFiles: true,
    });
  });

  it('has the usual values where nothing is set', () => {
    expect(readEnvironment({}, 'linux')).toEqual({
      variables: {},
      personalFiles: true,
      terminal: {
        ci: false,
        ciServices: [],
        color: undefined,
        dumb: false,
        unicode: false,
        multiplexer: undefined,
        program: '',
      },
      kubeconfig: '',
      registry: {
        given: { user: '', password: '', passwordFile: '', host: '' },
        places: {
          ...{ onlyFile: '', runtimeFolder: '', configFolder: '', dockerFolder: '' },
          ...{ home: homedir(), platform: 'linux', uid },
        },
        authority: '',
        moreAuthorities: '',
      },
      maven: { javaHome: '', options: '', otherOptions: '   ' },
      gradle: { jvm: { javaHome: '', options: '', otherOptions: ' ' }, userHome: `${homedir()}/.gradle` },
      buildah: { driverChosen: false, isolation: '', registriesConf: undefined },
      sourceDateEpoch: '0',
      pollFiles: false,
    });
  });

  test.each([
    ['true', false],
    ['1', false],
    ['woodpecker', false],
    ['false', true],
    ['FALSE', true],
    ['0', true],
    ['', true],
  ])('with CI=%s, personal files count: %s', (ci, personalFiles) => {
    expect(readEnvironment({ CI: ci }).personalFiles).toBe(personalFiles);
  });

  test.each([
    ['1', true],
    ['true', true],
    ['0', false],
    ['false', false],
    ['', false],
  ])('with CHOKIDAR_USEPOLLING=%s, files are polled: %s', (value, pollFiles) => {
    expect(readEnvironment({ CHOKIDAR_USEPOLLING: value }).pollFiles).toBe(pollFiles);
  });
});

describe('the terminal', () => {
  test.each<readonly [Record<string, string>, Partial<Terminal>]>([
    [{ CI: 'false' }, { ci: false }],
    [{ CI: '0' }, { ci: false }],
    [{ CI: '1' }, { ci: true }],
    [{ CI: '' }, { ci: true }],
    [{ CONTINUOUS_INTEGRATION: '1' }, { ci: true }],
    [{ TF_BUILD: 'True' }, { ciServices: ['azure'] }],
    [{ TEAMCITY_VERSION: '2026.1' }, { ciServices: ['teamcity'] }],
    [{ GITLAB_CI: 'true' }, { ciServices: ['gitlab'] }],
    [{ GITLAB_CI: '' }, { ciServices: [] }],
    [{ TERM: 'xterm' }, { dumb: false }],
    [
      { STY: '1.pts', TERM_PROGRAM: 'vscode' },
      { multiplexer: 'screen', program: 'vscode' },
    ],
    [{ TMUX: '', STY: '' }, { multiplexer: undefined }],
  ])('%j: %j', (variables, wanted) => {
    expect(readEnvironment(variables).terminal).toMatchObject(wanted);
  });

  test.each<readonly [Record<string, string>, boolean | undefined]>([
    [{ NO_COLOR: '1' }, false],
    [{ NO_COLOR: '' }, undefined],
    [{ NO_COLOR: '1', FORCE_COLOR: '1' }, false],
    [{ CLICOLOR_FORCE: '1' }, true],
    [{ FORCE_COLOR: '0' }, false],
    [{ FORCE_COLOR: 'false' }, false],
    [{ FORCE_COLOR: '0', CLICOLOR_FORCE: '1' }, false],
  ])('%j asks for colour: %s', (variables, wanted) => {
    expect(readEnvironment(variables).terminal.color).toBe(wanted);
  });

  test.each<readonly [Record<string, string>, NodeJS.Platform, boolean]>([
    [{ LANG: 'en_US.UTF-8' }, 'linux', true],
    [{ LANG: 'C.utf8' }, 'linux', true],
    [{ LANG: 'en_US.UTF-8', LC_ALL: 'C' }, 'linux', false],
    [{ LC_ALL: '', LC_CTYPE: 'de_DE.UTF-8', LANG: 'C' }, 'linux', true],
    [{}, 'darwin', true],
    [{}, 'win32', false],
    [{ WT_SESSION: 'x' }, 'win32', true],
  ])('%j on %s supports UTF-8: %s', (variables, platform, wanted) => {
    expect(readEnvironment(variables, platform).terminal.unicode).toBe(wanted);
  });
});
