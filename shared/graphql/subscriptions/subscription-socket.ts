import type { Writable } from 'node:stream';
import { CloseCode, type Server } from 'graphql-ws';
import type { WebSocket } from 'ws';
import type { Logger } from '../../logging/logger.js';
import { createWriteBatch } from './write-batch.js';

export interface SubscriptionSocketOptions<Extra> {
  readonly webSocket: WebSocket;
  /** Resolves when it was written, and never after a loss. */
  readonly send: (text: string) => Promise<void>;
  readonly protocol: Server<Extra>;
  readonly extra: Extra;
  readonly logger: Logger;
}

/**
 * Sends messages. Resolves only when one was written. After a loss nobody must ask for the next event: a source that always has one would be
 * asked for ever and never let the loop come to the socket's 'close', which ends it. `connection` is the one below the socket.
 */
export function createSender(webSocket: WebSocket, connection: Writable): (text: string) => Promise<void> {
  const batch = createWriteBatch(connection);
  return (text) =>
    new Promise((resolve) => {
      batch();
      webSocket.send(text, (error) => {
        if (!(error instanceof Error)) resolve();
      });
    });
}

const pingIntervalMs = 12_000;
/** A peer that has not answered a ping for this long is gone, in ms. */
const pongTimeoutMs = 12_000;

/**
 * Lets graphql-ws speak on a socket. Its own adapter takes a write that fails for a fault of each operation that wanted to write, and
 * prints it: on a socket of a thousand callers that is lost, a thousand times.
 */
export function openSubscriptionSocket<Extra>({ webSocket, send, protocol, extra, logger }: SubscriptionSocketOptions<Extra>): void {
  let pongTimer: NodeJS.Timeout | undefined;
  const pingTimer = setInterval(() => {
    if (webSocket.readyState !== webSocket.OPEN) return;
    webSocket.ping();
    pongTimer ??= setTimeout(() => webSocket.terminate(), pongTimeoutMs);
  }, pingIntervalMs);
  webSocket.on('pong', () => {
    clearTimeout(pongTimer);
    pongTimer = undefined;
  });

  const ended = protocol.opened(
    {
      protocol: webSocket.protocol,
      send,
      close: (code, reason) => webSocket.close(code, reason),
      onMessage(receive) {
        webSocket.on('message', (data: Buffer, isBinary: boolean) => {
          const message = isBinary ? undefined : parse(data);
          if (message === undefined) {
            webSocket.close(CloseCode.BadRequest, 'Invalid message received');
            return;
          }
          // It takes what has been parsed just as well, and would keep the text of a `subscribe` for as long as the operation runs.
          receive(message as string).catch((error: unknown) => {
            logger.error({ err: error }, 'a message of the gateway cannot be handled');
            webSocket.close(CloseCode.InternalServerError, 'Internal server error');
          });
        });
      },
    },
    extra,
  );

  webSocket.on('error', (error) => logger.warn({ err: error }, 'a socket of the gateway failed'));
  webSocket.once('close', (code, reason) => {
    clearTimeout(pongTimer);
    clearInterval(pingTimer);
    ended(code, reason.toString('utf8')).catch((error: unknown) => logger.error({ err: error }, 'a socket did not end cleanly'));
  });
}

/** Undefined for what is no JSON. */
function parse(data: Buffer): unknown {
  try {
    return JSON.parse(data.toString('utf8'));
  } catch {
    return undefined;
  }
}
