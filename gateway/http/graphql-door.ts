import type { IncomingMessage, ServerResponse } from 'node:http';
import { GraphQLError, OperationTypeNode } from 'graphql';
import { AppError } from '../../shared/errors/app-error.js';
import { maskError } from '../../shared/errors/error-masking.js';
import { clientAddress, type TrustsProxy } from '../../shared/http/client-address.js';
import { logRequest } from '../../shared/http/log-request.js';
import { contentTypes, isJson, negotiate, responseTypes, type ResponseType } from '../../shared/http/media-types.js';
import { readBody } from '../../shared/http/read-body.js';
import { sendAnswer, type Answer } from '../../shared/http/send-answer.js';
import { requestId as readRequestId } from '../../shared/http/server.js';
import { skipRest } from '../../shared/http/skip-rest.js';
import type { Logger } from '../../shared/logging/logger.js';
import type { Authenticate } from '../authenticate.js';
import type { Supergraph } from '../execution/supergraph.js';
import { acceptOperation, type OperationPayload } from '../operations/accept-operation.js';
import type { ParsedOperation } from '../operations/operation-store.js';
import type { OperationPolicy } from '../policy/operation-policy.js';
import type { OnOperation, OperationReport } from '../telemetry/operation-report.js';
import { createCaller } from './caller.js';
import { createCorsHeaders, isPreflighted, preflightHeaders } from './cross-site.js';
import { readBodyPayload, readUrlPayload, type ReadPayload } from './read-payload.js';
import { statusOfRefusal } from './refusal-status.js';
import { refuseRequest, type RequestRefusal } from './request-refusal.js';
import { writeResult } from './write-result.js';

const path = '/graphql';
const noStore = ['cache-control', 'no-store'];
/** Bytes of a request's body. */
const bodyLimit = 1024 * 1024;

export interface GraphqlDoorOptions {
  readonly supergraph: Pick<Supergraph, 'current'>;
  readonly authenticate: Authenticate;
  readonly policy: OperationPolicy;
  readonly trustsProxy: TrustsProxy;
  /** Origins of pages beside our own that may use it. */
  readonly corsOrigins: readonly string[];
  readonly onOperation?: OnOperation | undefined;
  readonly logger: Logger;
}

/** An answer, and what is told of it to operators. */
interface OperationAnswer extends Answer {
  readonly operation?: ParsedOperation | undefined;
  readonly errors: OperationReport['errors'];
}

/** GraphQL over HTTP: queries and mutations by POST, queries by GET. */
export interface GraphqlDoor {
  /** Answers the request and returns true when it is for this door. */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
  /** From now on each answer is the last one of its connection. */
  stopKeepingAlive(): void;
}

