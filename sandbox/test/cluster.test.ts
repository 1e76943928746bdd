/**
 * The sandbox's promises, each tried on the real thing: it comes up, goes without a trace, repairs what died, survives
 * being killed at any point, and leaves what is not its own alone. It starts and stops the machine's one sandbox.
 *
 * A cluster from nothing takes longest, so that the tests are one story: each goes on with what the one before left. Three
 * clusters are made: one that is used, repaired and taken down; one that is killed; one whose state folder is deleted.
 */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CHECKOUT,
  alive,
  cluster,
  clusterOk,
  footprint,
  interruptAt,
  kubectl,
  openFiles,
  pids,
  processesNaming,
  run,
  sandboxProcesses,
  startCluster,
  status,
  until,
} from './rig.ts';

const POD = `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: 8080, nodePort: 31999}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
  containers:
    - name: web
      image: REGISTRY/appdev/java:17
      command:
        - perl
        - -MIO::Socket
        - -e
        - |
          my $listener = IO::Socket::INET->new(LocalPort => 8080, Listen => 5, ReuseAddr => 1);
          while (my $client = $listener->accept) { $client->recv(my $request, 1000); print $client "HTTP/1.0 200 OK\\r\\n\\r\\nserved"; close $client }
      ports: [{containerPort: 8080, hostPort: 31998}]
      readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
      volumeMounts: [{name: data, mountPath: /data}]
`;

const folder = mkdtempSync(join(tmpdir(), 'sandbox-test-'));
let wasRunning = false;
let before = '';

beforeAll(() => {
  wasRunning = cluster(['status']).code === 0;
  clusterOk(['down', '--force']);
  before = footprint();
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  if (wasRunning) clusterOk(['up']);
});

function answers(url: string): boolean {
  return run('curl', ['-s', '--noproxy', '*', '--max-time', '2', url]).stdout === 'served';
}

function webIsReady(): boolean {
  return (
    kubectl(['get', 'pod', 'web', '-o', 'jsonpath={.status.conditions[?(@.type=="Ready")].status}']) ===
    'True'
  );
}

/** Deploys the pod with its service and claim, and uses each of them once. */
async function usePod(): Promise<void> {
  kubectl(['apply', '-f', '-'], POD.replace('REGISTRY', status().registry.host));
  kubectl(['wait', '--for=condition=Ready', 'pod/web', '--timeout=60s']);
  kubectl(['exec', 'web', '--', 'sh', '-c', 'echo kept >/data/file']);
  const service = kubectl(['get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}']);
  for (const url of ['http://198.18.0.1:31999', 'http://198.18.0.1:31998', `http://${service}`]) {
    await until(() => answers(url), `${url} answers`, 20);
  }
}

