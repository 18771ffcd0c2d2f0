import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApolloServer } from '@apollo/server';
import type { DocumentNode } from 'graphql';
import { AppError } from '../errors/app-error.js';
import { maskError } from '../errors/error-masking.js';
import { logRequest } from '../http/log-request.js';
import { contentTypes, isJson, negotiate } from '../http/media-types.js';
import { readBody } from '../http/read-body.js';
import { hangUpOnFailure, sendAnswer, type Answer } from '../http/send-answer.js';
import { errorBody, requestId as readRequestId } from '../http/server.js';
import type { Logger } from '../logging/logger.js';
import { endSpan, startServerSpan, type Tracing } from '../telemetry/tracing.js';
import { answerHeaders } from './answer-headers.js';
import { askApollo } from './apollo-route.js';
import type { CacheHints } from './sharing/cache-hints.js';
import { gatewaySecretHeader } from './gateway-secret.js';
import type { Execute } from './execution/compiled-execution.js';
import type { KnownOperations } from './known-operations.js';
import type { Sharing } from './sharing/sharing.js';
import { readSubgraphHeaders } from './subgraph-headers.js';
import type { Subgraph } from './subgraph.js';

export type OperationContext<Context> = Context & { readonly requestId: string; readonly sharing?: Sharing };

export interface SubgraphDoorOptions<Context extends object> {
  readonly subgraph: Subgraph<Context>;
  readonly apollo: ApolloServer<OperationContext<Context>>;
  /** Of the subgraph's schema. */
  readonly execute: Execute;
  /** Of `apollo`. */
  readonly known: KnownOperations<OperationContext<Context>>;
  /** Of the subgraph's schema. */
  readonly hints: CacheHints | undefined;
  readonly isSecret: (given: unknown) => boolean;
  readonly bodyLimit: number;
  readonly tracing?: Tracing | undefined;
  /** Called for each with its HTTP status. */
  readonly onServed?: ((status: number, ms: number) => void) | undefined;
  readonly logger: Logger;
}

/** Queries and mutations of the gateway: what Apollo Server knows is executed without it, and nothing of it goes through Fastify. */
export interface SubgraphDoor {
  /** Answers the request and returns true when it is an operation of the gateway. */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
}

export function createSubgraphDoor<Context extends object>(options: SubgraphDoorOptions<Context>): SubgraphDoor {
  const { subgraph, execute, apollo, known, hints, isSecret, bodyLimit, onServed, tracing, logger } = options;
  const policy = subgraph.sharing;

  async function createContext({ headers }: IncomingMessage, requestId: string): Promise<OperationContext<Context>> {
    return {
      ...(await subgraph.createContext({ ...readSubgraphHeaders(headers), 'x-request-id': requestId })),
      requestId,
      ...(headers.authorization === undefined && policy !== undefined ? { sharing: policy.begin() } : {}),
    };
  }

  /** As Apollo Server and its plugins would do it. Undefined when it did not begin: Apollo Server then says why. */
  async function run(document: DocumentNode, operation: Operation, context: OperationContext<Context>): Promise<Answer | undefined> {
    const { requestId, sharing } = context;
    const { data, errors } = await execute({
      document,
      operationName: operation.operationName,
      variableValues: operation.variables,
      contextValue: context,
    });
    if (data === undefined) return undefined;
    const scope = sharing === undefined || policy === undefined ? undefined : await policy.scopeOf(sharing, document, errors === undefined);
    const masked = errors?.map((error) => maskError(error, { logger, requestId }));
    const hint = errors === undefined ? hints?.(document) : undefined;
    return { status: 200, body: JSON.stringify({ errors: masked, data }), headers: answerHeaders({ scope, hint, policy }).flat() };
  }

  async function answer(request: IncomingMessage, body: unknown, requestId: string): Promise<SubgraphAnswer> {
    try {
      const context = await createContext(request, requestId);
      // Apollo Server has its own word on an `accept` that names nothing of ours, too.
      const operation = negotiate(request.headers.accept) === undefined ? undefined : readOperation(body);
      const document = operation === undefined ? undefined : known.find(operation.query);
      const result = operation === undefined || document === undefined ? undefined : await run(document, operation, context);
      return result ?? (await askApollo(apollo, { headers: request.headers, body }, context));
    } catch (error) {
      // 200: the gateway reads GraphQL errors, and hides the body of any other status.
      if (error instanceof AppError) return json(200, { ...errorBody(error.code, error.message, requestId), data: null });
      logger.error({ err: error, requestId }, 'request failed');
      return json(500, errorBody('INTERNAL_SERVER_ERROR', 'Something went wrong on our side.', requestId));
    }
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedAt = performance.now();
    const requestId = readRequestId(request.headers['x-request-id']);
    const span = startServerSpan(tracing, subgraph.name, request.headers.traceparent);
    const read = await readBody(request, bodyLimit);
    if (read.kind === 'gone') {
      span?.end();
      return;
    }
    const body = read.kind === 'body' ? parseJson(read.body) : undefined;
    const given: SubgraphAnswer =
      body === undefined
        ? json(read.kind === 'body' ? 400 : 413, errorBody('BAD_USER_INPUT', 'The body is no JSON, or too large.', requestId))
        : await answer(request, body, requestId);
    if (read.kind !== 'body') response.shouldKeepAlive = false;
    const type = negotiate(request.headers.accept) ?? 'application/json';
    sendAnswer(response, given, { contentType: given.contentType ?? contentTypes[type], requestId });
    const ms = performance.now() - startedAt;
    endSpan(span, given.status === 200 ? 'OK' : String(given.status));
    onServed?.(given.status, ms);
    logRequest(logger, request, { requestId, status: given.status, ms });
  }

  return {
    handle(request, response) {
      const { method, url, headers } = request;
      if (url !== '/graphql' || method !== 'POST') return false;
      // What is refused for its headers is refused where everything else is.
      if (!isSecret(headers[gatewaySecretHeader]) || !isJson(headers['content-type']) || headers['content-encoding'] !== undefined) {
        return false;
      }
      hangUpOnFailure(serve(request, response), response, logger);
      return true;
    },
  };
}

interface SubgraphAnswer extends Answer {
  /** Apollo Server's, where it has one of its own. */
  readonly contentType?: string | undefined;
}

interface Operation {
  readonly query: string;
  readonly operationName: string | null;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Undefined for anything unusual, on which Apollo Server has its own word. */
function readOperation(body: unknown): Operation | undefined {
  if (!isRecord(body) || body.extensions !== undefined) return undefined;
  const { query, operationName = null, variables = {} } = body;
  if (typeof query !== 'string' || (operationName !== null && typeof operationName !== 'string')) return undefined;
  return isRecord(variables) ? { query, operationName, variables } : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function json(status: number, body: object): Answer {
  return { status, body: JSON.stringify(body), headers: [] };
}

/** Undefined for what is none. */
function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
