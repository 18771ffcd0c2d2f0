import type { IncomingMessage } from 'node:http';
import type { ExecutionArgs, GraphQLError, GraphQLFormattedError } from 'graphql';
import type { Context, ServerOptions } from 'graphql-ws';
import { AppError, toGraphQLError as refusalError } from '../../shared/errors/app-error.js';
import { maskError } from '../../shared/errors/error-masking.js';
import type { ClientSocket } from './client-socket.js';
import { acceptOperation, type Acceptance, type OperationPayload } from '../operations/accept-operation.js';
import type { OperationPolicy } from '../policy/operation-policy.js';
import type { OperationReport } from '../telemetry/operation-report.js';
import { isTraceparent } from '../../shared/telemetry/tracing.js';
import { createOperationTracing } from '../telemetry/operation-tracing.js';
import { toGraphQLError } from './failure.js';
import { tooManyOperations, type LiveClients } from './live-clients.js';
import { createSocketOperation, nobody, type SocketOperation } from './socket-operation.js';
import type { SocketIdentity, WebSocketOptions } from './websocket.js';

type ConnectionParams = Record<string, unknown>;

/** What belongs to one socket, for as long as it lives. */
export interface SocketExtra {
  readonly socket: ClientSocket;
  /** The upgrade; let go when it is authenticated: it is heavy, and a socket may be quiet for hours. */
  request: IncomingMessage | undefined;
  /** Of the upgrade; all operations of the socket share it. */
  readonly requestId: string;
  /** Of `connection_init`, or of the upgrade; for operations that bring none of their own. */
  traceparent: string | undefined;
  /** Undefined until `connection_init` is through. */
  identity: SocketIdentity | undefined;
  /** Under way. */
  operations: number;
  /** Subscribed, while their documents are looked for. */
  waiting: number;
  /** How graphql-ws hears of the end; undefined while it begins, and may close it itself: for a subprotocol that it does not speak. */
  ended: ((code: number, reason: string) => Promise<void>) | undefined;
}

export interface ProtocolOptions extends Pick<WebSocketOptions, 'supergraph' | 'authenticate' | 'tracing' | 'onOperation' | 'logger'> {
  readonly live: LiveClients;
  readonly policy: OperationPolicy;
  /** The client has sent `connection_init`. */
  onInit(extra: SocketExtra): void;
  /** It is known who is behind the socket. */
  onInitialised(extra: SocketExtra): void;
}

/** The hooks of graphql-ws. None of them throws: a throw closes the socket, and with it everything else that runs on it. */
export function createProtocol(options: ProtocolOptions): ServerOptions<ConnectionParams, SocketExtra> {
  const { supergraph, authenticate, live, logger, policy, onOperation, tracing = createOperationTracing(undefined, true) } = options;
  const { limits, watch, delivered } = live;

  function mask({ requestId }: SocketExtra, errors: readonly unknown[]): GraphQLFormattedError[] {
    return errors.map((error) => maskError(error, { logger, requestId }));
  }

  function report({ requestId }: SocketExtra, ended: Omit<OperationReport, 'door' | 'requestId'>): void {
    onOperation?.({ door: 'websocket', requestId, ...ended });
  }

  const door = { live, policy, mask, report };

  async function admit(extra: SocketExtra, connectionParams: ConnectionParams | undefined): Promise<boolean> {
    const { socket, request, requestId } = extra;
    const authorization = readAuthorization(connectionParams);
    if (authorization === null || request === undefined) return false;
    extra.request = undefined;
    extra.traceparent = [connectionParams?.traceparent, request.headers.traceparent].find(isTraceparent);
    const identity = await authenticate({ authorization, request, requestId });
    if (identity.viewer !== null) {
      // It may have ended while we waited, and then nobody would stop the watch.
      if (socket.hasEnded()) return false;
      if (!watch.add(socket, identity.viewer)) {
        socket.close(4429, 'Too many connections of one user');
        return false;
      }
    }
    extra.identity = identity;
    options.onInitialised(extra);
    return true;
  }

  /** The context is what `onSubscribe` made. */
  const run = (args: ExecutionArgs) => (args.contextValue as SocketOperation).run(args);

  async function accept(extra: SocketExtra, payload: OperationPayload): Promise<Acceptance> {
    extra.waiting += 1;
    try {
      return await acceptOperation(supergraph.current(), payload, { policy, identity: extra.identity ?? nobody });
    } finally {
      extra.waiting -= 1;
    }
  }

  return {
    // Sockets are watched together: a timer for each is kept for as long as the socket.
    connectionInitWaitTimeout: 0,
    async onConnect({ extra, connectionParams }: Context<ConnectionParams, SocketExtra>) {
      options.onInit(extra);
      try {
        return await admit(extra, connectionParams);
      } catch (error) {
        if (error instanceof AppError && error.code === 'UNAUTHENTICATED') return false;
        logger.error({ err: error, requestId: extra.requestId }, 'the caller of a socket cannot be found');
        extra.socket.close(1013, 'Try again later');
        return false;
      }
    },
    async onSubscribe({ extra }, id, payload) {
      const startedAt = performance.now();
      const own = payload.extensions?.traceparent;
      const trace = tracing.begin(isTraceparent(own) ? own : extra.traceparent);
      const prepared = trace.preparing(supergraph.current().operations);
      const refuse = (errors: readonly GraphQLError[]): readonly GraphQLError[] => {
        trace.end({ errors, hasLeft: false });
        report(extra, { operation: undefined, errors, hasLeft: false, ms: performance.now() - startedAt });
        return errors;
      };
      try {
        if (extra.operations + extra.waiting >= limits.maxOperationsPerSocket) {
          return refuse([
            refusalError(new AppError('RATE_LIMITED', `At most ${limits.maxOperationsPerSocket} operations may run on one socket.`)),
          ]);
        }
        if (live.operations.running >= limits.maxOperations) return refuse([refusalError(tooManyOperations())]);
        const acceptance = await accept(extra, payload);
        if (acceptance.kind === 'refused') return refuse(acceptance.errors);
        const { generation, operation, variables } = acceptance.operation;
        prepared(operation);
        // graphql-ws keeps the message for as long as the operation lasts, and the text is known by now.
        Object.assign(payload, { query: '' });
        return {
          schema: generation.schema,
          document: operation.document,
          operationName: operation.operationName,
          variableValues: variables,
          contextValue: createSocketOperation(door, { id, accepted: acceptance.operation, extra, startedAt, trace }),
        };
      } catch (error) {
        return refuse([toGraphQLError(error)]);
      }
    },
    subscribe: run,
    execute: run,
    onNext({ extra }, _id, _payload, _args, { data, errors }) {
      delivered.results += 1;
      return errors === undefined ? undefined : { data: data ?? null, errors: mask(extra, errors) };
    },
    onError: ({ extra }, _id, _payload, errors) => mask(extra, errors),
  };
}

/** Undefined for an anonymous caller, null for what can be no token. */
function readAuthorization(connectionParams: ConnectionParams = {}): string | undefined | null {
  const value = connectionParams.authorization ?? connectionParams.Authorization;
  if (value === undefined || value === null || value === '') return undefined;
  // Sent on as a header, where a line break would begin another one; as long as one may be over HTTP.
  return typeof value === 'string' && /^[\x20-\x7e]{1,16000}$/.test(value) ? value : null;
}
