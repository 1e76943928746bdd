/**
 * Runs a command in a container over the API server's channel protocol (v5.channel.k8s.io, or v4 on older servers). The
 * exit code comes in a Status object on channel 3. A connection that ends without one is a failure, never an exit code.
 */
import { cancelled, failed, ok, type Outcome } from '../../core/outcome.ts';
import { onAbort } from '../../support/abort.ts';
import { listAt, stringAt } from '../../support/fields.ts';
import { unreachable } from './failures.ts';
import type { Transport } from './transport.ts';
import { channels, channelsPath, closed, drop, statusOf, type ContainerTarget } from './channels.ts';

/** How the command ended. Each stream is cut to its last 8 MiB. */
export interface Executed {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const maxBytes = 8 * 1024 * 1024;

/** Runs a command to its end, without stdin and without a terminal. An abort closes the connection. */
export async function exec(
  transport: Transport,
  target: ContainerTarget,
  command: readonly string[],
  signal: AbortSignal,
): Promise<Outcome<Executed>> {
  const { pod, container } = target;
  const query = new URLSearchParams([
    ['container', container],
    ['stdout', 'true'],
    ['stderr', 'true'],
    ...command.map((word): [string, string] => ['command', word]),
  ]);
  const stdout = tail();
  const stderr = tail();
  let status: unknown;
  let ended = (): void => undefined;
  const end = new Promise<void>((resolve) => {
    ended = resolve;
  });

  const opened = await transport.socket(
    channelsPath(target, 'exec', query),
    (channel, data) => {
      if (channel === channels.stdout) stdout.add(data);
      else if (channel === channels.stderr) stderr.add(data);
      else if (channel === channels.status) {
        status = statusOf(data);
        ended();
      }
    },
    signal,
  );
  if (opened.kind !== 'ok') return opened;
  const socket = opened.value;
  void closed(socket).then(ended);
  const stopWaiting = onAbort(signal, ended);
  await end;
  stopWaiting();
  drop(socket);

  if (status !== undefined) {
    const exitCode = exitCodeOf(status);
    if (exitCode !== undefined) return ok({ exitCode, stdout: stdout.text(), stderr: stderr.text() });
    const said = stringAt(status, 'message') ?? 'the container runtime did not say why';
    return failed('DEPLOY_FAILED', `cannot run ${command[0] ?? ''} in ${pod}/${container}: ${said}`, {
      hint: 'check that the container is running and contains that program',
    });
  }
  if (signal.aborted) return cancelled(signal);
  return unreachable({ code: 'ECONNRESET' }, transport.identity);
}

/** The exit code: 0 for success, the command's code for `NonZeroExitCode`. Undefined if the command did not run. */
function exitCodeOf(status: unknown): number | undefined {
  if (stringAt(status, 'status') === 'Success') return 0;
  if (stringAt(status, 'reason') !== 'NonZeroExitCode') return undefined;
  const cause = listAt(status, 'details', 'causes').find((item) => stringAt(item, 'reason') === 'ExitCode');
  const code = Number(stringAt(cause, 'message'));
  return Number.isInteger(code) ? code : undefined;
}

/** Collects bytes and keeps the last 8 MiB. */
function tail(): { add: (data: Buffer) => void; text: () => string } {
  const chunks: Buffer[] = [];
  let size = 0;
  return {
    add(data) {
      chunks.push(data);
      size += data.length;
      while (size - (chunks[0]?.length ?? 0) >= maxBytes) size -= chunks.shift()?.length ?? 0;
    },
    text: () => Buffer.concat(chunks).toString('utf8'),
  };
}