describe('a machine or a call that does not fit', () => {
  it('is told that root is needed, and what to use instead', () => {
    const copy = join(folder, 'readable');
    cpSync(join(CHECKOUT, 'sandbox'), join(copy, 'sandbox'), { recursive: true });
    chmodSync(folder, 0o755);
    const ended = run('setpriv', [
      '--reuid=65534',
      '--regid=65534',
      '--clear-groups',
      join(copy, 'sandbox/cluster'),
      'up',
    ]);
    expect(ended.code).toBe(4);
    expect(ended.stderr).toMatch(/needs root/);
    expect(ended.stderr).toMatch(/kind .*minikube/);
  });

  it.each([
    ['uname', 'echo Darwin', /needs Linux; this is Darwin[\s\S]*kind .*minikube/],
    [
      'go',
      'case $2 in GOVERSION) echo go1.20.1 ;; *) echo local ;; esac',
      /Go is too old: this is go1\.20\.1[\s\S]*kind .*minikube/,
    ],
  ])('is told about %s', (command, script, message) => {
    const bin = mkdtempSync(join(folder, 'stand-in-'));
    writeFileSync(join(bin, command), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const ended = cluster(['up'], { env: { PATH: `${bin}:${process.env['PATH'] ?? ''}` } });
    expect(ended.code).toBe(4);
    expect(ended.stderr).toMatch(message);
  });

  it('is told which command is missing if there is no apt-get to install it', () => {
    const bin = mkdtempSync(join(folder, 'without-apt-'));
    for (const name of readdirSync('/usr/bin')) {
      if (name !== 'apt-get' && name !== 'skopeo') symlinkSync(join('/usr/bin', name), join(bin, name));
    }
    const ended = cluster(['up'], { env: { PATH: bin } });
    expect(ended.code).toBe(4);
    expect(ended.stderr).toMatch(/missing[\s\S]*skopeo\n[\s\S]*kind .*minikube/);
    clusterOk(['down']);
    expect(footprint()).toBe(before);
  });

  it('is told about an unknown command, part and option', () => {
    expect(cluster(['ip']).code).toBe(2);
    expect(cluster(['up', 'now']).code).toBe(2);
    expect(cluster(['down', '--now']).code).toBe(2);
    expect(cluster(['--help']).code).toBe(0);
  });

  it('is told that nothing runs', () => {
    expect(cluster(['status']).code).toBe(3);
    expect(cluster(['env']).code).toBe(3);
    expect(cluster(['kubeconfig']).stderr).toMatch(/sandbox\/cluster up/);
    expect(cluster(['down']).code).toBe(0);
  });

  it('does not take a folder of someone else for its state', () => {
    const foreign = join(folder, 'theirs');
    mkdirSync(foreign);
    writeFileSync(join(foreign, 'letter'), 'dear');
    for (const command of ['up', 'down']) cluster([command], { env: { APPDEV_SANDBOX_STATE: foreign } });
    expect(readdirSync(foreign)).toEqual(['letter']);
    expect(footprint()).toBe(before);
  });
});

describe('up', () => {
  it('takes other ports if its own are taken, no two parts the same', { timeout: 1_500_000 }, async () => {
    // On a new machine this builds everything, so that what is timed below is never a compiler.
    const strangers = await Promise.all(
      [10248, 10256].map(
        async (port) =>
          await new Promise<Server>((listening) => {
            const server = createServer().listen(port, '127.0.0.1', () => {
              listening(server);
            });
          }),
      ),
    );
    const ended = clusterOk(['up']);
    expect(ended.stderr).toContain('port 10248 is taken by another program');
    const ports = readFileSync(join(status().state, 'ports'), 'utf8').trim().split('\n');
    const numbers = ports.map((line) => line.split('=')[1]);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers).not.toContain('10248');
    expect(numbers).not.toContain('10256');
    expect(status()).toMatchObject({ running: true, node: 'ready', owner: CHECKOUT });
    for (const server of strangers) server.close();
  });

  it('runs a pod with a service, a node port, a host port and a volume claim', async () => {
    await usePod();
    expect(kubectl(['exec', 'web', '--', 'cat', '/data/file'])).toBe('kept\n');
  });

  it('leaves the user’s kubeconfig alone, writes one of its own, and changes nothing that runs', async () => {
    const home = join(folder, 'home');
    mkdirSync(join(home, '.kube'), { recursive: true });
    const file = join(home, '.kube/config');
    writeFileSync(file, 'apiVersion: v1\nkind: Config\ncurrent-context: mine\n');
    const { mtimeMs } = statSync(file);
    clusterOk(['restart', 'dns'], { env: { HOME: home } });
    // It changes nothing else either when everything runs, also when it is called twice at once.
    const running = pids();
    const calls = [['up'], ['up']].map((call) => startCluster(call, { env: { HOME: home } }));
    const ended = await Promise.all(calls.map((call) => call.ended));
    expect(ended.map((call) => call.code)).toEqual([0, 0]);
    expect(calls.map((call) => call.said()).join('')).toMatch(
      /waiting for another sandbox\/cluster command to end/,
    );
    expect(pids()).toEqual(running);
    expect(answers('http://198.18.0.1:31999')).toBe(true);
    expect(readFileSync(file, 'utf8')).toBe('apiVersion: v1\nkind: Config\ncurrent-context: mine\n');
    expect(statSync(file).mtimeMs).toBe(mtimeMs);
    expect(readdirSync(join(home, '.kube'))).toEqual(['config']);
    expect(kubectl(['config', 'current-context']).trim()).toBe('appdev-sandbox');
  });

  it('publishes the registry under the names of KEP-1755', () => {
    const hosting = kubectl([
      'get',
      'configmap',
      'local-registry-hosting',
      '-n',
      'kube-public',
      '-o',
      'jsonpath={.data}',
    ]);
    for (const name of Object.values(status().registry)) {
      expect(hosting).toContain(name);
      expect(
        run('curl', ['-sf', '--noproxy', '*', `http://${name}/v2/appdev/java/tags/list`]).stdout,
      ).toContain('"17"');
    }
  });

  it('resolves services’ names in pods and lets them reach the API server', () => {
    expect(kubectl(['exec', 'web', '--', 'getent', 'hosts', 'web.default.svc.cluster.local'])).toMatch(
      /^198\.18\.1/,
    );
    expect(
      kubectl(['exec', 'web', '--', 'bash', '-c', 'exec 3<>/dev/tcp/kubernetes.default/443 && echo open']),
    ).toBe('open\n');
  });

  it('listens on loopback and on its own bridge only', () => {
    const others = run('ss', ['-Hltnp'])
      .stdout.split('\n')
      .filter((line) => {
        const pid = Number(/pid=(\d+)/.exec(line)?.[1] ?? 0);
        return sandboxProcesses().includes(pid) && !/ (127\.0\.0\.1|198\.18\.0\.1):\d+ /.test(line);
      });
    expect(others).toEqual([]);
  });

  it('prints what a shell needs', () => {
    const shell = run('bash', [
      '-c',
      `eval "$(${CHECKOUT}/sandbox/cluster env)" && helm version --short && helm3 version --short \
      && kustomize version && kubectl version -o json && echo "$APPDEV_SANDBOX_REGISTRY"`,
    ]);
    expect(shell.stdout).toMatch(/^v4\.[\s\S]*v3\.[\s\S]*v5\.[\s\S]*"serverVersion"[\s\S]*localhost:\d+\n$/);
  });
});

