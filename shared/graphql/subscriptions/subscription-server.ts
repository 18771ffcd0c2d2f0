import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Span } from '@opentelemetry/api';
import { GraphQLError, type ExecutionArgs, type ExecutionResult } from 'graphql';
import { handleProtocols, makeServer, type Context, type SubscribePayload } from 'graphql-ws';
import { WebSocketServer, type WebSocket } from 'ws';
import { AppError, type RefusalCode } from '../../errors/app-error.js';
import { maskError } from '../../errors/error-masking.js';
import { requestId as readRequestId } from '../../http/server.js';
import type { Logger } from '../../logging/logger.js';
import { endSpan, startServerSpan, type Tracing } from '../../telemetry/tracing.js';
import { createDocumentCache } from '../document-cache.js';
import { createEventSharing } from '../sharing/event-sharing.js';
import { createEventGroups, type EventGroups } from '../sharing/event-groups.js';
import { gatewaySecretHeader } from '../gateway-secret.js';
import {
  isSharedSocketOffer,
  readOperationTerms,
  readSharedSocketNotice,
  takesSharedEvents,
  toExtensions,
  type OperationTerms,
  type SharedSocketTerms,
} from './shared-socket.js';
import type { Execute } from '../execution/compiled-execution.js';
import { readSubgraphHeaders } from '../subgraph-headers.js';
import type { Subgraph } from '../subgraph.js';
import { createOperationEvents, createSocketOperations, type Operation, type SocketOperations } from './subscription-operations.js';
import { createSender, openSubscriptionSocket } from './subscription-socket.js';

/**
 * So few that the clients of a gateway spread over several sockets, and so over the replicas of a subgraph behind a balancer; so many that
 * the sockets cost nothing.
 */
const terms: SharedSocketTerms = { sharedSocket: 1, maxOperations: 1_000 };
/** The gateway counts an operation until it sends `complete`, and we until it has wound down: those that have just left come on top. */
const refusedAt = 2 * terms.maxOperations;
/** Only the gateway gets here, and when it is late it is because we are busy: all its clients would be refused. In ms. */
const initTimeoutMs = 10_000;
/** Frames hold a subscription's document and variables, or news of every operation of the socket, nothing larger. In bytes. */
const maxPayload = 1024 * 1024;
/** For the closing handshake, in ms. */
const closeTimeoutMs = 2_000;
/** Service restart: clients come back at once. */
const restart = 1012;

export interface SubscriptionServerOptions<Context extends object> {
  readonly server: Server;
  readonly path: string;
  readonly subgraph: Subgraph<Context>;
  /** Of the subgraph's schema. */
  readonly execute: Execute;
  readonly logger: Logger;
  readonly isSecret: (given: unknown) => boolean;
  readonly tracing?: Tracing | undefined;
}

export interface SubscriptionServer {
  /** Sockets of gateways, and subscriptions that run on them. */
  stats(): { readonly sockets: number; readonly subscriptions: number };
  close(): Promise<void>;
}

/**
 * Serves the subscriptions of a subgraph to its gateway over `graphql-transport-ws`: those of one caller, whom `connection_init` names, or
 * on a shared socket those of many, each named by its own `subscribe`. `close` ends every socket with 1012.
 */
