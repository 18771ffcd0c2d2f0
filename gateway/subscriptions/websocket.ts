import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { CloseCode, handleProtocols, makeServer } from 'graphql-ws';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import type { Revocations } from '../../shared/auth/revocations.js';
import type { Viewer } from '../../shared/auth/viewer.js';
import type { SubgraphHeaders } from '../../shared/graphql/subgraph.js';
import { requestId as readRequestId } from '../../shared/http/server.js';
import type { Logger } from '../../shared/logging/logger.js';
import type { Supergraph } from '../supergraph/supergraph.js';
import { createClientSocket, type ClientSocket, type ClientSocketDoor } from './client-socket.js';
import { createExpiries } from './expiries.js';
import type { FanOut, FanOutStats } from './fan-out/fan-out.js';
import type { WebSocketLimits } from './limits.js';
import { countClose, createLiveClients, type LiveClients } from './live-clients.js';
import { createOperationPolicy, type OperationPolicy } from '../policy/operation-policy.js';
import { isAllowedOrigin, type PageOrigins } from '../../shared/http/origin.js';
import { parseClientMessage } from './parse-client-message.js';
import { createProtocol, type SocketExtra } from './protocol.js';
import type { OnOperation } from '../telemetry/operation-report.js';
import type { OperationTracing } from '../telemetry/operation-tracing.js';

/** Who is behind a socket: found once, at `connection_init`. */
export interface SocketIdentity {
  /** Null for an anonymous caller. Its expiry and revocation close the socket with 4403. */
  readonly viewer: Viewer | null;
  /** Sent to subgraphs with every operation of the socket. */
  readonly subgraphHeaders: SubgraphHeaders;
}

export interface WebSocketOptions {
  readonly server: Server;
  readonly supergraph: Supergraph;
  /**
   * Finds the caller from the `authorization` of the `connection_init` payload (undefined without one) and the upgrade request. Rejects
   * with an `UNAUTHENTICATED` `AppError` for a bad token, which closes the socket with 4403.
   */
  readonly authenticate: (input: {
    readonly authorization: string | undefined;
    readonly request: IncomingMessage;
    readonly requestId: string;
  }) => Promise<SocketIdentity>;
  readonly revocations: Revocations;
  readonly logger: Logger;
  /** Of browser pages that may connect. */
  readonly origins: PageOrigins;
  readonly policy?: OperationPolicy;
  readonly tracing?: OperationTracing | undefined;
  readonly onOperation?: OnOperation | undefined;
  readonly limits?: Partial<WebSocketLimits>;
  readonly fanOut?: FanOut;
  /** Shared with another door, in place of `limits`, `fanOut` and `now`. Closed with this one. */
  readonly live?: LiveClients;
  /** Default `/graphql`. */
  readonly path?: string;
  readonly now?: () => number;
}

export interface WebSocketStats {
  /** Open sockets, initialised or not. */
  readonly sockets: number;
  readonly uninitialised: number;
  /** Answers that go on and on, which are to streams what sockets are. */
  readonly streams: number;
  /** Operations under way, of all sockets and streams. */
  readonly operations: number;
  /** Of these, subscriptions. */
  readonly subscriptions: number;
  /** Results sent since the start. */
  readonly delivered: number;
  /** Messages of clients since the start. */
  readonly received: number;
  /** Of each open socket, how many operations are under way. */
  operationsOfSockets(): readonly number[];
  /** What waits to be sent: bytes of all sockets, and sockets to which nothing more is sent until less waits. */
  unsent(): { readonly bytes: number; readonly heldBack: number };
  readonly fanOut: FanOutStats;
  /** How many sockets were closed since the start, by the code. */
  readonly closes: ReadonlyMap<number, number>;
  /** How many were refused since the start, by the HTTP status. */
  readonly refusals: ReadonlyMap<string, number>;
}

export interface WebSockets {
  stats(): WebSocketStats;
  /** Takes no new sockets and closes the open ones with `code` (1012 for a restart); resolves when they are gone. */
  close(code: number): Promise<void>;
}

/**
 * Serves `graphql-transport-ws` on the server's `/graphql`: subscriptions over any supergraph, queries and mutations. graphql-ws speaks
 * the protocol; this and client-socket.ts are what it leaves to its surroundings.
 */
