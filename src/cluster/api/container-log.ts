/** Reads one container's log from the API server, to its end or for as long as it grows. */
import { cancelled, ok, type Outcome } from '../../core/outcome.ts';
import { codeOf } from '../../support/fields.ts';
import { rejected, unreachable } from './failures.ts';
import { readLines } from '../../support/process/lines.ts';
import type { Transport } from './transport.ts';
import type { LogRequest } from '../types.ts';

/** Longest line that is kept, in UTF-16 units. More than any screen shows, and a limit for memory. */
const maxLine = 64 * 1024;

/**
 * Resolves when the stream ends. A followed log ends when the container ends or when the server closes the stream, so
 * the caller decides whether there may be more. Fails with CLUSTER_UNREACHABLE if the stream breaks.
 */
export async function readContainerLog(
  transport: Transport,
  request: LogRequest,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<Outcome<void>> {
  const { namespace, pod, container } = request;
  const query = new URLSearchParams({ container, follow: String(request.follow) });
  if (request.previous === true) query.set('previous', 'true');
  if (request.timestamps === true) query.set('timestamps', 'true');
  if (request.tailLines !== undefined) query.set('tailLines', String(request.tailLines));
  if (request.sinceSeconds !== undefined) query.set('sinceSeconds', String(request.sinceSeconds));
  if (request.sinceTime !== undefined) query.set('sinceTime', request.sinceTime);
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log?${query.toString()}`;
  const opened = await transport.open(path, signal);
  if (opened.kind !== 'ok') return opened;
  if (opened.value.kind === 'answer') {
    return rejected(
      opened.value.answer,
      `read the log of ${pod}/${container} in ${namespace}`,
      transport.identity,
    );
  }
  try {
    await readLines(
      opened.value.body,
      (line) => {
        if (!signal.aborted) onLine(line);
      },
      maxLine,
    );
    return ok(undefined);
  } catch (error) {
    if (signal.aborted) return cancelled(signal);
    if (codeOf(error) === '') throw error;
    return unreachable(error, transport.identity);
  }
}