describe('repair', () => {
  it('never stops a process that merely has a recorded process id', async () => {
    const { state } = status();
    clusterOk(['stop', 'scheduler']);
    const stranger = spawn('sleep', ['1000'], { stdio: 'ignore' });
    const pid = stranger.pid ?? 0;
    const record = join(state, 'run/scheduler');
    const started = Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19]);
    writeFileSync(record, `${pid} ${started - 1}\n`);
    expect(status().parts.find((part) => part.name === 'scheduler')?.state).toBe('stopped');
    clusterOk(['stop', 'scheduler']);
    expect(alive(pid)).toBe(true);
    // The same record with the right start time is one of ours, and is stopped: the start time made the difference.
    writeFileSync(record, `${pid} ${started}\n`);
    clusterOk(['stop', 'scheduler']);
    await until(() => !alive(pid), 'the recorded process is gone', 5);
  });

  it('tells truly what is stopped, and starts it again', () => {
    clusterOk(['stop', 'registry']);
    const call = cluster(['status', '--output', 'json']);
    expect(call.code).toBe(3);
    const parts = (JSON.parse(call.stdout) as ReturnType<typeof status>).parts;
    expect(parts.filter((part) => part.state !== 'running').map((part) => part.name)).toEqual([
      'registry',
      'registry-node',
      'scheduler',
    ]);
    expect(run('curl', ['-s', `http://${status().registry.host}/v2/`]).code).not.toBe(0);
    clusterOk(['start', 'registry']);
    expect(run('curl', ['-s', `http://${status().registry.host}/v2/`]).code).toBe(0);
    expect(status().running).toBe(false);
    clusterOk(['up']);
    expect(status().running).toBe(true);
    expect(cluster(['stop', 'docker']).code).toBe(2);
  });

  it('recovers from the death of every process at once; the old pods run again with their data', async () => {
    const uid = kubectl(['get', 'pod', 'web', '-o', 'jsonpath={.metadata.uid}']);
    for (const pid of sandboxProcesses()) process.kill(pid, 'SIGKILL');
    await until(() => sandboxProcesses().length === 0, 'everything is dead', 10);
    expect(cluster(['status']).code).toBe(3);
    clusterOk(['up']);
    await until(webIsReady, 'the old pod is ready', 60);
    expect(kubectl(['get', 'pod', 'web', '-o', 'jsonpath={.metadata.uid}'])).toBe(uid);
    expect(kubectl(['exec', 'web', '--', 'cat', '/data/file'])).toBe('kept\n');
    await until(() => answers('http://198.18.0.1:31999'), 'the node port answers', 20);
  });

  it('holds no file that its caller had open: a lock of his ends with him', () => {
    const lock = join(folder, 'lock');
    const started = run('bash', [
      '-c',
      'exec 7>"$0"; "$1" restart proxy',
      lock,
      join(CHECKOUT, 'sandbox/cluster'),
    ]);
    expect(started.code).toBe(0);
    const held = sandboxProcesses().flatMap(openFiles);
    // The daemon that was started under the lock is among those that were looked at.
    expect(openFiles(pids()['proxy'] ?? 0).length).toBeGreaterThan(0);
    expect(held).not.toContain(lock);
  });

  it('recovers from a restart of the machine, which takes processes, mounts, network and control groups but no file', async () => {
    const { state } = status();
    for (const pid of sandboxProcesses()) process.kill(pid, 'SIGKILL');
    await until(() => sandboxProcesses().length === 0, 'everything is dead', 10);
    run('bash', [
      '-c',
      `
      awk '$5 ~ "^${state}/" { print $5 }' /proc/self/mountinfo | tac | xargs -r -n 1 umount
      for link in $(ip -o link show master appdev-sandbox | sed -n 's/^[0-9]*: \\([^@:]*\\).*/\\1/p') appdev-sandbox; do ip link delete $link; done
      nft flush ruleset
      while read -r file value; do echo "$value" >"$file"; done <${state}/sysctl
      find /sys/fs/cgroup -depth -path '*/appdev-sandbox*' -type d -exec rmdir {} +`,
    ]);
    writeFileSync(join(state, 'boot-id'), 'another boot\n');
    clusterOk(['up']);
    await until(webIsReady, 'the old pod is ready', 60);
    await until(() => answers('http://198.18.0.1:31999'), 'the node port answers', 20);
  });

  it('puts the pods on a new bridge when the bridge was deleted', async () => {
    run('ip', ['link', 'delete', 'appdev-sandbox']);
    expect(answers('http://198.18.0.1:31999')).toBe(false);
    clusterOk(['up']);
    await until(() => answers('http://198.18.0.1:31999'), 'the node port answers', 20);
  });

  it('is killed while it builds and leaves no half program in the cache', async () => {
    const cache = join(folder, 'cache');
    await interruptAt('building kubernetes', 'SIGKILL', { env: { APPDEV_SANDBOX_CACHE: cache } });
    expect(readdirSync(cache).filter((name) => !name.startsWith('build.'))).toEqual([]);
    // The compiler goes with the command that started it, without being asked by the next one.
    await until(() => processesNaming(cache).length === 0, 'nobody builds any more', 30);
    clusterOk(['up']);
    expect(status().running).toBe(true);
  });
});