export function attachWebSocket(options: WebSocketOptions): WebSockets {
  const { server, path = '/graphql', logger, live = createLiveClients(options) } = options;
  const { limits, heartbeat, connections, streams } = live;
  const open = new Map<WebSocket, SocketExtra>();
  /** Until when each has to send `connection_init`, by `performance.now()`. */
  const uninitialised = new Map<ClientSocket, number>();
  const late = createExpiries<ClientSocket>(
    (socket) => socket.close(CloseCode.ConnectionInitialisationTimeout, 'Connection initialisation timeout'),
    () => performance.now(),
  );
  const refusals = new Map<string, number>();
  let received = 0;
  const protocol = makeServer(
    createProtocol({
      ...options,
      live,
      policy: options.policy ?? createOperationPolicy(),
      onInit: ({ socket }) => late.remove(socket, uninitialised.get(socket) ?? 0),
      onInitialised: ({ socket }) => uninitialised.delete(socket),
    }),
  );
  const webSockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.maxFrameBytes,
    perMessageDeflate: false,
    clientTracking: false,
    // One message per turn of the event loop. graphql-ws ends an operation some microtasks after its `complete`; a `subscribe` of the
    // same id that came in the same packet would be ended with it.
    allowSynchronousEvents: false,
    handleProtocols,
  });

  const socketDoor: ClientSocketDoor = {
    limits,
    heartbeat,
    onEnd(socket, code, reason) {
      countClose(live, code);
      late.remove(socket, uninitialised.get(socket) ?? 0);
      uninitialised.delete(socket);
      live.watch.remove(socket);
      const extra = open.get(socket.webSocket);
      extra
        ?.ended?.(code, reason)
        .catch((error: unknown) => logger.error({ err: error, requestId: extra.requestId }, 'a socket did not end cleanly'));
    },
  };

  function onConnection(webSocket: WebSocket, connection: Duplex, request: IncomingMessage): void {
    // From now on errors are the business of ws.
    connection.off('error', destroy);
    const socket = createClientSocket(socketDoor, webSocket, connection);
    const extra: SocketExtra = {
      socket,
      request,
      requestId: readRequestId(request.headers['x-request-id']),
      traceparent: undefined,
      identity: undefined,
      operations: 0,
      waiting: 0,
      ended: undefined,
    };
    const initUntil = performance.now() + limits.initTimeoutMs;
    uninitialised.set(socket, initUntil);
    late.add(socket, initUntil);
    open.set(webSocket, extra);
    connections.open += 1;
    webSocket.on('message', onMessage).on('pong', onPong).on('error', onError).on('close', onClose);
    extra.ended = protocol.opened(socket, extra);
  }

  // The same functions for all sockets, which tell them whose event it is.
  function onMessage(this: WebSocket, data: RawData, isBinary: boolean): void {
    const extra = open.get(this);
    if (extra === undefined || extra.socket.hasEnded()) return;
    const message = isBinary ? undefined : parseClientMessage((data as Buffer).toString('utf8'));
    if (!isBinary) received += 1;
    if (message === undefined) {
      extra.socket.close(4400, 'Invalid message received');
      return;
    }
    extra.socket.receive(message)?.catch((error: unknown) => {
      // All that graphql-ws throws is a message that only servers send; our own hooks catch.
      logger.warn({ err: error, requestId: extra.requestId }, 'the message of a client cannot be handled');
      extra.socket.close(4400, 'Invalid message received');
    });
  }

  function onPong(this: WebSocket): void {
    open.get(this)?.socket.heard();
  }

  function onClose(this: WebSocket, code: number, reason: Buffer): void {
    open.get(this)?.socket.lost(code, reason.toString('utf8'));
    if (open.delete(this)) connections.open -= 1;
  }

  function refusal(request: IncomingMessage): string | undefined {
    if (request.url?.split('?')[0] !== path) return '404 Not Found';
    if (!isAllowedOrigin(request.headers, options.origins)) return '403 Forbidden';
    if (connections.open >= limits.maxSockets || uninitialised.size >= limits.maxUninitialisedSockets) return '503 Service Unavailable';
    return undefined;
  }

  function onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', destroy);
    const refused = refusal(request);
    if (refused === undefined) webSockets.handleUpgrade(request, socket, head, (webSocket) => onConnection(webSocket, socket, request));
    else {
      const status = refused.slice(0, 3);
      refusals.set(status, (refusals.get(status) ?? 0) + 1);
      socket.end(`HTTP/1.1 ${refused}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    }
  }
  server.on('upgrade', onUpgrade);

  return {
    stats: () => ({
      sockets: open.size,
      uninitialised: uninitialised.size,
      operations: [...open.values()].reduce((sum, { operations }) => sum + operations, streams.size),
      streams: streams.size,
      subscriptions: live.running.size(),
      delivered: live.delivered.results,
      received,
      operationsOfSockets: () => [...open.values()].map(({ operations }) => operations),
      unsent() {
        const unsent = [...open.keys()].map(({ bufferedAmount }) => bufferedAmount);
        return {
          bytes: unsent.reduce((sum, bytes) => sum + bytes, 0),
          heldBack: unsent.filter((bytes) => bytes >= limits.highWaterBytes).length,
        };
      },
      fanOut: live.fanOut.stats(),
      closes: live.closes,
      refusals,
    }),
    async close(code) {
      server.off('upgrade', onUpgrade);
      await Promise.all([
        ...[...streams].map((stream) => {
          stream.close(code, 'Server restart');
          return stream.gone;
        }),
        ...[...open].map(
          ([webSocket, { socket }]) =>
            new Promise<void>((resolve) => {
              const timer = setTimeout(() => webSocket.terminate(), limits.closeTimeoutMs);
              webSocket.once('close', () => {
                clearTimeout(timer);
                resolve();
              });
              socket.close(code, 'Server restart');
            }),
        ),
      ]);
      live.close();
    },
  };
}

/** Such as a frame that is too large: ws closes the socket itself, with the right code. */
function onError(): void {
  return undefined;
}

/** A reset during the handshake is nothing to crash about. */
function destroy(this: Duplex): void {
  this.destroy();
}
