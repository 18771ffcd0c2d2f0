import { GRAPHQL_TRANSPORT_WS_PROTOCOL, MessageType, parseMessage, type Message } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { Leave } from '../../shared/graphql/subgraph.js';
import type { Logger } from '../../shared/logging/logger.js';
import { createBoundedQueue } from './bounded-queue.js';
import type { SubscribeRequest, UpstreamMessage, UpstreamSubscription } from './subgraph-data-source.js';
import { readWireError, readWireResult, unavailable } from './wire.js';

export interface HttpSubscriptionOptions {
  /** ws or wss. */
  readonly url: string;
  readonly upgradeHeaders: Readonly<Record<string, string>>;
  /** Payload of `connection_init`. */
  readonly connectionParams: Readonly<Record<string, string>>;
  /** For the handshake and `connection_ack` together, and for a pong, in ms. */
  readonly timeoutMs: number;
  readonly maxMessageBytes: number;
  readonly logger: Logger;
}

const pingIntervalMs = 15_000;
const id = '1';

/**
 * One subscription on a socket of its own, because how the client left is told by the close code of that socket. The client of graphql-ws
 * closes with 1000 only, queues without bound and reconnects on its own; so the four messages are spoken here.
 */
export function createHttpSubscription(
  { query, operationName, variables }: SubscribeRequest,
  { url, upgradeHeaders, connectionParams, timeoutMs, maxMessageBytes, logger }: HttpSubscriptionOptions,
): UpstreamSubscription {
  const socket = new WebSocket(url, GRAPHQL_TRANSPORT_WS_PROTOCOL, {
    headers: upgradeHeaders,
    maxPayload: maxMessageBytes,
    perMessageDeflate: false,
  });
  let acknowledged = false;
  // While it is full the socket is not read, and TCP holds the subgraph back.
  const messages = createBoundedQueue<UpstreamMessage>({
    onFull: () => socket.pause(),
    onRoom: () => socket.resume(),
    whenEnded: { kind: 'complete' },
  });

  const startTimer = setTimeout(() => fail(new Error(`No connection_ack within ${timeoutMs} ms`)), timeoutMs);
  let pongTimer: NodeJS.Timeout | undefined;
  const pingTimer = setInterval(() => {
    // A paused socket would not see the pong.
    if (socket.readyState !== WebSocket.OPEN || socket.isPaused) return;
    socket.ping();
    pongTimer ??= setTimeout(() => {
      if (socket.isPaused) pongTimer = undefined;
      else socket.terminate();
    }, timeoutMs);
  }, pingIntervalMs);

  function release(): void {
    clearTimeout(startTimer);
    clearTimeout(pongTimer);
    clearInterval(pingTimer);
  }

  function end(message: UpstreamMessage): void {
    release();
    messages.end(message);
  }

  function fail(error: unknown): void {
    if (messages.hasEnded()) return;
    logger.error({ err: error }, 'the subscription of the subgraph failed');
    end(acknowledged ? { kind: 'lost', code: 1006 } : { kind: 'error', errors: [unavailable] });
    socket.terminate();
  }

  function receive(message: Message): void {
    switch (message.type) {
      case MessageType.ConnectionAck:
        acknowledged = true;
        clearTimeout(startTimer);
        send({ id, type: MessageType.Subscribe, payload: { query, operationName: operationName ?? null, variables: { ...variables } } });
        return;
      case MessageType.Ping:
        send({ type: MessageType.Pong });
        return;
      case MessageType.Pong:
        return;
      case MessageType.Next: {
        const result = readWireResult(message.payload);
        if (result === undefined) throw new Error('An event without data and errors');
        messages.push({ kind: 'event', data: result.data, errors: result.errors ?? [] });
        return;
      }
      case MessageType.Error:
        end({ kind: 'error', errors: message.payload.map(readWireError) });
        socket.close(1000);
        return;
      case MessageType.Complete:
        end({ kind: 'complete' });
        socket.close(1000);
        return;
      case MessageType.ConnectionInit:
      case MessageType.Subscribe:
        throw new Error(`Unexpected message of type ${message.type}`);
    }
  }

  function send(message: Message): void {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  }

  socket.on('open', () => send({ type: MessageType.ConnectionInit, payload: { ...connectionParams } }));
  socket.on('message', (data: Buffer) => {
    if (messages.hasEnded()) return;
    try {
      receive(parseMessage(data.toString('utf8')));
    } catch (error) {
      fail(error);
    }
  });
  socket.on('pong', () => {
    clearTimeout(pongTimer);
    pongTimer = undefined;
  });
  socket.on('error', fail);
  socket.on('close', (code: number) => {
    release();
    if (messages.hasEnded()) return;
    logger.warn({ code }, 'the subgraph closed the subscription');
    end(acknowledged ? { kind: 'lost', code } : { kind: 'error', errors: [unavailable] });
  });

  return {
    next: () => messages.next(),
    leave(leave) {
      if (messages.hasEnded()) return;
      end({ kind: 'complete' });
      messages.clear();
      // Or a paused socket never sees the other side's part of the closing handshake.
      socket.resume();
      if (socket.readyState === WebSocket.CONNECTING) {
        socket.terminate();
        return;
      }
      if (leave.code === 0) {
        send({ id, type: MessageType.Complete });
        socket.close(1000);
      } else socket.close(sendableCode(leave));
    },
  };
}

/** The close code for the subgraph's socket. Codes that only report a loss cannot be sent: they become 1001. */
function sendableCode({ code }: Leave): number {
  const canBeSent = (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999);
  return canBeSent ? code : 1001;
}
