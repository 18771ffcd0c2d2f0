import { readLifetime } from '../answer-lifetime.js';
import { readAnswerScope } from '../answer-scope.js';
import type { Fault } from '../faults/fault.js';
import type { Exchange } from './http-transport.js';
import type { FetchRequest } from '../subgraph-data-source.js';
import { isJson, readRetryAfter } from './response-headers.js';
import { readWireResult, type WireResult } from '../wire.js';

/** What an attempt has come to: a result, a fault, or both, for a status such as 503 with a GraphQL response. */
export type Reading = ReadingOf<WireResult, undefined> | ReadingOf<WireResult | undefined, Fault>;

interface ReadingOf<Result, Trouble> {
  readonly result: Result;
  readonly fault: Trouble;
  /** When the subgraph wants to be asked again, in ms. */
  readonly retryAfterMs?: number | undefined;
}

/** The statuses of a subgraph, or of what stands before it, that is not there for the moment. */
const unavailableStatuses = [502, 503, 504];

/**
 * `isAnonymous`: the answer says for whom else it holds, which it does only to one who named nobody. `isKept`: somebody wants to know how
 * long it may be kept.
 */
export function readExchange(
  exchange: Exclude<Exchange, { kind: 'aborted' }>,
  request: Pick<FetchRequest, 'isAnsweredBy'>,
  { isAnonymous, isKept = false }: { readonly isAnonymous: boolean; readonly isKept?: boolean | undefined },
): Reading {
  if (exchange.kind === 'failed') return { result: undefined, fault: exchange.fault };
  const { status, headers, body } = exchange;
  const contentType = headers['content-type'];
  const result = isJson(contentType) ? readWireResult(parseJson(body)) : undefined;
  if (unavailableStatuses.includes(status)) {
    const retryAfterMs = readRetryAfter(headers['retry-after'], Date.now());
    return { result, fault: { kind: 'status', detail: String(status) }, retryAfterMs };
  }
  if (result === undefined) {
    if (status !== 200) return { result, fault: { kind: 'status', detail: String(status) } };
    if (!isJson(contentType)) return { result, fault: { kind: 'content-type', detail: mediaType(contentType) } };
    return { result, fault: { kind: 'no-graphql', detail: 'status 200' } };
  }
  if (result.errors === undefined && result.data !== null && request.isAnsweredBy?.(result.data) === false) {
    return { result: undefined, fault: { kind: 'no-graphql', detail: 'data without what was asked for' } };
  }
  const scope = isAnonymous ? readAnswerScope(headers) : undefined;
  const lifetime = isKept && status === 200 && result.errors === undefined ? readLifetime(headers) : undefined;
  if (scope === undefined && lifetime === undefined) return { result, fault: undefined };
  return { result: { ...result, ...(scope && { scope }), ...(lifetime && { lifetime }) }, fault: undefined };
}

/** Status and retry-after of the last response decide on both; for one that was none, what became of the connection. */
export function isWorthRetrying(exchange: Exchange, isQuery: boolean): boolean {
  switch (exchange.kind) {
    case 'aborted':
      return false;
    case 'answered':
      return isQuery && unavailableStatuses.includes(exchange.status);
    case 'failed':
      // Also a mutation that nobody can have got.
      if (exchange.fault.kind === 'connect') return !exchange.wasSent;
      // Mostly a kept-alive connection that the other side had given up.
      return isQuery && exchange.fault.kind === 'lost' && !exchange.wasAnswered;
  }
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** For the log: short, and of letters that cannot forge a line. */
function mediaType(contentType = ''): string {
  return contentType
    .replace(/;.*/s, '')
    .replace(/[^\w.+/-]/g, '?')
    .slice(0, 60);
}