export function createGraphqlDoor(options: GraphqlDoorOptions): GraphqlDoor {
  const { supergraph, authenticate, policy, trustsProxy, corsOrigins, onOperation, logger } = options;
  const corsHeaders = createCorsHeaders(corsOrigins);
  let isClosing = false;

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

  async function run(
    payload: OperationPayload,
    request: IncomingMessage,
    response: ServerResponse,
    requestId: string,
  ): Promise<OperationAnswer> {
    const { headers, method } = request;
    const identity = await authenticate({
      authorization: headers.authorization,
      requestId,
      clientAddress: clientAddress(request, trustsProxy),
      userAgent: headers['user-agent'],
      headers,
    });
    const acceptance = await acceptOperation(supergraph.current(), payload, { policy, identity });
    if (acceptance.kind === 'refused') return refusal(acceptance.errors, requestId);
    const { generation, operation, variables } = acceptance.operation;
    const { operation: type } = operation.operation;
    if (type === OperationTypeNode.SUBSCRIPTION) return refusal([noSubscriptions()], requestId);
    if (type === OperationTypeNode.MUTATION && method === 'GET') return requestRefusal(noMutations, requestId);
    const { data, errors } = await generation.execute(operation, { variables, caller: createCaller(identity, response) });
    if (data === undefined) return { ...refusal(errors, requestId), operation };
    return { status: 200, body: writeResult(data, errors.length === 0 ? [] : mask(errors, requestId)), headers: [], operation, errors };
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    context: { readonly requestId: string; readonly type: ResponseType | undefined },
  ): Promise<OperationAnswer | undefined> {
    const { requestId, type } = context;
    try {
      const read = type === undefined ? notAcceptable : await readPayload(request);
      if (read === undefined) return undefined;
      if (read.kind === 'refused') return requestRefusal(read, requestId);
      return await run(read.payload, request, response, requestId);
    } catch (error) {
      return refusal([error], requestId);
    }
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedAt = performance.now();
    const { headers } = request;
    const requestId = readRequestId(headers['x-request-id']);
    const type = negotiate(headers.accept);
    const given = await answer(request, response, { requestId, type });
    if (given === undefined) return;
    // Before it is written, which ends the response as leaving does.
    const hasLeft = response.destroyed;
    if (isClosing || given.status === 413) response.shouldKeepAlive = false;
    const always = [...noStore, ...corsHeaders(headers.origin)];
    sendAnswer(
      response,
      { ...given, headers: given.headers.length === 0 ? always : [...given.headers, ...always] },
      { contentType: contentTypes[type ?? 'application/json'], requestId },
    );
    const ms = performance.now() - startedAt;
    onOperation?.({ door: 'http', requestId, operation: given.operation, errors: given.errors, hasLeft, ms });
    logRequest(logger, request, { requestId, status: given.status, ms });
  }

  return {
    handle(request, response) {
      const { url, method } = request;
      if (url !== path && !isOurs(url)) return false;
      // Whoever asks for permission is answered where all routes are.
      if (method === 'OPTIONS' && corsOrigins.length > 0) return false;
      serve(request, response).catch((error: unknown) => {
        logger.error({ err: error }, 'an answer could not be written');
        response.destroy();
      });
      return true;
    },
    stopKeepingAlive() {
      isClosing = true;
    },
  };
}

/** Undefined when the client has left. */
async function readPayload(request: IncomingMessage): Promise<ReadPayload | undefined> {
  const { method, headers, url = '' } = request;
  if (method === 'GET') {
    if (!isPreflighted(headers)) return crossSite;
    const at = url.indexOf('?');
    return readUrlPayload(at === -1 ? '' : url.slice(at));
  }
  if (method !== 'POST') return wrongMethod;
  if (!isJson(headers['content-type'])) return wrongType;
  const encoding = headers['content-encoding'];
  // It could unfold to any size past the body limit, and no GraphQL client sends one.
  if (encoding !== undefined && encoding !== 'identity') return compressed;
  const read = await readBody(request, bodyLimit);
  switch (read.kind) {
    case 'body':
      return readBodyPayload(read.body);
    case 'too large':
      await skipRest(request, { maxBytes: 8 * bodyLimit });
      return tooLarge;
    case 'gone':
      return undefined;
  }
}

function noSubscriptions(): AppError {
  return new AppError(
    'BAD_USER_INPUT',
    'Subscriptions run over WebSocket: connect to this address with the subprotocol graphql-transport-ws.',
  );
}

const wrongMethod = refuseRequest(405, 'Send operations by POST, or queries by GET.', ['allow', 'GET, POST']);
const noMutations = refuseRequest(405, 'By GET only queries run. Send mutations by POST.', ['allow', 'POST']);
const wrongType = refuseRequest(415, 'Send the body as "application/json", in UTF-8.');
const compressed = refuseRequest(400, 'Send the body without compression.');
const tooLarge = refuseRequest(413, `The body is larger than ${bodyLimit} bytes.`);
const notAcceptable = refuseRequest(406, `Answers are written as ${responseTypes.join(' or ')}: name one of them in "accept".`);
const crossSite = refuseRequest(
  400,
  `A page of another site could have sent this. Send it by POST as "application/json", or with the header "${preflightHeaders[0]}: true".`,
);

function isOurs(url = ''): boolean {
  if (!url.startsWith(path)) return false;
  const rest = url.slice(path.length);
  return rest === '/' || rest.startsWith('?') || rest.startsWith('/?');
}
