/** Events for tests of the reporters: one of every type with every field, and one scripted session. */
import type { AppdevError } from '../../src/core/errors.ts';
import type { AppEvent, EventBody } from '../../src/core/events.ts';

type Samples = { readonly [T in EventBody['type']]: Extract<EventBody, { type: T }> };

/** A compile error as the Maven builder reports it. */
export const compileError: AppdevError = {
  code: 'SOURCE_BUILD_FAILED',
  message: 'orders does not compile: 1 error in OrderService.java',
  hint: 'correct the line above and save; the previous version keeps serving',
  diagnostics: [
    {
      severity: 'error',
      message: "';' expected",
      file: 'src/main/java/shop/OrderService.java',
      line: 12,
      column: 23,
      length: 1,
      excerpt: '\t\treturn "order " + id',
      hint: 'end the statement',
    },
  ],
};

/** A crashing pod as the rollout's diagnosis reports it. */
export const rolloutError: AppdevError = {
  code: 'ROLLOUT_FAILED',
  message: 'billing does not start: container billing exited with code 1, 3 restarts (CrashLoopBackOff)',
  hint: 'appdev render billing | grep -n DATASOURCE',
  evidence: [
    'APPLICATION FAILED TO START',
    'Description:',
    "Failed to configure a DataSource: 'url' attribute is not specified",
    'Action:',
    'Consider adding an embedded database to the classpath',
  ],
};

/** One event of each type, with every optional field: what the NDJSON golden file freezes. */
export const samples: Samples = {
  'session.started': {
    type: 'session.started',
    command: 'dev',
    version: '0.1.0',
    project: 'shop',
    profiles: ['local'],
    services: ['orders', 'gateway', 'catalog', 'billing'],
  },
  'session.finished': { type: 'session.finished', exitCode: 3, error: compileError },
  'cluster.selected': {
    type: 'cluster.selected',
    context: 'kind-shop',
    server: 'https://127.0.0.1:6443',
    product: 'kind',
    namespace: 'shop-dev',
  },
  'registry.selected': {
    type: 'registry.selected',
    push: 'localhost:5001',
    pull: 'localhost:5001',
    inCluster: '198.18.0.1:5001',
    source: 'KEP-1755',
  },
  'config.reloaded': {
    type: 'config.reloaded',
    profiles: ['local', 'debug'],
    changed: ['services.orders.dev.forward', 'keepImages'],
  },
  'config.rejected': {
    type: 'config.rejected',
    error: {
      code: 'CONFIG_INVALID',
      message: 'appdev.yaml has 1 error',
      hint: 'correct it and save',
      diagnostics: [
        { severity: 'error', message: "unknown key 'imge'", file: 'appdev.yaml', line: 7, column: 5 },
      ],
    },
  },
  'watch.started': {
    type: 'watch.started',
    files: 412,
    mode: 'polling',
    reason: '/src is on 9p, which has no file events',
  },
  'watch.changed': { type: 'watch.changed', files: 562 },
  'watch.paused': { type: 'watch.paused' },
  'watch.resumed': { type: 'watch.resumed' },
  'change.detected': {
    type: 'change.detected',
    service: 'orders',
    change: 14,
    paths: ['src/main/java/shop/OrderService.java', 'src/main/resources/application.yaml'],
    more: 1,
  },
  'service.held': { type: 'service.held', service: 'catalog', hold: { reason: 'needs', on: 'gateway' } },
  'service.released': { type: 'service.released', service: 'catalog' },
  'run.started': {
    type: 'run.started',
    service: 'orders',
    run: 7,
    change: 14,
    route: 'image',
    because: 'changed: source',
    reason: 'OrderService.java (+2)',
  },
  'stage.started': { type: 'stage.started', service: 'orders', run: 7, stage: 'compile' },
  'stage.output': {
    type: 'stage.output',
    service: 'orders',
    run: 7,
    stage: 'compile',
    stream: 'stdout',
    line: '[WARNING] Foo.java uses unchecked operations',
  },
  'stage.finished': {
    type: 'stage.finished',
    service: 'orders',
    run: 7,
    stage: 'image',
    outcome: 'ok',
    ms: 412,
    detail: '1 layer, 34 KB',
  },
  'run.finished': {
    type: 'run.finished',
    service: 'orders',
    run: 7,
    change: 14,
    reason: 'OrderService.java (+2)',
    outcome: 'cancelled',
    cancelReason: 'superseded',
    error: compileError,
    ms: 2900,
    stages: [
      { stage: 'compile', ms: 900, outcome: 'ok' },
      { stage: 'image', ms: 400, outcome: 'cancelled' },
    ],
    artifact: {
      service: 'orders',
      repository: 'localhost:5001/orders',
      tag: '3f9c1e2',
      digest: 'sha256:3f9c1e2000000000000000000000000000000000000000000000000000000000',
      pullRepository: 'localhost:5001/orders',
      inputHash: '3f9c1e2',
    },
  },
  'pod.changed': {
    type: 'pod.changed',
    service: 'orders',
    pods: { ready: 1, desired: 1, restarts: 0, phase: 'Running' },
  },
  'pod.log': {
    type: 'pod.log',
    service: 'orders',
    pod: 'orders-6d4c-x2k9p',
    container: 'orders',
    line: 'Tomcat started on port 8080',
  },
  'forward.opened': { type: 'forward.opened', service: 'orders', localPort: 8080, remotePort: 8080 },
  'forward.lost': { type: 'forward.lost', service: 'orders', localPort: 8080, reason: 'the pod is gone' },
  'forward.closed': { type: 'forward.closed', service: 'orders', localPort: 8080 },
  'cluster.lost': { type: 'cluster.lost', context: 'kind-shop', reason: 'connection refused' },
  'cluster.regained': { type: 'cluster.regained', context: 'kind-shop' },
  notice: {
    type: 'notice',
    level: 'warning',
    message: 'no registry found; images are loaded into the node, which is slower',
    hint: 'create the cluster with a local registry',
    service: 'orders',
  },
  'cleanup.started': { type: 'cleanup.started', services: ['orders', 'billing'] },
  'cleanup.finished': { type: 'cleanup.finished', removed: 9, kept: 1, failed: [] },
};

