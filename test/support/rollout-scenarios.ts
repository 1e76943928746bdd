/**
 * Rollouts that go well or wrong, as manifests for real pods, with what is to be said of each. The end-to-end test runs
 * them on the sandbox and can record what the cluster reported; the unit tests replay the recordings.
 */

/** One rollout. */
export interface Scenario {
  readonly name: string;
  /** What runs before, ready. */
  readonly before?: string;
  readonly manifest: string;
  readonly deadlineMs?: number;
  readonly restartsAllowed?: number;
  /** `ready`, or what the error's message must say. */
  readonly expected: 'ready' | RegExp;
  /** What its hint must say. */
  readonly hint?: RegExp;
  /** What its last evidence lines must say. */
  readonly evidence?: RegExp;
}

/** What a scenario may know of the machine that runs it. */
export interface Surroundings {
  /** Address of the node, under which this machine can be reached from the node. */
  readonly node: string;
  /** Port on `node` where something answers in plain HTTP. */
  readonly httpPort: number;
  /** Port on `node` where nothing listens. */
  readonly closedPort: number;
}

const waits = `["sh", "-c", "trap 'exit 0' TERM; sleep 100000 & wait"]`;

/** What Spring Boot prints when it finds a port taken (LoggingFailureAnalysisReporter). */
const springReport = [
  '***************************',
  'APPLICATION FAILED TO START',
  '***************************',
  '',
  'Description:',
  '',
  'Web server failed to start. Port 8080 was already in use.',
  '',
  'Action:',
  '',
  "Identify and stop the process that's listening on port 8080 or configure this application to listen on another port.",
  '',
];

interface Pod {
  readonly image?: string;
  readonly command?: string;
  /** Further fields of the container, in flow style. */
  readonly container?: string;
  /** Further fields of the pod, in flow style. */
  readonly spec?: string;
}

function podOf({ image = 'appdev/java', command = waits, container = '', spec = '' }: Pod): string {
  const fields = `name: app, image: "${image}", command: ${command}${container === '' ? '' : `, ${container}`}`;
  return `{metadata: {labels: {app: web}}, spec: {terminationGracePeriodSeconds: 1${spec === '' ? '' : `, ${spec}`}, containers: [{${fields}}]}}`;
}

function deployment(pod: Pod = {}, spec = ''): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {${spec === '' ? '' : `${spec}, `}selector: {matchLabels: {app: web}}, template: ${podOf(pod)}}
`;
}

function stateful(pod: Pod = {}): string {
  return `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec: {serviceName: web, selector: {matchLabels: {app: web}}, template: ${podOf(pod)}}
`;
}

function daemon(pod: Pod = {}): string {
  return `apiVersion: apps/v1
kind: DaemonSet
metadata: {name: web}
spec: {selector: {matchLabels: {app: web}}, template: ${podOf(pod)}}
`;
}

function job(command: string): string {
  return `apiVersion: batch/v1
kind: Job
metadata: {name: web}
spec:
  backoffLimit: 1
  template: {spec: {restartPolicy: Never, containers: [{name: app, image: appdev/java, command: ${command}}]}}
