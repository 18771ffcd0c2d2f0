import { connect, type Socket } from 'node:net';

/**
 * A WebSocket client that does as little as one can: it must not be what is measured. Only what the servers here send: unfragmented text,
 * ping and close.
 */
export interface WireClient {
  send(message: object): void;
  /** Like a lost connection. */
  cut(): void;
}

export interface WireClientOptions {
  readonly port: number;
  readonly localAddress?: string | undefined;
  readonly onOpen: () => void;
  /** Text from `start` to `end` of `buffer`, valid during the call only. */
  readonly onText: (buffer: Buffer, start: number, end: number) => void;
  /** With a close code; 1006 without one. Not called after `cut`. */
  readonly onClose: (code: number) => void;
}

const upgrade = (port: number): string =>
  `GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${'A'.repeat(22)}==\r\n` +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n';

const opcodes = { text: 1, close: 8, ping: 9, pong: 10 } as const;

export function openWireClient({ port, localAddress, onOpen, onText, onClose }: WireClientOptions): WireClient {
  const socket = connect({ port, host: '127.0.0.1', localAddress, noDelay: true });
  let rest: Buffer | undefined;
  let isOpen = false;
  let code = 1006;

  socket.on('connect', () => socket.write(upgrade(port)));
  socket.on('error', () => undefined);
  socket.on('close', () => onClose(code));
  socket.on('data', (chunk) => {
    let buffer = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    rest = undefined;
    if (!isOpen) {
      const end = buffer.indexOf('\r\n\r\n');
      if (end === -1) {
        rest = buffer;
        return;
      }
      if (!buffer.subarray(0, 12).equals(Buffer.from('HTTP/1.1 101'))) throw new Error(buffer.toString('latin1', 0, end));
      isOpen = true;
      buffer = buffer.subarray(end + 4);
      onOpen();
    }
    let at = 0;
    while (buffer.length - at >= 2) {
      const short = (buffer[at + 1] ?? 0) & 127;
      const header = short === 127 ? 10 : short === 126 ? 4 : 2;
      if (buffer.length - at < header) break;
      const length = short === 127 ? Number(buffer.readBigUInt64BE(at + 2)) : short === 126 ? buffer.readUInt16BE(at + 2) : short;
      const end = at + header + length;
      if (end > buffer.length) break;
      receive((buffer[at] ?? 0) & 15, buffer, at + header, end);
      at = end;
    }
    // A copy: a slice would keep the whole chunk.
    if (at < buffer.length) rest = Buffer.from(buffer.subarray(at));
  });

  function receive(opcode: number, buffer: Buffer, start: number, end: number): void {
    if (opcode === opcodes.text) onText(buffer, start, end);
    else if (opcode === opcodes.ping) write(socket, opcodes.pong, buffer.subarray(start, end));
    else if (opcode === opcodes.close) {
      if (end - start >= 2) code = buffer.readUInt16BE(start);
      write(socket, opcodes.close, buffer.subarray(start, end));
      socket.end();
    }
  }

  return {
    send: (message) => write(socket, opcodes.text, Buffer.from(JSON.stringify(message))),
    cut() {
      socket.removeAllListeners('close');
      socket.destroy();
    },
  };
}

/** Masked with zeros, which leaves the payload as it is. */
function write(socket: Socket, opcode: number, payload: Buffer): void {
  const { length } = payload;
  const header = Buffer.alloc(length < 126 ? 6 : 8);
  header[0] = 128 | opcode;
  header[1] = 128 | Math.min(length, 126);
  if (length >= 126) header.writeUInt16BE(length, 2);
  socket.write(Buffer.concat([header, payload]));
}
