/** The protocol of an attach against a fake socket: what is sent, how much waits, and how each way to end is understood. */
import { beforeEach, expect, it } from 'vitest';
import { ok, type Outcome } from '../../core/outcome.ts';
import { attach } from './attach.ts';
import type { Transport } from './transport.ts';
import type { FrameSocket, OnFrame } from './channels.ts';

/** A socket whose other end is the test. */
class FakeFrames implements FrameSocket {
  readyState = 1;
  protocol = 'v5.channel.k8s.io';
  bufferedAmount = 0;
  readonly #closed: (() => void)[] = [];
  readonly frames: Buffer[] = [];
  /** Frames that are not handed on yet, because the peer does not read. */
  readonly #waiting: { bytes: number; sent: (() => void) | undefined }[] = [];
  reading = true;

  send(frame: Buffer, sent?: () => void): void {
    this.frames.push(frame);
    if (this.reading) sent?.();
    else {
      this.bufferedAmount += frame.length;
      this.#waiting.push({ bytes: frame.length, sent });
    }
  }

  read(): void {
    this.reading = true;
    for (const { bytes, sent } of this.#waiting.splice(0)) {
      this.bufferedAmount -= bytes;
      sent?.();
    }
  }

  close(): void {
    this.end();
  }

  terminate(): void {
    this.end();
  }

  pause(): void {
    throw new Error('nothing is read here');
  }

  resume(): void {
    throw new Error('nothing is read here');
  }

  once(_event: 'close', heard: () => void): void {
    this.#closed.push(heard);
  }

  end(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    for (const heard of this.#closed) heard();
  }
}

let socket: FakeFrames;
let onFrame: OnFrame;
let path: string;
let session: AbortController;
beforeEach(() => {
  socket = new FakeFrames();
  session = new AbortController();
});

const transport = {
  identity: {
    context: 'kind-shop',
    server: 'https://127.0.0.1:6443',
    product: 'kind',
    namespace: '',
    kubeconfig: '',
  },
  socket: async (wanted: string, listen: OnFrame): Promise<Outcome<FrameSocket>> => {
    path = wanted;
    onFrame = listen;
    return await Promise.resolve(ok(socket));
  },
} as unknown as Transport;

async function* source(chunks: number, size = 100_000, taken: number[] = []): AsyncGenerator<Buffer> {
  for (let index = 0; index < chunks; index += 1) {
    taken.push(index);
    yield await Promise.resolve(Buffer.alloc(size, index));
  }
}

async function run(from: AsyncIterable<Buffer>): Promise<Outcome<void>> {
  return await attach(
    transport,
    { namespace: 'shop', pod: 'build-1', container: 'executor' },
    from,
    session.signal,
  );
}

/** Lets everything that is ready go on. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

const input = (): number =>
  socket.frames.filter(([channel]) => channel === 0).reduce((sum, frame) => sum + frame.length - 1, 0);
const success = Buffer.from(JSON.stringify({ status: 'Success' }));

it('sends everything in small frames, ends the input, and waits for the container', async () => {
  const running = run(source(3));
  await settle();
  expect(path).toBe(
    '/api/v1/namespaces/shop/pods/build-1/attach?container=executor&stdin=true&stdout=false&stderr=false',
  );
  expect(input()).toBe(300_000);
  expect(Math.max(...socket.frames.map((frame) => frame.length))).toBeLessThanOrEqual(64 * 1024 + 1);
  expect(socket.frames.at(-1)).toEqual(Buffer.from([255, 0]));
  // Not before the container has ended: closing earlier could cut off what is still on its way.
  expect(socket.readyState).toBe(1);
  onFrame(3, success);
  socket.end();
  expect(await running).toEqual(ok(undefined));
});

it('ends the input of an older server by closing', async () => {
  socket.protocol = 'v4.channel.k8s.io';
  expect(await run(source(1))).toEqual(ok(undefined));
  expect(socket.frames.some(([channel]) => channel === 255)).toBe(false);
  expect(input()).toBe(100_000);
});

it('takes no more from its source than the connection takes from it', async () => {
  socket.reading = false;
  const taken: number[] = [];
  const running = run(source(200, 100_000, taken));
  await settle();
  expect(taken.length).toBeLessThan(20);
  socket.read();
  await settle();
  expect(input()).toBe(20_000_000);
  socket.end();
  expect(await running).toEqual(ok(undefined));
});

it('that breaks in the middle is a failure', async () => {
  socket.reading = false;
  const running = run(source(200));
  await settle();
  socket.end();
  expect(await running).toMatchObject({ kind: 'failed', error: { code: 'CLUSTER_UNREACHABLE' } });
});

it('to a container that ends before it has read everything is none: its status tells', async () => {
  socket.reading = false;
  const running = run(source(200));
  await settle();
  onFrame(3, success);
  socket.end();
  expect(await running).toEqual(ok(undefined));
});

it('tells why the server could not attach', async () => {
  const running = run(source(1));
  await settle();
  onFrame(
    3,
    Buffer.from(JSON.stringify({ status: 'Failure', message: 'container executor is not running' })),
  );
  socket.end();
  expect(await running).toMatchObject({
    error: {
      code: 'DEPLOY_FAILED',
      message: 'cannot attach to build-1/executor: container executor is not running',
    },
  });
});

it('ends at the signal and closes', async () => {
  socket.reading = false;
  const running = run(source(200));
  await settle();
  session.abort('superseded');
  expect(await running).toEqual({ kind: 'cancelled', reason: 'superseded' });
  expect(socket.readyState).toBe(3);
});
