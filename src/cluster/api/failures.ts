/**
 * Turns what the network and the API server say into appdev's errors: which server, what happened, what to type next.
 * Pure: it only looks at errors and answers.
 */
import { failed, type NotOk } from '../../core/outcome.ts';
import { codeOf, stringAt } from '../../support/fields.ts';
import { conflictsIn } from '../conflicts.ts';
import { startHint } from '../products.ts';
import type { ClusterIdentity } from '../types.ts';

/** An answer of the API server: its HTTP status, and its JSON (or its text if it is not JSON). */
export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** The failure of a request that got no answer. `error` is what Node reports. */
export function unreachable(error: unknown, identity: ClusterIdentity): NotOk {
  const { context, server, product } = identity;
  const code = codeOf(error);
  const start = startHint(product, context);
  const running =
    start === undefined ? 'check that the cluster is running and reachable' : `is it running? ${start}`;
  const text = connectionWords[code];
  if (text !== undefined) {
    return failed('CLUSTER_UNREACHABLE', `the API server ${server} (context ${context}) ${text}`, {
      hint: running,
    });
  }
  if (/CERT|SIGNATURE|ISSUER|ALTNAME/.test(code)) {
    return failed(
      'CLUSTER_UNREACHABLE',
      `the API server ${server} shows a certificate that context ${context} does not expect (${code})`,
      { hint: 'the cluster was probably recreated: write its kubeconfig again, then restart appdev' },
    );
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL') || code === 'HPE_INVALID_CONSTANT') {
    return failed(
      'CLUSTER_UNREACHABLE',
      `${server} (context ${context}) does not speak ${protocolOf(server)}: ${words(error)}`,
      {
        hint: `another program is listening there; ${running}`,
      },
    );
  }
  return failed(
    'CLUSTER_UNREACHABLE',
    `the API server ${server} (context ${context}) cannot be reached: ${words(error)}`,
    {
      hint: running,
    },
  );
}

const connectionWords: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections: nothing listens there',
  ECONNRESET: 'closed the connection in the middle',
  EPIPE: 'closed the connection in the middle',
  ERR_STREAM_PREMATURE_CLOSE: 'closed the connection in the middle',
  ETIMEDOUT: 'does not answer',
  TIMEOUT: 'does not answer in time',
  EHOSTUNREACH: 'cannot be reached: there is no route to that host',
  ENETUNREACH: 'cannot be reached: there is no network to it',
  ENOTFOUND: 'cannot be found: its name does not resolve',
  EAI_AGAIN: 'cannot be found: its name cannot be resolved at the moment',
};

function protocolOf(server: string): string {
  return server.startsWith('https:') ? 'HTTPS' : 'HTTP';
}

/**
 * The failure for an answer that is not a success. `what` says in a clause what was asked for, such as `apply
 * Deployment/orders in shop`.
 */
export function rejected(answer: ApiAnswer, what: string, identity: ClusterIdentity): NotOk {
  const { context, server } = identity;
  const said = messageOf(answer);
  switch (answer.status) {
    case 401:
      return failed(
        'CLUSTER_DENIED',
        `the API server ${server} does not accept the credentials of context ${context}`,
        {
          hint: `sign in again, or recreate the context; run kubectl --context ${context} auth whoami to see who you are`,
          evidence: [said],
        },
      );
    case 403:
      return failed('CLUSTER_DENIED', `context ${context} is not allowed to ${what}: ${said}`, {
        hint: `ask for that right, or use another context; run kubectl --context ${context} auth can-i --list to see your rights`,
      });
    case 429:
    case 503:
    case 504:
      return failed('CLUSTER_UNREACHABLE', `the API server ${server} is too busy to ${what}: ${said}`, {
        hint: 'wait a moment and try again',
      });
    case 409:
      return conflict(answer, what);
    case 422:
      return failed('DEPLOY_FAILED', `cannot ${what}: ${said}`, { hint: invalidHint(said) });
    default:
      // Server-side apply answers 500 if a manifest has a field that its kind does not have.
      if (said.includes('field not declared in schema') || said.includes('unknown field')) {
        return failed('DEPLOY_FAILED', `cannot ${what}: ${said}`, {
          hint: 'the kind has no such field: fix its name or its place in the manifest',
        });
      }
      return failed('DEPLOY_FAILED', `cannot ${what}: ${said} (HTTP ${answer.status})`, {
        hint: 'the API server says why above; run appdev render to see what was sent',
      });
  }
}

function invalidHint(said: string): string {
  if (/field is immutable|may not change|updates to .{0,200} are forbidden/i.test(said)) {
    return 'that field cannot change in place: delete the object (appdev delete, or kubectl delete), then deploy again';
  }
  return 'fix the manifest; run appdev render to see what was sent';
}

/**
 * The failure for a conflict. A conflict of server-side apply names the other manager and the field; any other conflict
 * keeps the server's words.
 */
function conflict(answer: ApiAnswer, what: string): NotOk {
  const conflicts = conflictsIn(answer.body);
  const list = conflicts.map(({ field, manager }) => `${field} belongs to ${manager ?? 'another manager'}`);
  const said = list.length === 0 ? messageOf(answer) : list.join(', ');
  return failed('DEPLOY_FAILED', `cannot ${what}: ${said}`, {
    hint: 'someone else changed it at the same moment: try again',
  });
}

/** The server's own words: the message of its Status object, or else the body's first line. */
export function messageOf(answer: ApiAnswer): string {
  const message = stringAt(answer.body, 'message');
  if (message !== undefined && message !== '') return message;
  if (typeof answer.body === 'string' && answer.body.trim() !== '')
    return answer.body.trim().split('\n')[0] ?? '';
  return `HTTP ${answer.status}`;
}

/** `reason` of the server's Status object, such as `NotFound` or `Expired`. */
export function reasonOf(body: unknown): string {
  return stringAt(body, 'reason') ?? '';
}

function words(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message === '' ? codeOf(error) : message;
}
