import type { IncomingMessage, ServerResponse } from 'node:http';
import { prettyFormatQueryPlan, type QueryPlan } from '@apollo/query-planner';
import { GraphQLError, OperationTypeNode } from 'graphql';
import { AppError } from '../../shared/errors/app-error.js';
import { maskError } from '../../shared/errors/error-masking.js';
import { clientAddress, type TrustsProxy } from '../../shared/http/client-address.js';
import { logRequest } from '../../shared/http/log-request.js';
import { acceptsParts, contentTypes, negotiate, negotiateStream } from '../../shared/http/media-types.js';
import { hangUpOnFailure, sendAnswer, sendNotModified } from '../../shared/http/send-answer.js';
import { skipRest } from '../../shared/http/skip-rest.js';
import { requestId as readRequestId, securityHeaders } from '../../shared/http/server.js';
import type { Logger } from '../../shared/logging/logger.js';
import type { Authenticate } from '../authentication/authenticate.js';
import type { IncrementalResult } from '../execution/deferred/incremental-result.js';
import { acceptOperation, type OperationPayload } from '../operations/accept-operation.js';
import type { OperationPolicy } from '../policy/operation-policy.js';
import { defaultWebSocketLimits, type WebSocketLimits } from '../subscriptions/limits.js';
import type { StreamDoor } from '../subscriptions/stream-door.js';
import { streamFormats } from '../subscriptions/stream-formats.js';
import type { Supergraph } from '../supergraph/supergraph.js';
import type { Upload } from './uploads/upload.js';
import { defaultUploadLimits, type UploadLimits } from './uploads/upload-limits.js';
import { createUploadSlots } from './uploads/upload-slots.js';
import { createOperationTracing, type OperationTracing } from '../telemetry/operation-tracing.js';
import type { OnOperation } from '../telemetry/operation-report.js';
import { cachingHeaders } from './caching-headers.js';
import { createCaller } from './caller.js';
import { createCorsHeaders } from './cross-site.js';
import { noMutations, noSubscriptions, notAcceptable } from './door-refusals.js';
import { conditionally, notModified } from './entity-tag.js';
import type { Exchange, OperationAnswer } from './exchange.js';
import { defaultHttpLimits, type HttpLimits } from './http-limits.js';
import { readRequest } from './read-request.js';
import { onlyPart, partsFormat, sendParts } from './send-parts.js';
import { statusOfRefusal } from './refusal-status.js';
import type { RequestRefusal } from './request-refusal.js';
import { isTokenRefused } from './token-refused.js';
import { writeResult } from '../execution/write-result.js';

const path = '/graphql';
const queryPlanHeader = 'x-galaxia-query-plan';
const noStore = ['cache-control', 'no-store'];

export interface GraphqlDoorOptions {
  readonly supergraph: Pick<Supergraph, 'current'>;
  readonly authenticate: Authenticate;
  readonly policy: OperationPolicy;
  /** Lower-case names of headers of clients that subgraphs get, and may answer by. */
  readonly forwardedHeaders?: readonly string[] | undefined;
  readonly trustsProxy: TrustsProxy;
  /** Origins of pages beside our own that may use it. */
  readonly corsOrigins: readonly string[];
  /** Where our own are, if somebody has said it. */
  readonly publicUrl?: string | undefined;
  /** Without it no streams are offered. */
  readonly streams?: StreamDoor;
  /** Of clients that get their answer in parts. */
  readonly limits?: WebSocketLimits;
  readonly httpLimits?: HttpLimits | undefined;
  /** Of requests with files, where some subgraph takes them. */
  readonly uploadLimits?: UploadLimits | undefined;
  /** Whether the process ends: streams are refused then. */
  readonly isClosing?: () => boolean;
  /** To whoever asks for it by `x-galaxia-query-plan: 1`. */
  readonly showsQueryPlans?: boolean | undefined;
  readonly tracing?: OperationTracing | undefined;
  readonly onOperation?: OnOperation | undefined;
  readonly logger: Logger;
}

/** GraphQL over HTTP: queries and mutations by POST, queries by GET; subscriptions by either, to clients that take a stream. */
export interface GraphqlDoor {
  /** Answers the request and returns true when it is for this door. */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
}

