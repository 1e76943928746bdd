/** Texts as Helm 3.22 and 4.3 print them. */
import { expect, it } from 'vitest';
import { explainUpgrade } from './upgrade-errors.ts';

const input = {
  service: 'orders',
  release: 'orders-dev',
  namespace: 'dev',
  context: 'kind-shop',
  server: 'https://127.0.0.1:6443',
};

it.each([
  [
    'Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress',
    'RELEASE_STUCK',
    'release orders-dev in dev is being changed by another helm',
    'helm history orders-dev --kube-context kind-shop -n dev',
  ],
  [
    'Error: INSTALLATION FAILED: Unable to continue with install: Service "orders" in namespace "dev" exists and cannot be imported into the current release: invalid ownership metadata; label validation error: missing key "app.kubernetes.io/managed-by": must be set to "Helm"',
    'OBJECT_FOREIGN',
    'Service/orders in dev exists but does not belong to release orders-dev',
    '--adopt',
  ],
  [
    'level=WARN msg="upgrade failed" name=orders-dev\nError: UPGRADE FAILED: conflict occurred while applying object dev/orders apps/v1, Kind=Deployment: Apply failed with 1 conflict: conflict with "kubectl" using apps/v1: .spec.replicas',
    'DEPLOY_FAILED',
    'cannot apply Deployment/orders of release orders-dev: .spec.replicas belongs to kubectl',
    'try again',
  ],
  [
    'Error: UPGRADE FAILED: conflict occurred while applying object dev/orders apps/v1, Kind=Deployment: Apply failed with 2 conflicts: conflicts with "kubectl-edit" using apps/v1:\n- .spec.replicas\n- .spec.template.spec.containers[name="app"].image',
    'DEPLOY_FAILED',
    'cannot apply Deployment/orders of release orders-dev: .spec.replicas belongs to kubectl-edit, .spec.template.spec.containers[name="app"].image belongs to kubectl-edit',
    'try again',
  ],
  [
    'Error: UPGRADE FAILED: server-side apply failed for object dev/orders apps/v1, Kind=Deployment: failed to create typed patch object (dev/orders; apps/v1, Kind=Deployment): .spec.template.spec.containers[name="app"].env: duplicate entries for key [name="A"]',
    'DEPLOY_FAILED',
    'release orders-dev: Deployment/orders has two entries with name="A" in .spec.template.spec.containers[name="app"].env',
    'remove one of the two in the chart',
  ],
  [
    'Error: UPGRADE FAILED: server-side apply failed for object dev/migrate batch/v1, Kind=Job: Job.batch "migrate" is invalid: spec.template: Invalid value: {"labels":{"a":"b"},"Spec":{"Volumes":null}}: field is immutable',
    'DEPLOY_FAILED',
    'release orders-dev: Job/migrate cannot change, because a Job runs only once',
    'kubectl --kube-context kind-shop -n dev delete job migrate',
  ],
  [
    'Error: UPGRADE FAILED: cannot patch "migrate" with kind Job: Job.batch "migrate" is invalid: spec.template: Invalid value: core.PodTemplateSpec{ObjectMeta:v1.ObjectMeta{Name:""}}: field is immutable',
    'DEPLOY_FAILED',
    'release orders-dev: Job/migrate cannot change, because a Job runs only once',
    'migrate-{{ .Release.Revision }}',
  ],
  [
    'Error: UPGRADE FAILED: cannot patch "orders" with kind Deployment: Deployment.apps "orders" is invalid: spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string{"a":"b"}}: field is immutable',
    'DEPLOY_FAILED',
    'release orders-dev: cannot patch "orders" with kind Deployment: Deployment.apps "orders" is invalid: spec.selector: field is immutable',
    'run appdev delete orders, then deploy again',
  ],
  [
    'Error: INSTALLATION FAILED: create: failed to create: namespaces "dev" not found',
    'NAMESPACE_MISSING',
    'there is no namespace dev in kind-shop',
    'kubectl --context kind-shop create namespace dev',
  ],
  [
    'Error: Kubernetes cluster unreachable: Get "https://127.0.0.1:1/version": dial tcp 127.0.0.1:1: connect: connection refused',
    'CLUSTER_UNREACHABLE',
    'the API server of kind-shop went away while release orders-dev was applied: its state is unknown',
    'run the command again',
  ],
  [
    'Error: UPGRADE FAILED: pre-upgrade hooks failed: Delete "https://127.0.0.1:6443/apis/batch/v1/namespaces/dev/jobs/migrate": read tcp 127.0.0.1:48738->127.0.0.1:6443: read: connection reset by peer',
    'CLUSTER_UNREACHABLE',
    'the API server of kind-shop went away while release orders-dev was applied: its state is unknown',
    'run the command again',
  ],
  [
    'Error: kubernetes cluster unreachable: Get "https://127.0.0.1:1/version": read tcp 127.0.0.1:2->127.0.0.1:1: read: connection reset by peer',
    'CLUSTER_UNREACHABLE',
    'the API server of kind-shop went away while release orders-dev was applied: its state is unknown',
    'run the command again',
  ],
  [
    'Error: UPGRADE FAILED: Get "https://127.0.0.1:6443/api/v1/namespaces/dev/secrets": EOF',
    'CLUSTER_UNREACHABLE',
    'the API server of kind-shop went away while release orders-dev was applied: its state is unknown',
    'run the command again',
  ],
  [
    'Error: UPGRADE FAILED: unexpected error when reading response body. Please retry. Original error: http2: client connection lost',
    'CLUSTER_UNREACHABLE',
    'the API server of kind-shop went away while release orders-dev was applied: its state is unknown',
    'run the command again',
  ],
  [
    'Error: UPGRADE FAILED: Internal error occurred: failed calling webhook "policy.example.com": failed to call webhook: Post "https://policy.example.com:443/check?timeout=10s": dial tcp 127.0.0.1:443: connect: connection refused',
    'DEPLOY_FAILED',
    'release orders-dev: Internal error occurred: failed calling webhook "policy.example.com": failed to call webhook: Post "https://policy.example.com:443/check?timeout=10s": dial tcp 127.0.0.1:443: connect: connection refused',
    'helm history orders-dev',
  ],
  [
    'Error: INSTALLATION FAILED: looks like "https://charts.example.com" is not a valid chart repository or cannot be reached: Get "https://charts.example.com/index.yaml": dial tcp: lookup charts.example.com: no such host',
    'DEPLOY_FAILED',
    'release orders-dev: looks like "https://charts.example.com" is not a valid chart repository or cannot be reached: Get "https://charts.example.com/index.yaml": dial tcp: lookup charts.example.com: no such host',
    'helm history orders-dev',
  ],
  [
    'Error: query: failed to query with labels: the server is currently unable to handle the request (get secrets)',
    'CLUSTER_UNREACHABLE',
    'the API server of kind-shop answered HTTP 503 while release orders-dev was applied: its state is unknown',
    'run the command again',
  ],
  [
    'Error: UPGRADE FAILED: unable to retrieve the complete list of server APIs: metrics.k8s.io/v1beta1: the server is currently unable to handle the request',
    'DEPLOY_FAILED',
    'release orders-dev: unable to retrieve the complete list of server APIs: metrics.k8s.io/v1beta1: the server is currently unable to handle the request',
    'appdev render orders',
  ],
  [
    'Error: UPGRADE FAILED: pre-upgrade hooks failed: 1 error occurred:\n\t* job orders-migrate failed: BackoffLimitExceeded',
    'DEPLOY_FAILED',
    'release orders-dev: pre-upgrade hooks failed: 1 error occurred:',
    'kubectl --kube-context',
  ],
  [
    'Error: UPGRADE FAILED: something new',
    'DEPLOY_FAILED',
    'release orders-dev: something new',
    'appdev render orders',
  ],
  ['', 'DEPLOY_FAILED', 'release orders-dev: helm failed without a message', 'appdev render orders'],
])('%s', (stderr, code, message, hint) => {
  const error = explainUpgrade(stderr, input);
  expect({ code: error.code, message: error.message }).toEqual({ code, message });
  expect(error.hint).toContain(hint);
});