describe('a second checkout', () => {
  const second = join(folder, 'second');

  beforeAll(() => {
    cpSync(join(CHECKOUT, 'sandbox'), join(second, 'sandbox'), { recursive: true });
  });

  it('says which one is running, and uses it', () => {
    const running = pids();
    writeFileSync(join(second, 'sandbox/etc/dns.corefile'), 'changed, and therefore another configuration');
    const ended = clusterOk(['up'], { checkout: second });
    expect(ended.stderr).toContain(`started by ${CHECKOUT}`);
    expect(pids()).toEqual(running);
    expect(status({ checkout: second }).owner).toBe(CHECKOUT);
  });

  it('must not stop it without --force', () => {
    const ended = cluster(['down'], { checkout: second });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain(`started by ${CHECKOUT}`);
    expect(ended.stderr).toContain('--force');
    expect(status().running).toBe(true);
  });
});

describe('packages', () => {
  it('start no service while they are installed, and the machine’s own rule for that is back afterwards, also after a kill', () => {
    const script = join(folder, 'policy.sh');
    writeFileSync(
      script,
      `
      set -euo pipefail
      CHECKOUT=${CHECKOUT} STATE_FOLDER=${folder}/policy
      mkdir -p ${folder}/policy ${folder}/sbin
      mount --bind ${folder}/sbin /usr/sbin
      for file in settings say owner process packages; do source $CHECKOUT/sandbox/lib/$file.sh; done
      STATE=$STATE_FOLDER
      printf '#!/bin/sh\\nexit 42\\n' >/usr/sbin/policy-rc.d
      chmod 755 /usr/sbin/policy-rc.d
      forbid_service_starts
      code() { local code=0; /usr/sbin/policy-rc.d x start || code=$?; echo "$1 $code"; }
      code during
      restore_policy
      code after
      bash -c "$(declare -f); $(declare -p SANDBOX STATE POLICY); forbid_service_starts; kill -KILL \\$\\$" || true
      code killed
      restore_policy
      code repaired
      ls /usr/sbin
    `,
    );
    const ended = run('unshare', ['--mount', 'bash', script]);
    expect(ended.stdout, ended.stderr).toBe('during 101\nafter 42\nkilled 42\nrepaired 42\npolicy-rc.d\n');
  });
});