`;
}

function shell(...lines: readonly string[]): string {
  return JSON.stringify(['sh', '-c', lines.join('\n')]);
}

/** The rollouts. */
export function scenarios({ node, httpPort, closedPort }: Surroundings): readonly Scenario[] {
  const neverReady = 'readinessProbe: {periodSeconds: 1, exec: {command: ["false"]}}';
  const crash = shell('echo about to fail', 'exit 7');
  return [
    { name: 'first-install', manifest: deployment(), expected: 'ready' },
    {
      name: 'upgrade-of-two',
      before: deployment({}, 'replicas: 2'),
      manifest: deployment({ container: 'env: [{name: VERSION, value: "2"}]' }, 'replicas: 2'),
      expected: 'ready',
    },
    {
      name: 'scaled-to-none',
      before: deployment(),
      manifest: deployment({}, 'replicas: 0'),
      expected: 'ready',
    },
    {
      name: 'image-not-found',
      before: deployment(),
      manifest: deployment({ image: `${node}:5001/appdev/none:1` }),
      expected:
        /Deployment\/web did not become ready: Pod\/web-\S+: container app cannot get image \S+appdev\/none:1: .*not found.*; the old version is still serving \(1 pod\)/,
      hint: new RegExp(`the node asked ${node}:5001: push the image there`),
    },
    {
      name: 'registry-speaks-http',
      manifest: deployment({ image: `${node}:${httpPort}/appdev/java:1` }),
      expected: /server gave HTTP response to HTTPS client.*; no older version is serving/,
      hint: /declare it as insecure in the node's containerd/,
    },
    {
      name: 'registry-is-down',
      manifest: deployment({ image: `${node}:${closedPort}/appdev/java:1` }),
      expected: /cannot get image .*connection refused/,
      hint: /check that `registry.pull` is right as seen from the node/,
    },
    {
      name: 'image-name-invalid',
      manifest: deployment({ image: 'Not/An Image' }),
      expected: /cannot get image Not\/An Image: this is not an image reference/,
    },
    {
      name: 'crash',
      before: deployment(),
      manifest: deployment({ command: crash, container: neverReady }),
      restartsAllowed: 1,
      expected: /container app ended 2 times: exit code 7; the old version is still serving/,
      hint: /kubectl --context \S+ -n \S+ logs web-\S+ -c app/,
      evidence: /about to fail/,
    },
    {
      // Without a probe, Kubernetes calls it ready until it crashes.
      name: 'crash-without-probe',
      before: deployment(),
      manifest: deployment({ command: shell('sleep 1', 'exit 7') }),
      expected: /container app ended once: exit code 7/,
    },
    {
      name: 'crash-of-spring',
      manifest: deployment({ command: shell("cat <<'END'", ...springReport, 'END', 'exit 1') }),
      expected:
        /ended once: exit code 1: Web server failed to start\. Port 8080 was already in use\.; no older version is serving/,
      hint: /^Identify and stop the process that's listening on port 8080/,
      evidence: /APPLICATION FAILED TO START/,
    },
    {
      name: 'crash-that-passes',
      manifest: deployment({
        command: shell('test -e /state/seen && exec sleep 100000', 'touch /state/seen', 'exit 1'),
        container: 'volumeMounts: [{name: state, mountPath: /state}]',
        spec: 'volumes: [{name: state, emptyDir: {}}]',
      }),
      restartsAllowed: 2,
      expected: 'ready',
    },
    {
      name: 'command-not-found',
      manifest: deployment({ command: '["/no/such/program"]' }),
      expected: /exec: "\/no\/such\/program": .*no such file or directory/,
    },
    {
      name: 'ends-by-itself',
      manifest: deployment({ command: '["true"]' }),
      expected: /ended once: exit code 0 \(it ended by itself but should keep running\)/,
    },
    {
      name: 'out-of-memory',
      manifest: deployment({
        command: shell('echo filling up', 'x=$(head -c 200000000 /dev/zero | tr "\\\\0" x)', 'sleep 100000'),
        container: 'resources: {limits: {memory: 24Mi}}',
      }),
      restartsAllowed: 2,
      expected: /needed more memory than its limit of 24Mi and was killed/,
      hint: /resources\.limits\.memory.*MaxRAMPercentage/,
    },
    {
      name: 'config-map-missing',
      manifest: deployment({ container: 'envFrom: [{configMapRef: {name: nowhere}}]' }),
      expected: /container app cannot be created: configmap "nowhere" not found/,
      hint: /add configmap nowhere to the chart or the manifests/,
    },
    {
      name: 'secret-key-missing',
      manifest: `apiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {user: me}\n---\n${deployment(
        {
          container: 'env: [{name: PASSWORD, valueFrom: {secretKeyRef: {name: login, key: password}}}]',
        },
      )}`,
      expected: /couldn't find key password in Secret \S+\/login/,
      hint: /add the key password to Secret login/,
    },
    {
      name: 'volume-missing',
      manifest: deployment({
        container: 'volumeMounts: [{name: config, mountPath: /config}]',
        spec: 'volumes: [{name: config, configMap: {name: nowhere}}]',
      }),
      expected: /cannot mount a volume: .*configmap "nowhere" not found/,
      hint: /add configmap nowhere/,
    },
    {
      name: 'unschedulable',
      manifest: deployment({ container: 'resources: {requests: {memory: 1Ti}}' }),
      deadlineMs: 5_000,
      expected: /did not become ready within 5 s: Pod\/web-\S+: finds no node: .*Insufficient memory/,
      hint: /lower resources\.requests/,
    },
    {
      name: 'host-port-of-older',
      before: deployment({ container: `ports: [{containerPort: 8080, hostPort: ${closedPort}}]` }),
      manifest: deployment({
        container: `ports: [{containerPort: 8080, hostPort: ${closedPort}}], env: [{name: A, value: b}]`,
      }),
      expected: /finds no node: .*free ports.*; the old version is still serving/,
      hint: /strategy\.type to Recreate, or remove hostPort/,
    },
    {
      name: 'claim-class-missing',
      manifest: `apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec: {accessModes: [ReadWriteOnce], storageClassName: gp3, resources: {requests: {storage: 1Mi}}}\n---\n${deployment(
        {
          container: 'volumeMounts: [{name: data, mountPath: /data}]',
          spec: 'volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]',
        },
      )}`,
      expected: /its claim data gets no volume: .*"gp3" not found/,
      hint: /no storage class gp3: leave storageClassName out/,
    },
    {
      name: 'pull-never',
      manifest: deployment({ image: 'localhost:5001/never/pushed:1', container: 'imagePullPolicy: Never' }),
      expected: /cannot get image localhost:5001\/never\/pushed:1: .*pull policy of Never/,
      hint: /IfNotPresent/,
    },
    {
      name: 'post-start-hook-fails',
      manifest: deployment({ container: 'lifecycle: {postStart: {exec: {command: ["false"]}}}' }),
      expected: /lifecycle\.postStart failed/,
      hint: /fix the command of lifecycle\.postStart/,
    },
    {
      name: 'readiness-404',
      before: deployment(),
      manifest: deployment({
        container: `readinessProbe: {periodSeconds: 1, httpGet: {host: ${node}, port: ${httpPort}, path: /actuator/health/readiness}}`,
      }),
      deadlineMs: 12_000,
      expected:
        /within 12 s: .*container app runs, but its readiness probe GET :\d+\/actuator\/health\/readiness fails: HTTP 404; the old version is still serving/,
      hint: /nothing serves that path/,
    },
    {
      name: 'readiness-refused',
      manifest: deployment({
        container:
          'ports: [{name: http, containerPort: 8080}], readinessProbe: {periodSeconds: 1, httpGet: {port: http, path: /ready}}',
      }),
      deadlineMs: 12_000,
      expected: /its readiness probe GET :8080\/ready fails: connection refused/,
      hint: /server\.port/,
    },
    {
      name: 'startup-probe-restarts',
      manifest: deployment({
        container:
          'startupProbe: {periodSeconds: 1, failureThreshold: 2, exec: {command: [sh, -c, "echo not yet; exit 1"]}}',
      }),
      restartsAllowed: 0,
      expected: /its startup probe `sh -c echo not yet; exit 1` fails: not yet; it was restarted/,
    },
    {
      name: 'liveness-probe-restarts',
      manifest: deployment({
        container:
          'livenessProbe: {periodSeconds: 1, failureThreshold: 1, exec: {command: ["false"]}}, readinessProbe: {periodSeconds: 1, exec: {command: ["false"]}}',
      }),
      restartsAllowed: 1,
      expected: /its liveness probe `false` fails: .*; it was restarted/,
    },
    {
      name: 'init-container-crash',
      manifest: deployment({
        spec: `initContainers: [{name: migrate, image: appdev/java, command: ${shell('echo no database', 'exit 4')}}]`,
      }),
      expected: /init container migrate ended once: exit code 4/,
      evidence: /no database/,
    },
    {
      name: 'quota',
      before: `apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: one}\nspec: {hard: {pods: "1"}}\n---\n${deployment()}`,
      manifest: `apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: one}\nspec: {hard: {pods: "1"}}\n---\n${deployment({ container: 'env: [{name: A, value: b}]' })}`,
      expected:
        /ReplicaSet\/web-\S+: cannot create pods: exceeded quota: one.*; the old version is still serving/,
      hint: /raise the quota/,
    },
    {
      name: 'service-account-missing',
      manifest: deployment({ spec: 'serviceAccountName: nobody' }),
      expected: /cannot create pods: .*service ?account "nobody" not found/,
      hint: /serviceAccount\.create/,
    },
    {
      name: 'paused',
      before: deployment(),
      manifest: deployment({ container: 'env: [{name: A, value: b}]' }, 'paused: true'),
      expected: /Deployment\/web did not become ready: it is paused/,
      hint: /rollout resume/,
    },
    {
      name: 'no-progress',
      manifest: deployment(
        { container: 'readinessProbe: {periodSeconds: 1, exec: {command: ["false"]}}' },
        'progressDeadlineSeconds: 3',
      ),
      expected:
        /Deployment\/web did not become ready: Pod\/web-\S+: container app runs, but its readiness probe `false` fails/,
    },
    {
      name: 'stateful-upgrade',
      before: stateful(),
      manifest: stateful({ container: 'env: [{name: A, value: b}]' }),
      expected: 'ready',
    },
    {
      name: 'stateful-crash',
      before: stateful(),
      manifest: stateful({ command: crash }),
      expected: /StatefulSet\/web did not become ready: Pod\/web-0: container app ended once: exit code 7/,
      evidence: /about to fail/,
    },
    {
      name: 'stateful-stuck-on-older',
      before: stateful(),
      manifest: stateful({ container: 'readinessProbe: {periodSeconds: 1, exec: {command: ["false"]}}' }),
      deadlineMs: 12_000,
      expected:
        /StatefulSet\/web did not become ready within 12 s: Pod\/web-0: .*readiness probe `false` fails/,
    },
    {
      name: 'daemon-upgrade',
      before: daemon(),
      manifest: daemon({ container: 'env: [{name: A, value: b}]' }),
      expected: 'ready',
    },
    {
      name: 'daemon-crash',
      before: daemon(),
      manifest: daemon({ command: crash }),
      expected: /DaemonSet\/web did not become ready: Pod\/web-\S+: container app ended once: exit code 7/,
    },
    { name: 'job-completes', manifest: job('["true"]'), expected: 'ready' },
    {
      name: 'job-fails',
      manifest: job(shell('echo no such table', 'exit 2')),
      expected: /Job\/web did not become ready: Pod\/web-\S+: container app ended once: exit code 2/,
      evidence: /no such table/,
    },
  ];
}