/** The time of the first event that `stamped` makes, in milliseconds since the epoch. */
export const sessionStart: number = Date.parse('2026-11-21T10:41:00.000Z');

/** Numbers and stamps events as the bus does: the first at `sessionStart`, each later one 100 ms after the one before. */
export function stamped(bodies: readonly EventBody[]): AppEvent[] {
  return bodies.map((body, index) => ({
    ...body,
    seq: index + 1,
    at: new Date(sessionStart + index * 100).toISOString(),
  }));
}

const digest = 'sha256:3f9c1e2000000000000000000000000000000000000000000000000000000000';

/** A session with a service in every state that users meet: ready, building, held, and crashing after a good run. */
export const session: readonly EventBody[] = [
  samples['session.started'],
  samples['cluster.selected'],
  samples['registry.selected'],
  { type: 'watch.started', files: 412, mode: 'events' },
  samples['change.detected'],
  samples['run.started'],
  samples['stage.started'],
  samples['stage.output'],
  {
    type: 'stage.output',
    service: 'orders',
    run: 7,
    stage: 'compile',
    stream: 'stdout',
    line: '[INFO] Compiling 1 source',
  },
  { type: 'stage.finished', service: 'orders', run: 7, stage: 'compile', outcome: 'ok', ms: 900 },
  { type: 'stage.started', service: 'orders', run: 7, stage: 'image' },
  samples['stage.finished'],
  { type: 'stage.started', service: 'orders', run: 7, stage: 'push' },
  {
    type: 'stage.finished',
    service: 'orders',
    run: 7,
    stage: 'push',
    outcome: 'skipped',
    ms: 12,
    detail: 'digest is there',
  },
  { type: 'stage.started', service: 'orders', run: 7, stage: 'rollout' },
  { type: 'stage.finished', service: 'orders', run: 7, stage: 'rollout', outcome: 'ok', ms: 1480 },
  {
    type: 'run.finished',
    service: 'orders',
    run: 7,
    change: 14,
    reason: 'OrderService.java (+2)',
    outcome: 'ok',
    ms: 2900,
    stages: [
      { stage: 'compile', ms: 900, outcome: 'ok' },
      { stage: 'image', ms: 412, outcome: 'ok' },
      { stage: 'push', ms: 12, outcome: 'skipped' },
      { stage: 'rollout', ms: 1480, outcome: 'ok' },
    ],
    artifact: {
      service: 'orders',
      repository: 'localhost:5001/orders',
      tag: '3f9c1e2',
      digest,
      pullRepository: 'localhost:5001/orders',
      inputHash: '3f9c1e2',
    },
  },
  samples['pod.changed'],
  samples['forward.opened'],
  samples['pod.log'],
  {
    type: 'run.started',
    service: 'billing',
    run: 8,
    change: 0,
    route: 'image',
    because: 'changed: source',
    reason: 'start',
  },
  { type: 'stage.started', service: 'billing', run: 8, stage: 'rollout' },
  {
    type: 'pod.changed',
    service: 'billing',
    pods: { ready: 0, desired: 1, restarts: 3, phase: 'CrashLoopBackOff' },
  },
  { type: 'stage.finished', service: 'billing', run: 8, stage: 'rollout', outcome: 'failed', ms: 9200 },
  {
    type: 'run.finished',
    service: 'billing',
    run: 8,
    change: 0,
    reason: 'start',
    outcome: 'failed',
    ms: 11900,
    error: rolloutError,
    stages: [
      { stage: 'compile', ms: 1300, outcome: 'ok' },
      { stage: 'rollout', ms: 9200, outcome: 'failed' },
    ],
  },
  { type: 'service.held', service: 'catalog', hold: { reason: 'needs', on: 'gateway' } },
  {
    type: 'change.detected',
    service: 'gateway',
    change: 15,
    paths: ['gateway/src/main/java/GatewayConfig.java'],
    more: 0,
  },
  {
    type: 'run.started',
    service: 'gateway',
    run: 9,
    change: 15,
    route: 'image',
    because: 'changed: source',
    reason: 'GatewayConfig.java',
  },
  { type: 'stage.started', service: 'gateway', run: 9, stage: 'compile' },
  { type: 'stage.finished', service: 'gateway', run: 9, stage: 'compile', outcome: 'ok', ms: 1800 },
  { type: 'stage.started', service: 'gateway', run: 9, stage: 'image' },
];