export function serveSubscriptions<Context extends object>(options: SubscriptionServerOptions<Context>): SubscriptionServer {
  const { server, subgraph, execute, logger, tracing } = options;
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload,
    perMessageDeflate: false,
    // One message per turn of the event loop. graphql-ws ends an operation some microtasks after its `complete`; a `subscribe` of the
    // same id that came in the same packet would be ended with it.
    allowSynchronousEvents: false,
    handleProtocols,
  });
  const open = new Set<SocketOperations>();
  const check = createDocumentCache(subgraph.schema);
  // Not an id of its own for each: written by Node piece by piece, it is kept as 15 strings.
  const serverId = randomUUID();
  let opened = 0;
  const sharing = createEventSharing({ schema: subgraph.schema, execute, rootFields: subgraph.sharedSubscriptions });

  const protocol = makeServer<Record<string, unknown>, SocketExtra>({
    connectionInitWaitTimeout: initTimeoutMs,
    onConnect: ({ connectionParams }) => (isSharedSocketOffer(connectionParams) ? { ...terms } : true),
    onPong(context, payload) {
      if (!isSharedSocketOffer(context.connectionParams)) return;
      const { operations } = context.extra;
      const { leaves, credits } = readSharedSocketNotice(payload);
      for (const [id, code] of leaves) operations.leave(id, { code });
      for (const [id, credit] of credits) operations.grant(id, credit);
    },
    async onSubscribe(context, id, payload) {
      const caller = readCaller(context, payload);
      if (caller === undefined) return [refusal('BAD_USER_INPUT', 'On a shared socket each operation must say whose it is.')];
      const { operations, groups } = context.extra;
      if (operations.count() >= refusedAt) {
        return [refusal('RATE_LIMITED', `At most ${terms.maxOperations} operations may be under way on one socket.`)];
      }
      const checked = check(payload.query);
      if (checked.kind === 'refused') return checked.errors;
      const operation = operations.open(id, caller.window);
      const requestId = readRequestId(caller.headers['x-request-id']);
      const { operationName, variables: variableValues } = payload;
      forgetMost(payload, requestId);
      // Of how it begins; events are executed once for many.
      const span = startServerSpan(tracing, subgraph.name, caller.headers.traceparent);
      try {
        const contextValue = await subgraph.createContext(
          { ...caller.headers, 'x-request-id': requestId },
          { id: `${serverId}/${(opened += 1)}`, signal: operation.signal },
        );
        const args: OperationArgs = {
          schema: subgraph.schema,
          document: checked.document,
          operationName,
          variableValues,
          contextValue: { ...contextValue, requestId },
          operation,
          span,
          ...(takesSharedEvents(context.connectionParams)
            ? { sendShared: (result) => sharing.isShared(result) && groups.send(id, result) }
            : {}),
        };
        return args;
      } catch (error) {
        // A throw would close the socket, and with it the subscriptions of others.
        operation.end();
        endSpan(span, 'ERRORS');
        return [toGraphQLError(error)];
      }
    },
    async subscribe(args: OperationArgs) {
      const { operation, sendShared, span } = args;
      args.span = undefined;
      if (operation === undefined) throw new Error('an operation that did not go through onSubscribe');
      try {
        const result = await sharing.subscribe(args);
        endSpan(span, Symbol.asyncIterator in result ? 'OK' : 'ERRORS');
        if (Symbol.asyncIterator in result) return createOperationEvents(result, operation, sendShared);
        operation.end();
        return result;
      } catch (error) {
        operation.end();
        endSpan(span, 'ERRORS');
        return { errors: [toGraphQLError(error)] };
      }
    },
    onNext(context, _id, payload, _args, result) {
      if (result.errors === undefined) return;
      return { data: result.data ?? null, errors: mask(result.errors, readCaller(context, payload)) };
    },
    onError: (context, _id, payload, errors) => mask(errors, readCaller(context, payload)),
  });

  function onConnection(webSocket: WebSocket, connection: Duplex): void {
    const operations = createSocketOperations();
    open.add(operations);
    // Before graphql-ws hears of it and returns the iterators: the signal must come first.
    webSocket.once('close', (code) => {
      open.delete(operations);
      operations.leaveAll({ code });
    });
    const write = createSender(webSocket, connection);
    const groups = createEventGroups((text) => void write(text));
    const send = (text: string): Promise<void> => {
      groups.flush();
      return write(text);
    };
    openSubscriptionSocket({ webSocket, send, protocol, extra: { operations, groups }, logger });
  }

  function mask(errors: readonly unknown[], caller: OperationTerms | undefined) {
    const id = readRequestId(caller?.headers['x-request-id']);
    return errors.map((error) => maskError(error, { logger, requestId: id }));
  }

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    // A reset during the handshake is nothing to crash about.
    socket.on('error', () => socket.destroy());
    const refusal = refuse(request, options);
    if (refusal === undefined) sockets.handleUpgrade(request, socket, head, (client) => onConnection(client, socket));
    else socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  };
  server.on('upgrade', onUpgrade);

  return {
    stats: () => ({ sockets: open.size, subscriptions: [...open].reduce((sum, operations) => sum + operations.count(), 0) }),
    async close() {
      server.off('upgrade', onUpgrade);
      const closed = [...sockets.clients].map((socket) => closeSocket(socket));
      await Promise.all(closed);
      sockets.close();
    },
  };
}

function refuse(request: IncomingMessage, { path, isSecret }: { path: string; isSecret: (given: unknown) => boolean }): string | undefined {
  if (request.url?.split('?')[0] !== path) return '404 Not Found';
  return isSecret(request.headers[gatewaySecretHeader]) ? undefined : '403 Forbidden';
}

function closeSocket(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => socket.terminate(), closeTimeoutMs);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.close(restart, 'Service restart');
  });
}

/**
 * Whose operation it is. A shared socket belongs to nobody, so its operations are read alone; on any other socket what an operation says
 * of itself is what a client may have written. Undefined when nobody is named where somebody must be.
 */
function readCaller({ connectionParams = {} }: SocketContext, { extensions }: SubscribePayload): OperationTerms | undefined {
  if (isSharedSocketOffer(connectionParams)) return readOperationTerms(extensions);
  // TCP holds the subgraph back: the gateway stops to read.
  return { headers: readSubgraphHeaders(connectionParams), window: Number.POSITIVE_INFINITY };
}

/**
 * graphql-ws keeps the message of an operation for as long as that runs, and of it we only need the id of the request: the rest, a token and
 * a document, would be a tenth of all memory where thousands are quiet.
 */
function forgetMost(payload: SubscribePayload, requestId: string): void {
  const extensions = toExtensions({ headers: { 'x-request-id': requestId }, window: 1 });
  Object.assign(payload, { query: '', variables: undefined, extensions });
}

function refusal(code: RefusalCode, message: string): GraphQLError {
  return toGraphQLError(new AppError(code, message));
}

function toGraphQLError(error: unknown): GraphQLError {
  const cause = error instanceof Error ? error : new Error(String(error));
  return new GraphQLError(cause.message, { originalError: cause });
}

interface SocketExtra {
  readonly operations: SocketOperations;
  readonly groups: EventGroups;
}

type SocketContext = Context<Record<string, unknown>, SocketExtra>;

interface OperationArgs extends ExecutionArgs {
  operation?: Operation;
  /** Until it has begun. */
  span?: Span | undefined;
  sendShared?: (result: ExecutionResult) => boolean;
}
