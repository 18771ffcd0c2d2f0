import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { ClientConnection, TurnTaker } from './client-connection.js';
import type { Beating, Heartbeat } from './heartbeat.js';
import type { WebSocketLimits } from './limits.js';

/** A client's socket with the bounds that the protocol knows nothing of: liveness, flow control, one end however it comes. */
export interface ClientSocket extends ClientConnection {
  readonly protocol: string;
  send(text: string): void;
  /** Sends one result, in its turn, as a whole WebSocket frame: what many sockets send is framed once. */
  sendFrame(frame: Buffer): void;
}

export interface ClientSocketOptions {
  readonly webSocket: WebSocket;
  /** The connection below it. Frames written to it keep their order with those of `webSocket`, which writes at once: it does not compress. */
  readonly connection: Duplex;
  readonly limits: WebSocketLimits;
  /** Shared with others. */
  readonly heartbeat: Heartbeat;
  readonly onMessage: (text: string) => void;
  /** Once, as soon as the end is known, which may be before the connection is gone. */
  readonly onEnd: (code: number, reason: string) => void;
}

/** The peer answers a close without a code, which browsers send for a plain `close()`, with 1005; it means the same as 1000. */
const noStatus = 1005;
const abnormal = 1006;
const nothing = Buffer.alloc(0);

export function createClientSocket({ webSocket, connection, limits, heartbeat, onMessage, onEnd }: ClientSocketOptions): ClientSocket {
  let left: number | undefined;
  const waiting: TurnTaker[] = [];
  let turnTaken = false;
  /** Unsent bytes of results; each was sent in its turn, so there are few. */
  let unsentResults = 0;
  let stallTimer: NodeJS.Timeout | undefined;
  const beating: Beating = {
    ping: () => webSocket.ping(),
    onDead() {
      end(abnormal, 'No pong');
      webSocket.terminate();
    },
  };
  heartbeat.add(beating);

  function end(code: number, reason: string): void {
    if (left !== undefined) return;
    left = code;
    heartbeat.remove(beating);
    clearTimeout(stallTimer);
    waiting.length = 0;
    onEnd(code, reason);
  }

  function close(code: number, reason: string): void {
    if (left !== undefined) return;
    end(code, reason);
    webSocket.close(code, reason);
  }

  /** Of the connection alone: `webSocket` keeps nothing back, and asking it takes as long as all the rest of this. */
  function isRoom(): boolean {
    return connection.writableLength < limits.highWaterBytes;
  }

  function onSent(): void {
    if (left !== undefined) return;
    if (!isRoom()) {
      stallTimer ??= setTimeout(() => close(1013, 'Too slow'), limits.stallTimeoutMs);
      return;
    }
    clearTimeout(stallTimer);
    stallTimer = undefined;
    giveTurn();
  }

  function giveTurn(): void {
    if (turnTaken || !isRoom()) return;
    const next = waiting.shift();
    if (next === undefined) return;
    turnTaken = true;
    next.onTurn();
  }

  webSocket.on('pong', () => heartbeat.heard(beating));
  webSocket.on('message', (data: Buffer, isBinary: boolean) => {
    if (left !== undefined) return;
    if (isBinary) close(4400, 'Invalid message received');
    else onMessage(data.toString('utf8'));
  });
  // Such as a frame that is too large: ws closes the socket itself, with the right code.
  webSocket.on('error', () => undefined);
  webSocket.on('close', (code, reason) => end(code === noStatus ? 1000 : code, reason.toString('utf8')));

  return {
    protocol: webSocket.protocol,
    send(text) {
      if (left !== undefined) return;
      const isResult = turnTaken;
      turnTaken = false;
      if (!isResult && webSocket.bufferedAmount - unsentResults > limits.maxUnsentBytes) {
        close(1013, 'Too slow');
        return;
      }
      const size = isResult ? Buffer.byteLength(text) : 0;
      unsentResults += size;
      webSocket.send(text, { binary: false }, () => {
        unsentResults -= size;
        onSent();
      });
      onSent();
    },
    sendFrame(frame) {
      if (left !== undefined || webSocket.readyState !== webSocket.OPEN) return;
      turnTaken = false;
      connection.write(frame);
      if (connection.writableLength === 0) {
        // Mostly the kernel has taken it already.
        if (waiting.length > 0 || stallTimer !== undefined) onSent();
        return;
      }
      // What it has not is followed by nothing, which tells when it is gone.
      unsentResults += frame.length;
      connection.write(nothing, () => {
        unsentResults -= frame.length;
        onSent();
      });
      onSent();
    },
    close,
    leave: () => ({ code: left ?? 0 }),
    turn(taker) {
      if (left !== undefined) return false;
      if (!turnTaken && waiting.length === 0 && isRoom()) {
        turnTaken = true;
        return true;
      }
      waiting.push(taker);
      return false;
    },
    passTurn() {
      turnTaken = false;
      giveTurn();
    },
  };
}
