import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { ClientConnection, TurnTaker } from './client-connection.js';
import type { Beating, Heartbeat } from './heartbeat.js';
import type { WebSocketLimits } from './limits.js';

/**
 * A client's socket, as graphql-ws wants it, with the bounds that the protocol knows nothing of: liveness, flow control, one end however it
 * comes.
 */
export interface ClientSocket extends ClientConnection {
  readonly webSocket: WebSocket;
  readonly protocol: string;
  hasEnded(): boolean;
  close(code?: number, reason?: string): void;
  send(text: string): void;
  /** Says who is to be told of messages. */
  onMessage(tell: (message: string) => Promise<void>): void;
  receive(message: string): Promise<void> | undefined;
  /** Sends one result, in its turn, as a whole WebSocket frame: what many sockets send is framed once. */
  sendFrame(frame: Buffer): void;
  /** The client has answered a ping. */
  heard(): void;
  /** The connection is gone. */
  lost(code: number, reason: string): void;
}

/** What all sockets of a door have in common. */
export interface ClientSocketDoor {
  readonly limits: WebSocketLimits;
  readonly heartbeat: Heartbeat;
  /** Once for each, as soon as the end is known, which may be before the connection is gone. */
  onEnd(socket: ClientSocket, code: number, reason: string): void;
}

/** The peer answers a close without a code, which browsers send for a plain `close()`, with 1005; it means the same as 1000. */
const noStatus = 1005;
const abnormal = 1006;
const nothing = Buffer.alloc(0);

/** `connection` is the one below `webSocket`. Frames written to it keep their order with those of `webSocket`, which writes at once: it does not compress. */
export function createClientSocket(door: ClientSocketDoor, webSocket: WebSocket, connection: Duplex): ClientSocket {
  const socket = new Socket(door, webSocket, connection);
  door.heartbeat.add(socket);
  return socket;
}

/** A class: there are tens of thousands, and closures over the same few variables are five times as large. */
class Socket implements ClientSocket, Beating {
  readonly webSocket: WebSocket;
  readonly #connection: Duplex;
  readonly #door: ClientSocketDoor;
  #tell: ((message: string) => Promise<void>) | undefined;
  #left: number | undefined;
  #turnTaken = false;
  #waiting: TurnTaker[] | undefined;
  /** Unsent bytes of results; each was sent in its turn, so there are few. */
  #unsentResults = 0;
  #stallTimer: NodeJS.Timeout | undefined;

  constructor(door: ClientSocketDoor, webSocket: WebSocket, connection: Duplex) {
    this.webSocket = webSocket;
    this.#connection = connection;
    this.#door = door;
  }

  get protocol(): string {
    return this.webSocket.protocol;
  }

  hasEnded(): boolean {
    return this.#left !== undefined;
  }

  onMessage(tell: (message: string) => Promise<void>): void {
    this.#tell = tell;
  }

  receive(message: string): Promise<void> | undefined {
    return this.#tell?.(message);
  }

  leave(): { readonly code: number } {
    return { code: this.#left ?? 0 };
  }

  close(code = 1000, reason = ''): void {
    if (this.#left !== undefined) return;
    this.#end(code, reason);
    this.webSocket.close(code, reason);
  }

  lost(code: number, reason: string): void {
    this.#end(code === noStatus ? 1000 : code, reason);
  }

  ping(): void {
    this.webSocket.ping();
  }

  heard(): void {
    this.#door.heartbeat.heard(this);
  }

  onDead(): void {
    this.#end(abnormal, 'No pong');
    this.webSocket.terminate();
  }

  send(text: string): void {
    if (this.#left !== undefined) return;
    const isResult = this.#turnTaken;
    this.#turnTaken = false;
    if (!isResult && this.webSocket.bufferedAmount - this.#unsentResults > this.#door.limits.maxUnsentBytes) {
      this.close(1013, 'Too slow');
      return;
    }
    const size = isResult ? Buffer.byteLength(text) : 0;
    this.#unsentResults += size;
    this.webSocket.send(text, { binary: false }, () => {
      this.#unsentResults -= size;
      this.#onSent();
    });
    this.#onSent();
  }

  sendFrame(frame: Buffer): void {
    const { webSocket } = this;
    const connection = this.#connection;
    if (this.#left !== undefined || webSocket.readyState !== webSocket.OPEN) return;
    this.#turnTaken = false;
    connection.write(frame);
    if (connection.writableLength === 0) {
      // Mostly the kernel has taken it already.
      if (this.#waiting !== undefined || this.#stallTimer !== undefined) this.#onSent();
      return;
    }
    // What it has not is followed by nothing, which tells when it is gone.
    this.#unsentResults += frame.length;
    connection.write(nothing, () => {
      this.#unsentResults -= frame.length;
      this.#onSent();
    });
    this.#onSent();
  }

  turn(taker: TurnTaker): boolean {
    if (this.#left !== undefined) return false;
    if (!this.#turnTaken && this.#waiting === undefined && this.#isRoom()) {
      this.#turnTaken = true;
      return true;
    }
    (this.#waiting ??= []).push(taker);
    return false;
  }

  passTurn(): void {
    this.#turnTaken = false;
    this.#giveTurn();
  }

  #end(code: number, reason: string): void {
    if (this.#left !== undefined) return;
    this.#left = code;
    this.#door.heartbeat.remove(this);
    clearTimeout(this.#stallTimer);
    this.#waiting = undefined;
    this.#door.onEnd(this, code, reason);
  }

  /** Of the connection alone: `webSocket` keeps nothing back, and asking it takes as long as all the rest of this. */
  #isRoom(): boolean {
    return this.#connection.writableLength < this.#door.limits.highWaterBytes;
  }

  #onSent(): void {
    if (this.#left !== undefined) return;
    if (!this.#isRoom()) {
      this.#stallTimer ??= setTimeout(() => this.close(1013, 'Too slow'), this.#door.limits.stallTimeoutMs);
      return;
    }
    clearTimeout(this.#stallTimer);
    this.#stallTimer = undefined;
    this.#giveTurn();
  }

  #giveTurn(): void {
    if (this.#turnTaken || !this.#isRoom()) return;
    const next = this.#waiting?.shift();
    if (this.#waiting?.length === 0) this.#waiting = undefined;
    if (next === undefined) return;
    this.#turnTaken = true;
    next.onTurn();
  }
}
