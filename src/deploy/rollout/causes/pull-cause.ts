/**
 * Why the node cannot get an image: the registry's own words, the reference, and the host that the node contacted.
 * Pure.
 */
import { numberAt, stringAt } from '../../../support/fields.ts';
import { parseImageName } from '../../objects/images.ts';
import type { ContainerView, Finding } from './container-view.ts';
import { pullReason } from './pull-hints.ts';

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
  const known = pullReason(`${reason} ${words}`);
  const final = known?.final === true || attempts >= attemptsAllowed;
  return {
    kind: 'image-pull',
    message: `${called} cannot get image ${image}: ${words}`,
    hint: (known?.hint ?? anyHint).replaceAll('$host', hostOf(image)),
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

const anyHint = 'run appdev doctor to test a push to $host and a pull through the node';

/** The host that the node asks. A reference without one means Docker's. */
function hostOf(image: string): string {
  const first = parseImageName(image).repository.split('/')[0] ?? '';
  return /[.:]|^localhost$/.test(first) ? first : 'docker.io';
}