export function createGraphqlDoor(options: GraphqlDoorOptions): GraphqlDoor {
  const {
    supergraph,
    authenticate,
    policy,
    trustsProxy,
    corsOrigins,
    streams,
    limits = defaultWebSocketLimits,
    isClosing = () => false,
    httpLimits: { maxBodyBytes } = defaultHttpLimits,
    uploadLimits = defaultUploadLimits,
    showsQueryPlans = false,
    tracing = createOperationTracing(undefined, true),
    onOperation,
    logger,
  } = options;
  const corsHeaders = createCorsHeaders(corsOrigins);
  const origins = { allowed: corsOrigins, publicUrl: options.publicUrl };
  const uploads = { limits: uploadLimits, slots: createUploadSlots(uploadLimits.maxPerClient) };
  const mostSkippedBytes = Math.max(8 * maxBodyBytes, uploadLimits.maxBytes);
  const keptBy = ['accept', ...(options.forwardedHeaders ?? [])];

  function mask(errors: readonly unknown[], requestId: string) {
    return errors.map((error) => maskError(error, { logger, requestId }));
  }

  /** An operation, or a request, that nothing came of. */
  function refusal(errors: readonly unknown[], requestId: string): OperationAnswer {
    const masked = mask(errors, requestId);
    const retryAfter = masked[0]?.extensions?.retryAfter;
    return {
      status: statusOfRefusal(masked),
      body: writeResult(undefined, masked),
      headers: typeof retryAfter === 'number' ? ['retry-after', String(Math.ceil(retryAfter))] : [],
      errors,
    };
  }

  function requestRefusal({ status, message, headers }: RequestRefusal, requestId: string): OperationAnswer {
    return { ...refusal([new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } })], requestId), status, headers };
  }

  /** Undefined when it is answered already, or nobody waits any more. */
  async function run(payload: OperationPayload, exchange: Exchange, upload?: Upload): Promise<OperationAnswer | undefined> {
    const { request, response, requestId, type, streamType, trace } = exchange;
    const { headers, method } = request;
    const identity = await authenticate({
      authorization: headers.authorization,
      requestId,
      clientAddress: clientAddress(request, trustsProxy),
      userAgent: headers['user-agent'],
      headers,
    });
    const prepared = trace.preparing(supergraph.current().operations);
    const acceptance = await acceptOperation(supergraph.current(), payload, { policy, identity });
    if (acceptance.kind === 'refused') return refusedOperation(acceptance.errors, exchange);
    const { generation, operation, variables } = acceptance.operation;
    const { operation: kind } = operation.operation;
    prepared(operation);
    if (kind === OperationTypeNode.MUTATION && method === 'GET') return requestRefusal(noMutations, requestId);
    const misfits = upload?.refusals(acceptance.operation, identity) ?? [];
    if (misfits.length > 0) return { ...refusal(misfits, requestId), operation };
    const isStreamed = kind === OperationTypeNode.SUBSCRIPTION || (type === undefined && upload === undefined);
    if (streams !== undefined && streamType !== undefined && isStreamed) {
      const accepted = acceptance.operation;
      if (isClosing()) return refusal([new AppError('UNAVAILABLE', 'Server restart: connect again.')], requestId);
      const headersOfAnswer = headersFor(exchange);
      const refused = streams.open({ ...exchange, type: streamType, accepted, identity, headers: headersOfAnswer });
      return refused && { ...refusal([refused], requestId), operation };
    }
    if (kind === OperationTypeNode.SUBSCRIPTION) return refusal([noSubscriptions()], requestId);
    const caller = createCaller(identity, response, trace.traceparent);
    const asked = { variables, caller, ...upload?.execution(caller, generation) };
    const isInParts = upload === undefined && operation.plan().inParts !== undefined && acceptsParts(headers.accept);
    const mayRun = (plan: QueryPlan) => policy.checkPlan(plan).length === 0;
    const inParts = isInParts ? await generation.executeInParts(operation, { ...asked, mayRun }) : undefined;
    const { data, errors, lifetime } = inParts?.first ?? (await generation.execute(operation, asked));
    const isRefused = data === undefined || (inParts?.hasNext !== true && identity.viewer !== null && isTokenRefused(data, errors));
    if (isRefused) return { ...refusal(errors, requestId), operation };
    const plan = inParts?.plan ?? operation.plan();
    const extensions = showsQueryPlans && headers[queryPlanHeader] === '1' ? { queryPlan: prettyFormatQueryPlan(plan) } : undefined;
    const body = writeResult(data, errors.length === 0 ? [] : mask(errors, requestId), extensions);
    if (inParts?.hasNext === true) return { status: 200, body, headers: [], operation, errors, later: inParts };
    if (type === undefined) {
      const format = streamType === undefined ? partsFormat : streamFormats[streamType];
      return { status: 200, body: onlyPart(body, format), headers: [], operation, errors, contentType: format.contentType };
    }
    const isKept = lifetime !== undefined && upload === undefined && extensions === undefined;
    const caching = isKept ? cachingHeaders(lifetime, keptBy) : undefined;
    return { ...conditionally({ request, body, contentType: type }, caching), body, headers: [], operation, errors };
  }

  /** Of a client that reads event streams alone: they say why, because browsers tell a page nothing about an answer that is another. */
  function refusedOperation(errors: readonly unknown[], { requestId, type, streamType }: Exchange): OperationAnswer {
    if (type !== undefined || streamType !== 'text/event-stream') return refusal(errors, requestId);
    const format = streamFormats[streamType];
    return {
      status: 200,
      body: format.end(JSON.stringify(mask(errors, requestId))).toString('utf8'),
      headers: [],
      errors,
      contentType: format.contentType,
    };
  }

  function headersFor({ request, requestId }: Pick<Exchange, 'request' | 'requestId'>): readonly string[] {
    return ['x-request-id', requestId, ...Object.entries(securityHeaders).flat(), ...noStore, ...corsHeaders(request.headers.origin)];
  }

  function takesUploads() {
    return [...supergraph.current().services.values()].some(({ takesFiles }) => takesFiles === true) ? uploads : undefined;
  }

  async function answer(exchange: Exchange): Promise<OperationAnswer | undefined> {
    const { request, requestId, type, streamType, trace } = exchange;
    try {
      const isReadable = type !== undefined || streamType !== undefined || acceptsParts(request.headers.accept);
      const read = isReadable ? await readRequest(request, { origins, maxBodyBytes, uploads: takesUploads }) : notAcceptable;
      if (read === undefined) {
        trace.end({ errors: [], hasLeft: true });
        return undefined;
      }
      if (read.kind === 'refused') return requestRefusal(read, requestId);
      if (read.kind === 'payload') return await run(read.payload, exchange);
      const { payload, upload } = read;
      return await run(payload, exchange, upload).finally(() => upload.end());
    } catch (error) {
      return refusal([error], requestId);
    }
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedAt = performance.now();
    const { headers } = request;
    const requestId = readRequestId(headers['x-request-id']);
    const type = negotiate(headers.accept);
    const streamType = streams === undefined ? undefined : negotiateStream(headers.accept);
    const trace = tracing.begin(headers.traceparent);
    const exchange: Exchange = { request, response, requestId, startedAt, type, streamType, trace };
    const given = await answer(exchange);
    if (given === undefined) return;
    if (given.later !== undefined) {
      await finishInParts(exchange, given, given.later);
      return;
    }
    if (!request.complete) await skipRest(request, { maxBytes: mostSkippedBytes });
    // Before it is written, which ends the response as leaving does.
    const hasLeft = response.destroyed;
    if (given.status === 413 || !request.complete) response.shouldKeepAlive = false;
    const always = [...(given.caching ?? noStore), ...corsHeaders(headers.origin)];
    const headersOfAnswer = given.headers.length === 0 ? always : [...given.headers, ...always];
    const contentType = given.contentType ?? contentTypes[type ?? 'application/json'];
    if (given.status === notModified) sendNotModified(response, headersOfAnswer, requestId);
    else sendAnswer(response, { ...given, headers: headersOfAnswer }, { contentType, requestId });
    report(exchange, given, hasLeft);
  }

  async function finishInParts(exchange: Exchange, given: OperationAnswer, later: IncrementalResult): Promise<void> {
    const { response, requestId } = exchange;
    const headers = headersFor(exchange);
    const sent = await sendParts(given.body, later, { response, headers, limits, mask: (errors) => mask(errors, requestId) });
    report(exchange, { ...given, errors: [...given.errors, ...sent.errors] }, sent.hasLeft);
  }

  function report(
    { request, requestId, startedAt, trace }: Exchange,
    { status, operation, errors }: OperationAnswer,
    hasLeft: boolean,
  ): void {
    const ms = performance.now() - startedAt;
    trace.end({ errors, hasLeft });
    onOperation?.({ door: 'http', requestId, operation, errors, hasLeft, ms });
    logRequest(logger, request, { requestId, status, ms });
  }

  return {
    handle(request, response) {
      const { url, method } = request;
      if (url !== path && !isOurs(url)) return false;
      // Whoever asks for permission is answered where all routes are.
      if (method === 'OPTIONS' && corsOrigins.length > 0) return false;
      hangUpOnFailure(serve(request, response), response, logger);
      return true;
    },
  };
}

function isOurs(url = ''): boolean {
  if (!url.startsWith(path)) return false;
  const rest = url.slice(path.length);
  return rest === '/' || rest.startsWith('?') || rest.startsWith('/?');
}
