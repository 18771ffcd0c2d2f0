import { GRAPHQL_TRANSPORT_WS_PROTOCOL, MessageType, parseMessage, type Message } from 'graphql-ws';
import { WebSocket } from 'ws';
import { createWriteBatch } from '../../../shared/graphql/subscriptions/write-batch.js';

export interface UpstreamSocketOptions {
  /** ws or wss. */
  readonly url: string;
  readonly upgradeHeaders: Readonly<Record<string, string>>;
  /** Payload of `connection_init`. */
  readonly init: Readonly<Record<string, unknown>>;
  /** For the handshake and `connection_ack` together, and for a pong, in ms. */
  readonly timeoutMs: number;
  readonly maxMessageBytes: number;
  /** With the payload of `connection_ack`. */
  readonly onAcknowledged: (payload: unknown) => void;
  /** Messages about operations. What it throws ends the socket as a fault of the subgraph. */
  readonly onMessage: (message: OperationMessage) => void;
  /** The payload of a `pong`. What it throws ends the socket as well. */
  readonly onPong?: (payload: unknown) => void;
  /** Once, when the socket ended without us: with its close code (1006 for a loss), and with the fault when there was one. */
  readonly onLost: (end: { readonly code: number; readonly error?: unknown }) => void;
}

export type OperationMessage = Extract<Message, { type: MessageType.Next | MessageType.Error | MessageType.Complete }>;

/** A `graphql-transport-ws` socket to a subgraph. */
export interface UpstreamSocket {
  /** Lost when the socket is not open. */
  send(message: Message): void;
  /** Ends it; `onLost` is not called any more. Resolves when the connection is gone, which the other side may hold up for a moment. */
  close(code: number): Promise<void>;
  /** Stops reading, so that TCP holds the subgraph back. */
  pause(): void;
  resume(): void;
}

const pingIntervalMs = 15_000;
/** For the closing handshake, in ms. */
const closeTimeoutMs = 2_000;
const abnormal = 1006;

/** The client of graphql-ws closes with 1000 only, queues without bound and reconnects on its own; so its messages are spoken here. */
export function createUpstreamSocket(options: UpstreamSocketOptions): UpstreamSocket {
  const { url, upgradeHeaders, init, timeoutMs, maxMessageBytes } = options;
  const webSocket = new WebSocket(url, GRAPHQL_TRANSPORT_WS_PROTOCOL, {
    headers: upgradeHeaders,
    maxPayload: maxMessageBytes,
    perMessageDeflate: false,
  });
  let batch = (): void => undefined;
  let isAcknowledged = false;
  let isOver = false;
  const startTimer = setTimeout(() => fail(new Error(`No connection_ack within ${timeoutMs} ms`)), timeoutMs);
  let pongTimer: NodeJS.Timeout | undefined;
  const pingTimer = setInterval(() => {
    // A paused socket would not see the pong.
    if (webSocket.readyState !== WebSocket.OPEN || webSocket.isPaused) return;
    webSocket.ping();
    pongTimer ??= setTimeout(() => {
      if (webSocket.isPaused) pongTimer = undefined;
      else fail(new Error(`No pong within ${timeoutMs} ms`));
    }, timeoutMs);
  }, pingIntervalMs);

  /** Whether this was the end. */
  function release(): boolean {
    if (isOver) return false;
    isOver = true;
    clearTimeout(startTimer);
    clearTimeout(pongTimer);
    clearInterval(pingTimer);
    return true;
  }

  function fail(error: unknown): void {
    if (release()) options.onLost({ code: abnormal, error });
    webSocket.terminate();
  }

  function send(message: Message): void {
    if (webSocket.readyState !== WebSocket.OPEN) return;
    batch();
    webSocket.send(JSON.stringify(message));
  }

  function receive(message: Message): void {
    switch (message.type) {
      case MessageType.ConnectionAck:
        if (isAcknowledged) throw new Error('A second connection_ack');
        isAcknowledged = true;
        clearTimeout(startTimer);
        options.onAcknowledged(message.payload);
        return;
      case MessageType.Ping:
        send({ type: MessageType.Pong });
        return;
      case MessageType.Pong:
        options.onPong?.(message.payload);
        return;
      case MessageType.Next:
      case MessageType.Error:
      case MessageType.Complete:
        if (!isAcknowledged) throw new Error(`A message of type ${message.type} before connection_ack`);
        options.onMessage(message);
        return;
      case MessageType.ConnectionInit:
      case MessageType.Subscribe:
        throw new Error(`Unexpected message of type ${message.type}`);
    }
  }

  webSocket.on('upgrade', ({ socket }) => (batch = createWriteBatch(socket)));
  webSocket.on('open', () => send({ type: MessageType.ConnectionInit, payload: { ...init } }));
  webSocket.on('message', (data: Buffer) => {
    if (isOver) return;
    try {
      receive(parseMessage(data.toString('utf8')));
    } catch (error) {
      fail(error);
    }
  });
  webSocket.on('pong', () => {
    clearTimeout(pongTimer);
    pongTimer = undefined;
  });
  webSocket.on('error', fail);
  webSocket.on('close', (code: number) => {
    if (release()) options.onLost({ code });
  });

  return {
    send,
    close(code) {
      release();
      // Or a paused socket never sees the other side's part of the closing handshake.
      webSocket.resume();
      if (webSocket.readyState === WebSocket.CLOSED) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(() => webSocket.terminate(), closeTimeoutMs);
        webSocket.once('close', () => {
          clearTimeout(timer);
          resolve();
        });
        if (webSocket.readyState === WebSocket.CONNECTING) webSocket.terminate();
        else webSocket.close(code);
      });
    },
    pause: () => webSocket.pause(),
    resume: () => webSocket.resume(),
  };
}
