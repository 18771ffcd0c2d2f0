import type { ServerResponse } from 'node:http';
import type { ClientConnection, TurnTaker } from './client-connection.js';
import type { PreparedResult } from './fan-out/prepared-result.js';
import type { Beating, Heartbeat } from './heartbeat.js';
import type { WebSocketLimits } from './limits.js';
import type { StreamFormat } from './stream-formats.js';

/** The answer to a request of a client that goes on and on, with the same bounds as a socket. It has one operation. */
export interface ClientStream extends ClientConnection {
  /** Writes the head; only then anything else. Names and values by turns. */
  begin(headers: readonly string[]): void;
  /** Sends one result, in its turn. */
  sendPrepared(prepared: PreparedResult): void;
  /** The same for one that is nobody else's: JSON. */
  send(payload: string): void;
  /** There is nothing more to say. */
  complete(): void;
  /** Resolves when the connection is done with it. */
  readonly gone: Promise<void>;
}

export interface ClientStreamOptions {
  readonly response: ServerResponse;
  readonly format: StreamFormat;
  readonly limits: WebSocketLimits;
  readonly heartbeat: Heartbeat;
  /** Why the stream ends, as JSON of a list of errors. */
  readonly errorsOf: (code: number, reason: string) => string;
  /** Once, as soon as the end is known. Code 1000 when all was said. */
  readonly onEnd: (code: number) => void;
}

const normal = 1000;
/** Closing the connection is all that a client can do, so that it says nothing about why. */
const abnormal = 1006;

export function createClientStream({ response, format, limits, heartbeat, errorsOf, onEnd }: ClientStreamOptions): ClientStream {
  let left: number | undefined;
  let turnTaken = false;
  let waiting: TurnTaker | undefined;
  let stallTimer: NodeJS.Timeout | undefined;
  const beating: Beating = {
    ping() {
      // Nobody answers it: whoever is gone is noticed by the connection. What lies there unread says enough.
      if (isRoom()) response.write(format.heartbeat);
      heartbeat.heard(beating);
    },
    onDead: () => undefined,
  };

  function isRoom(): boolean {
    return response.writableLength < limits.highWaterBytes;
  }

  function end(code: number): void {
    left = code;
    heartbeat.remove(beating);
    clearTimeout(stallTimer);
    waiting = undefined;
    onEnd(code);
  }

  function write(bytes: Buffer): void {
    if (left !== undefined) return;
    turnTaken = false;
    response.write(bytes, onWritten);
    if (!isRoom()) stallTimer ??= setTimeout(() => close(1013, 'You read too slowly'), limits.stallTimeoutMs);
  }

  function onWritten(): void {
    if (left !== undefined || !isRoom()) return;
    clearTimeout(stallTimer);
    stallTimer = undefined;
    giveTurn();
  }

  function giveTurn(): void {
    if (turnTaken || !isRoom()) return;
    const next = waiting;
    waiting = undefined;
    if (next === undefined) return;
    turnTaken = true;
    next.onTurn();
  }

  function finish(code: number, lastWords: Buffer): void {
    if (left !== undefined) return;
    end(code);
    response.end(lastWords);
    // Whoever does not read does not read this either.
    const timer = setTimeout(() => response.destroy(), limits.closeTimeoutMs);
    response.once('close', () => clearTimeout(timer));
  }

  function close(code: number, reason: string): void {
    finish(code, left === undefined ? format.end(errorsOf(code, reason)) : nothing);
  }

  const gone = new Promise<void>((resolve) => {
    response.once('close', () => {
      if (left === undefined) end(abnormal);
      resolve();
    });
  });
  // Of a connection that is gone: its close says all.
  response.on('error', () => undefined);

  return {
    gone,
    begin(headers) {
      response.writeHead(200, ['content-type', format.contentType, ...headers]);
      response.write(format.start);
      heartbeat.add(beating);
    },
    sendPrepared: (prepared) => write(prepared.written(format)),
    send: (payload) => write(format.next(Buffer.from(payload))),
    complete: () => finish(normal, format.end()),
    close,
    leave: () => ({ code: left ?? 0 }),
    turn(taker) {
      if (left !== undefined) return false;
      if (!turnTaken && isRoom()) {
        turnTaken = true;
        return true;
      }
      waiting = taker;
      return false;
    },
    passTurn() {
      turnTaken = false;
      giveTurn();
    },
  };
}

const nothing = Buffer.alloc(0);
