import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { GraphQLError, parse, subscribe, validate, type ExecutionArgs, type ExecutionResult } from 'graphql';
import { handleProtocols } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer, type WebSocket } from 'ws';
import { maskError } from '../errors/error-masking.js';
import { requestId } from '../http/server.js';
import type { Logger } from '../logging/logger.js';
import { gatewaySecretHeader } from './gateway-secret.js';
import { readSubgraphHeaders } from './subgraph-headers.js';
import type { Leave, Subgraph } from './subgraph.js';

/** Frames hold a subscription's document and variables, nothing larger. In bytes. */
const maxPayload = 1024 * 1024;
/** A peer that has not answered a ping for this long is gone, in ms. */
const keepAliveMs = 12_000;
/** For the closing handshake, in ms. */
const closeTimeoutMs = 2_000;
/** Service restart: clients come back at once. */
const restart = 1012;

export interface SubscriptionServerOptions<Context extends object> {
  readonly server: Server;
  readonly path: string;
  readonly subgraph: Subgraph<Context>;
  readonly logger: Logger;
  readonly isSecret: (given: unknown) => boolean;
}

/** Serves the subscriptions of a subgraph to its gateway over `graphql-transport-ws`. `close` ends every socket with 1012. */
export function serveSubscriptions<Context extends object>(options: SubscriptionServerOptions<Context>): { close(): Promise<void> } {
  const { server, subgraph, logger } = options;
  const sockets = new WebSocketServer({ noServer: true, maxPayload, perMessageDeflate: false, handleProtocols });
  const connections = new WeakMap<WebSocket, Connection>();

  // Before graphql-ws registers its own listener, which returns the iterators: the signal must come first.
  sockets.on('connection', (socket) => {
    const connection = createConnection();
    connections.set(socket, connection);
    socket.once('close', (code) => connection.leave({ code }));
  });

  useServer<Record<string, unknown>, { socket: WebSocket }>(
    {
      async onSubscribe({ connectionParams, extra }, _id, payload) {
        const headers = readSubgraphHeaders(connectionParams ?? {});
        const id = requestId(headers['x-request-id']);
        const operation = (connections.get(extra.socket) ?? createConnection()).open();
        try {
          const document = parse(payload.query);
          const problems = validate(subgraph.schema, document);
          if (problems.length > 0) {
            operation.end();
            return problems.map((problem) => withCode(problem, 'GRAPHQL_VALIDATION_FAILED'));
          }
          const context = await subgraph.createContext({ ...headers, 'x-request-id': id }, { id: randomUUID(), signal: operation.signal });
          const args: OperationArgs = {
            schema: subgraph.schema,
            document,
            operationName: payload.operationName,
            variableValues: payload.variables,
            contextValue: { ...context, requestId: id },
            operation,
          };
          return args;
        } catch (error) {
          // A throw would close the socket, and with it the subscriptions of others (graphql 16's validate() can throw).
          operation.end();
          return [error instanceof GraphQLError ? withCode(error, 'GRAPHQL_PARSE_FAILED') : toGraphQLError(error)];
        }
      },
      async subscribe(args: OperationArgs) {
        const result = await subscribe(args);
        if (Symbol.asyncIterator in result) return stoppable(result, args.operation);
        args.operation?.end();
        return result;
      },
      onNext({ connectionParams }, _id, _payload, _args, result) {
        if (result.errors === undefined) return;
        return { data: result.data ?? null, errors: mask(result.errors, connectionParams) };
      },
      onError({ connectionParams }, _id, _payload, errors) {
        return mask(errors, connectionParams);
      },
    },
    sockets,
    keepAliveMs,
  );

  function mask(errors: readonly unknown[], connectionParams: Record<string, unknown> = {}) {
    const id = requestId(connectionParams['x-request-id']);
    return errors.map((error) => maskError(error, { logger, requestId: id }));
  }

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    // A reset during the handshake is nothing to crash about.
    socket.on('error', () => socket.destroy());
    const refusal = refuse(request, options);
    if (refusal === undefined) sockets.handleUpgrade(request, socket, head, (client) => sockets.emit('connection', client, request));
    else socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  };
  server.on('upgrade', onUpgrade);

  return {
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

function withCode(error: GraphQLError, code: string): GraphQLError {
  return new GraphQLError(error.message, {
    nodes: error.nodes ?? null,
    source: error.source ?? null,
    positions: error.positions ?? null,
    extensions: { code },
  });
}

function toGraphQLError(error: unknown): GraphQLError {
  const cause = error instanceof Error ? error : new Error(String(error));
  return new GraphQLError(cause.message, { originalError: cause });
}

interface OperationArgs extends ExecutionArgs {
  operation?: Operation;
}

interface Operation {
  readonly signal: AbortSignal;
  /** The client sent `complete`, unless its socket has closed before. */
  end(): void;
}

interface Connection {
  open(): Operation;
  leave(leave: Leave): void;
}

/** What is under way on one socket, and how the client left it. */
function createConnection(): Connection {
  const open = new Set<AbortController>();
  let left: Leave | undefined;
  return {
    open() {
      const controller = new AbortController();
      if (left === undefined) open.add(controller);
      else controller.abort(left);
      return {
        signal: controller.signal,
        end() {
          open.delete(controller);
          controller.abort({ code: 0 } satisfies Leave);
        },
      };
    },
    leave(leave) {
      left = leave;
      for (const controller of open) controller.abort(leave);
      open.clear();
    },
  };
}

/**
 * The events of `source`, but `return()` acts at once: it aborts the operation's signal, then returns the source, and answers a `next()`
 * that is still waiting. An async generator's own `return()` would queue behind that `next()` and leak the subscription.
 */
function stoppable(
  source: AsyncGenerator<ExecutionResult, void, void>,
  operation: Operation | undefined,
): AsyncIterableIterator<ExecutionResult> {
  const done: IteratorResult<ExecutionResult, undefined> = { value: undefined, done: true };
  let isDone = false;
  let answerWaiting: ((result: IteratorResult<ExecutionResult, undefined>) => void) | undefined;
  async function stop(): Promise<IteratorResult<ExecutionResult, undefined>> {
    if (isDone) return done;
    isDone = true;
    operation?.end();
    answerWaiting?.(done);
    await source.return(undefined);
    return done;
  }
  return {
    next: () =>
      new Promise((resolve, reject) => {
        if (isDone) {
          resolve(done);
          return;
        }
        answerWaiting = resolve;
        source.next().then((result) => {
          if (result.done === true) operation?.end();
          resolve(result);
        }, reject);
      }),
    return: stop,
    async throw(error: unknown) {
      await stop();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
