import type { GraphQLFormattedError } from 'graphql';
import type { AnswerScope } from '../../shared/graphql/sharing/sharing.js';
import type { Lifetime } from './answer-lifetime.js';
import { isJsonObject } from '../../shared/json/json-object.js';

/** Codes that say something about the gateway's own document, not the client's; to the client they are faults. */
const protocolCodes = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'BAD_REQUEST',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
]);

/** The body of a GraphQL response as the gateway goes on with it. */
export interface WireResult {
  readonly data: Record<string, unknown> | null;
  readonly errors?: readonly GraphQLFormattedError[];
  /** There was no answer: the errors are the gateway's own, about everything that was asked for. */
  readonly isMissing?: true;
  /** For whom the subgraph says that it holds; undefined where it says nothing. */
  readonly scope?: AnswerScope;
  /** How long it may be kept; undefined where it may not, or nobody wants to know. */
  readonly lifetime?: Lifetime;
}

/**
 * What the gateway takes over from a subgraph's response: `data`, and of each error the message, path, code and `retryAfter`. Undefined
 * when `body` is no GraphQL response at all.
 */
export function readWireResult(body: unknown): WireResult | undefined {
  if (!isJsonObject(body)) return undefined;
  const data = body.data ?? null;
  const errors = body.errors ?? [];
  if ((data !== null && !isJsonObject(data)) || !Array.isArray(errors)) return undefined;
  // No data, and no word on why.
  if (data === null && !errors.some(isWireError)) return undefined;
  return errors.length === 0 ? { data } : { data, errors: errors.map(readWireError) };
}

export function readWireError(error: unknown): GraphQLFormattedError {
  if (!isWireError(error)) return { message: 'Unknown error of a subgraph' };
  const { code, retryAfter } = isJsonObject(error.extensions) ? error.extensions : {};
  return {
    message: error.message,
    ...(isPath(error.path) ? { path: error.path.map(step) } : {}),
    extensions: {
      code: typeof code !== 'string' || protocolCodes.has(code) ? 'DOWNSTREAM_SERVICE_ERROR' : code,
      ...(typeof retryAfter === 'number' ? { retryAfter } : {}),
    },
  };
}

function isWireError(error: unknown): error is Record<string, unknown> & { readonly message: string } {
  return isJsonObject(error) && typeof error.message === 'string';
}

/** What there is instead of an answer. */
export function missing(error: GraphQLFormattedError): WireResult {
  return { data: null, errors: [error], isMissing: true };
}

/** A subgraph that does not answer, without a word on which one or why: that is in the log. */
export const unavailable: GraphQLFormattedError = {
  message: 'A part of this answer is not available right now. Try again in a moment.',
  extensions: { code: 'UNAVAILABLE' },
};

/** The same, with a word on when to come back. */
export function unavailableFor(retryAfterMs: number): GraphQLFormattedError {
  return { ...unavailable, extensions: { ...unavailable.extensions, retryAfter: Math.max(1, Math.ceil(retryAfterMs / 1_000)) } };
}

/** Some servers write indices as strings, as mercurius does for entities. No name of a field is one. */
function step(part: string | number): string | number {
  return typeof part === 'string' && /^\d+$/.test(part) ? Number(part) : part;
}

function isPath(value: unknown): value is readonly (string | number)[] {
  return Array.isArray(value) && value.every((part) => typeof part === 'string' || typeof part === 'number');
}
