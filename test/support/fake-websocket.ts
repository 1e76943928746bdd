/** The server's end of a WebSocket for the fake API server: enough of RFC 6455 to send and get whole binary frames. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** The server's end of a WebSocket. */
export interface FakeSocket {
  readonly path: string;
  send(channel: number, data: string | Buffer): void;
  /** Sends a close frame. */
  close(): void;
  /** Ends the TCP connection without a word. */
  destroy(): void;
  onData: (channel: number, data: Buffer) => void;
  onClose: () => void;
}

/** RFC 6455 as far as a test needs it: the server's frames are unmasked and whole, the client's are masked. */
export function acceptUpgrade(
  request: IncomingMessage,
  socket: Duplex,
  accept: ((socket: FakeSocket) => void) | undefined,
): void {
  socket.on('error', () => undefined);
  if (accept === undefined) {
    socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
    return;
  }
  const key = createHash('sha1')
    .update(`${request.headers['sec-websocket-key'] ?? ''}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  const protocol = (request.headers['sec-websocket-protocol'] ?? '').split(',')[0] ?? '';
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${key}\r\nsec-websocket-protocol: ${protocol}\r\n\r\n`,
  );
  const frame = (opcode: number, payload: Buffer): Buffer => {
    const length = payload.length;
    const head =
      length < 126
        ? Buffer.from([0x80 | opcode, length])
        : Buffer.from([0x80 | opcode, 126, length >> 8, length & 255]);
    return Buffer.concat([head, payload]);
  };
  const end: FakeSocket = {
    path: request.url ?? '',
    send: (channel, data) => {
      const bytes = typeof data === 'string' ? Buffer.from(data) : data;
      for (let from = 0; from === 0 || from < bytes.length; from += 60_000) {
        socket.write(frame(2, Buffer.concat([Buffer.from([channel]), bytes.subarray(from, from + 60_000)])));
      }
    },
    close: () => {
      socket.write(frame(8, Buffer.from([0x03, 0xe8])));
      socket.end();
    },
    destroy: () => socket.destroy(),
    onData: () => undefined,
    onClose: () => undefined,
  };
  let pending: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      const parsed = unmask(pending);
      if (parsed === undefined) return;
      pending = parsed.rest;
      if (parsed.opcode === 8) socket.end();
      else if (parsed.opcode === 2) end.onData(parsed.payload[0] ?? 0, parsed.payload.subarray(1));
    }
  });
  socket.once('close', () => end.onClose());
  accept(end);
}

function unmask(bytes: Buffer): { opcode: number; payload: Buffer; rest: Buffer } | undefined {
  if (bytes.length < 2) return undefined;
  let length = (bytes[1] ?? 0) & 127;
  let at = 2;
  if (length === 126) {
    if (bytes.length < 4) return undefined;
    length = bytes.readUInt16BE(2);
    at = 4;
  } else if (length === 127) {
    if (bytes.length < 10) return undefined;
    length = Number(bytes.readBigUInt64BE(2));
    at = 10;
  }
  if (bytes.length < at + 4 + length) return undefined;
  const mask = bytes.subarray(at, at + 4);
  const payload = Buffer.from(
    bytes.subarray(at + 4, at + 4 + length).map((byte, index) => byte ^ (mask[index % 4] ?? 0)),
  );
  return { opcode: (bytes[0] ?? 0) & 15, payload, rest: Buffer.from(bytes.subarray(at + 4 + length)) };
}