describe('down, and up again', () => {
  it('leaves the machine as it was before up', () => {
    expect(webIsReady()).toBe(true);
    clusterOk(['down']);
    expect(footprint()).toBe(before);
  });

  it('is killed in the middle, interrupted in the middle, and works at the next try', async () => {
    for (const [text, signal] of [
      ['starting containerd', 'SIGINT'],
      ['making certificates', 'SIGKILL'],
      ['starting apiserver', 'SIGKILL'],
      ['starting proxy', 'SIGTERM'],
    ] as const) {
      const ended = await interruptAt(text, signal);
      expect(ended.code, text).not.toBe(0);
    }
    clusterOk(['up']);
    expect(status()).toMatchObject({ running: true, node: 'ready', owner: CHECKOUT });
  });

  it('leaves the machine as it was also when everything was killed before', async () => {
    await usePod();
    for (const pid of sandboxProcesses()) process.kill(pid, 'SIGKILL');
    await until(() => sandboxProcesses().length === 0, 'everything is dead', 10);
    clusterOk(['down']);
    expect(footprint()).toBe(before);
  });

  it('leaves the machine as it was also after an up that was killed in the middle', async () => {
    await interruptAt('starting kubelet', 'SIGKILL');
    clusterOk(['down']);
    expect(footprint()).toBe(before);
  });

  it('stops everything also after someone deleted the state folder while it ran', () => {
    clusterOk(['up']);
    const { state } = status();
    const settings = readFileSync(join(state, 'sysctl'), 'utf8').trim().split('\n');
    run('find', [state, '-xdev', '-depth', '-delete']);
    clusterOk(['down']);
    const sections = (text: string): string[] =>
      text.split(/^(?=== )/m).filter((section) => !/^== (kernel settings|files)/.test(section));
    expect(sections(footprint())).toEqual(sections(before));
    // What was there before was written in that folder; nobody but this test can still know it.
    for (const setting of settings) writeFileSync(setting.split(' ')[0] ?? '', setting.split(' ')[1] ?? '');
    run('find', [
      '/run/containerd',
      '/var/lib/cni',
      '/var/lib/kubelet',
      '/var/log/containers',
      '-type',
      'd',
      '-empty',
      '-delete',
    ]);
  });
});
