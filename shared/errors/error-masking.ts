import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { Logger } from '../logging/logger.js';
import { AppError, toGraphQLError } from './app-error.js';
import { withoutValues } from './without-values.js';

/** Codes that graphql and Apollo Server give to faults of the client's own document, whose messages are safe to show. */
const clientFaults = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  'BAD_USER_INPUT',
  'OPERATION_RESOLUTION_FAILURE',
  'BAD_REQUEST',
]);

const refusals = new Set<string>([
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'BAD_USER_INPUT',
  'RATE_LIMITED',
  'UNAVAILABLE',
  'OPERATION_TOO_COMPLEX',
]);

/** Of everything that is not shown. */
const fault = 'INTERNAL_SERVER_ERROR';

/** Codes that servers put on a fault by themselves: nobody decided that their message may be seen. */
const faultCodes = new Set([fault, 'DOWNSTREAM_SERVICE_ERROR', 'UNEXPECTED_ERROR', 'UNKNOWN']);

/**
 * What a client may see of `error`: refusals as they are, faults of its own document without the values in it, and what a subgraph
 * (maybe somebody else's) said with a code of its own choice; everything else is logged once with the request id and answered as
 * `INTERNAL_SERVER_ERROR` with nothing of the cause. Keeps message, locations and path; of the extensions only `code`, `retryAfter` and
 * `requestId`.
 */
export function maskError(error: unknown, options: { logger: Logger; requestId: string }): GraphQLFormattedError {
  const graphqlError = error instanceof GraphQLError ? error : undefined;
  const original = rootCause(error);
  const place = {
    ...(graphqlError?.locations === undefined ? {} : { locations: graphqlError.locations }),
    ...(graphqlError?.path === undefined ? {} : { path: graphqlError.path }),
  };
  if (original instanceof AppError) {
    const shown = toGraphQLError(original);
    return { message: shown.message, ...place, extensions: { ...shown.extensions, requestId: options.requestId } };
  }
  const code = graphqlError?.extensions.code;
  if (graphqlError !== undefined && isShown(code, original)) {
    const retryAfter = graphqlError.extensions.retryAfter;
    return {
      message: clientFaults.has(code) ? withoutValues(graphqlError.message) : graphqlError.message,
      ...place,
      extensions: { code, ...(typeof retryAfter === 'number' ? { retryAfter } : {}), requestId: options.requestId },
    };
  }
  // A subgraph that says so has logged the cause with the same request id, where its stack is known.
  const isLoggedElsewhere = original === graphqlError && code === fault;
  const subgraph = graphqlError?.extensions.serviceName;
  options.logger[isLoggedElsewhere ? 'info' : 'error'](
    {
      err: original,
      ...(typeof subgraph === 'string' ? { subgraph } : {}),
      path: graphqlError?.path,
      requestId: options.requestId,
    },
    'request failed',
  );
  return {
    message: 'Something went wrong on our side. Try again; if it stays, report the request id.',
    ...place,
    extensions: { code: fault, requestId: options.requestId },
  };
}

/** The code of `error` by which `maskError` answers, so that operators and clients speak of the same. */
export function shownCode(error: unknown): string {
  const original = rootCause(error);
  if (original instanceof AppError) return original.code;
  const code = error instanceof GraphQLError ? error.extensions.code : undefined;
  return isShown(code, original) ? code : fault;
}

function isShown(code: unknown, cause: unknown): code is string {
  return typeof code === 'string' && (refusals.has(code) || clientFaults.has(code) || isDeliberate(code, cause));
}

/** A code of its own, and no error of the program underneath: it was thrown to be seen, by a resolver or by a subgraph. */
function isDeliberate(code: string, cause: unknown): boolean {
  if (cause instanceof Error && !(cause instanceof GraphQLError)) return false;
  return /^[A-Z]+(?:_[A-Z]+)*$/.test(code) && !/^E[A-Z]+(?:REFUSED|RESET|FOUND|TIMEDOUT|PIPE|_AGAIN)$/.test(code) && !faultCodes.has(code);
}

function rootCause(error: unknown): unknown {
  let current = error;
  while (current instanceof GraphQLError && current.originalError !== undefined) {
    current = current.originalError;
  }
  return current;
}
