/**
 * Why the node cannot get an image: the registry's own words, the reference, and the host that the node contacted.
 * Pure.
 */
import { numberAt, stringAt } from '../../support/fields.ts';
import { parseImageName } from '../objects/images.ts';
import type { ContainerView, Finding } from './container-view.ts';

/** Answers that another attempt will not change. */
const definite =
  /not found|manifest unknown|unauthorized|authentication required|no basic auth|denied|forbidden|x509|certificate|HTTP response to HTTPS client|first record does not look like a TLS handshake|invalid reference|couldn't parse image|no such host|Always pull|NeverPull/i;

/** How many attempts an answer gets that may be a passing fault. Then it ends the rollout. */
const attemptsAllowed = 2;

/** The cause for a container that waits for its image. */
export function pullCause(view: ContainerView, reason: string, message: string): Finding {
  const { spec, status, events, called } = view;
  const image = stringAt(spec, 'image') ?? stringAt(status, 'image') ?? '';
  const failures = events.filter(
    (event) => stringAt(event, 'message')?.startsWith('Failed to pull image') === true,
  );
  const attempts = failures.reduce((sum, event) => sum + (numberAt(event, 'count') ?? 1), 0);
  // While the kubelet backs off, the container says only that. The event holds the last attempt's answer.
  const said = /^Back-off/.test(message) ? (stringAt(failures.at(-1), 'message') ?? message) : message;
  const words = reason === 'InvalidImageName' ? 'this is not an image reference' : registryWords(said, image);
  const final =
    definite.test(`${reason} ${said}`) || reason === 'InvalidImageName' || attempts >= attemptsAllowed;
  return {
    kind: 'image-pull',
    message: `${called} cannot get image ${image}: ${words}`,
    hint: pullHint(image, said),
    endsAfterMs: final ? 0 : 'deadline',
  };
}

/** What the registry, or the network on the way to it, said: the end of the runtime's nested error. */
export function registryWords(message: string, image: string): string {
  let text = message
    .replace(/^(Failed to pull image|Back-off pulling image) "[^"]*":? ?/, '')
    .replace(/^ErrImagePull: /, '');
  text = text.replace(/rpc error: code = \w+ desc = /g, '');
  text = text.replace(/^.*failed to (pull and unpack|resolve) (image|reference) "[^"]*": /, '');
  text = text.replace(/^.*failed to (pull and unpack|resolve) (image|reference) "[^"]*": /, '');
  if (text.startsWith(`${image}: `)) text = text.slice(image.length + 2);
  text = text.replace(/^failed to do request: /, '').trim();
  return text === '' ? 'the node gives no reason' : text;
}

function pullHint(image: string, message: string): string {
  const { repository } = parseImageName(image);
  const first = repository.split('/')[0] ?? '';
  const host = /[.:]|^localhost$/.test(first) ? first : 'docker.io';
  if (/HTTP response to HTTPS client|TLS handshake/i.test(message)) {
    return `the node speaks HTTPS to ${host}, but it answers in plain HTTP: declare it as insecure in the node's containerd (certs.d/${host}/hosts.toml), then run appdev doctor to test it`;
  }
  if (/x509|certificate/i.test(message))
    return `the node does not trust the certificate of ${host}: add the CA to the node (certs.d/${host})`;
  if (/unauthorized|authentication|denied|forbidden|basic auth/i.test(message)) {
    return `the node does not have the right credentials for ${host}: add an imagePullSecret to the service account`;
  }
  if (/refused|timeout|no route|no such host|i\/o/i.test(message)) {
    return `the node cannot reach ${host}: check that \`registry.pull\` is right as seen from the node, and that the registry is up; run appdev doctor to test it`;
  }
  if (/not found|manifest unknown/i.test(message)) {
    return `the node asked ${host}: push the image there (appdev build), or fix \`registry.pull\` if the node knows the registry by another name`;
  }
  return `run appdev doctor to test a push to ${host} and a pull through the node`;
}
