import type { Logger } from '../../../shared/logging/logger.js';
import { allowManyListeners, type CallerSignal } from '../caller-signal.js';
import { createCircuitBreaker, type CircuitState } from '../faults/circuit-breaker.js';
import { createFaultLog } from '../faults/fault-log.js';
import { describeFault, isSubgraphsFault, timeoutFault, type Fault } from '../faults/fault.js';
import { createFetchDocuments } from '../fetch-document.js';
import { flatHeaders } from './flat-headers.js';
import { createHttpTransport, type Exchange } from './http-transport.js';
import type { FetchReport, OnFetch } from '../on-fetch.js';
import { isWorthRetrying, readExchange } from './read-exchange.js';
import { createRetryBudget } from '../faults/retry-budget.js';
import { sendFiles } from './send-files.js';
import type { SubgraphFaultLimits } from '../faults/subgraph-fault-settings.js';
import type { Caller, FetchRequest } from '../subgraph-data-source.js';
import { missing, unavailable, unavailableFor, type WireResult } from '../wire.js';

export interface HttpFetchOptions {
  readonly name: string;
  readonly url: string;
  readonly secretHeader: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly limits: SubgraphFaultLimits;
  readonly logger: Logger;
  readonly onFetch: OnFetch | undefined;
}

export interface HttpFetch {
  readonly fetch: (request: FetchRequest, caller: Caller) => Promise<WireResult>;
  readonly circuit: () => CircuitState;
  close(): Promise<void>;
}

/** Before the first retry, in ms, at most; twice as much before the second. */
const backoffMs = 50;
const nothing = missing(unavailable);

/** Queries and mutations of one subgraph over HTTP, with all that is done about its faults. */
export function createHttpFetch(options: HttpFetchOptions): HttpFetch {
  const { name, timeoutMs, limits, logger, onFetch } = options;
  const documentOf = createFetchDocuments();
  const faults = createFaultLog(logger);
  const budget = createRetryBudget(limits);
  const connecting = { url: options.url, maxResponseBytes: limits.maxResponseBytes, connectTimeoutMs: Math.min(timeoutMs, 3_000) };
  const transport = createHttpTransport({ ...connecting, maxConnections: 128, maxWaiting: 2_000 });
  // Of its own: clients that send slowly must not take the connections of all others.
  const fileTransport = createHttpTransport({ ...connecting, maxConnections: 128, maxWaiting: 0 });
  const breaker = createCircuitBreaker({
    ...limits,
    onChange(state) {
      if (state.kind === 'open') {
        logger.warn({ cause: state.cause }, 'the subgraph is not asked for a moment');
        transport.dropWaiting();
      } else if (state.kind === 'closed') logger.info('the subgraph answers again');
    },
  });
  const commonHeaders = [...Object.entries(options.secretHeader).flat(), 'accept', 'application/graphql-response+json, application/json'];
  const staticHeaders = [...commonHeaders, 'content-type', 'application/json'];
  // Servers that keep foreign pages out want a header that no form can have.
  const fileHeaders = [...commonHeaders, 'apollo-require-preflight', 'true'];

  async function fetch(request: FetchRequest, caller: Caller): Promise<WireResult> {
    const { subgraphHeaders, signal } = caller;
    const { files } = request;
    const started = performance.now();
    const ms = Math.min(timeoutMs, (caller.deadline ?? Infinity) - started);
    const deadline = started + ms;
    const timeout = timeoutFault(ms, timeoutMs);
    const { bodyStart, isQuery } = documentOf(request.query, request.operationName);
    const headers = flatHeaders(staticHeaders, subgraphHeaders);
    const body = `${bodyStart}${request.variablesText ?? JSON.stringify(request.variables)}}`;
    let retries = 0;
    if (signal instanceof AbortSignal) allowManyListeners(signal);

    function end(outcome: FetchReport['outcome'], result: WireResult, bytes = 0): WireResult {
      onFetch?.({ subgraph: name, ms: performance.now() - started, outcome, bytes, retries });
      return result;
    }
    function fail(fault: Fault, { result, retryAfterMs, bytes }: Failure = {}): WireResult {
      faults.note(fault, subgraphHeaders['x-request-id']);
      const answer = retryAfterMs === undefined ? nothing : missing(unavailableFor(retryAfterMs));
      return end(fault.kind, result ?? answer, bytes);
    }

    budget.noteRequest(started);
    for (let at = started; ; at = performance.now()) {
      if (signal.aborted) return end('left', nothing);
      if (at >= deadline) return fail(timeout);
      const admission = breaker.admit(at);
      if (admission.kind === 'refused') return fail(circuitOpen(breaker.state()), { retryAfterMs: admission.retryAfterMs });

      const exchange =
        files === undefined
          ? await transport.send({ headers, body, signal, timeoutMs: deadline - at, timeout })
          : await sendFiles(fileTransport, {
              headers: flatHeaders(fileHeaders, subgraphHeaders),
              operations: body,
              files,
              signal,
              timeoutMs,
            });
      const now = performance.now();
      if (exchange.kind === 'refused') {
        breaker.settle(admission, 'neither', now);
        return end('refused', missing(exchange.error));
      }
      if (exchange.kind === 'aborted') {
        breaker.settle(admission, 'neither', now);
        return end('left', nothing);
      }
      const { result, fault, retryAfterMs } = readExchange(exchange, request, {
        isAnonymous: subgraphHeaders.authorization === undefined,
        isKept: caller.caching?.isQuery,
      });
      const bytes = exchange.kind === 'answered' ? exchange.body.length : 0;
      if (fault === undefined) {
        breaker.settle(admission, 'well', now);
        return end(result.errors === undefined ? 'ok' : 'errors', result, bytes);
      }
      breaker.settle(admission, isSubgraphsFault(fault) ? 'fault' : 'neither', now, describeFault(fault));

      const pauseMs = retryAfterMs ?? pauseBeforeRetry(exchange, retries);
      const isWorthIt =
        files === undefined && retries < limits.maximumRetries && admission.kind === 'admitted' && isWorthRetrying(exchange, isQuery);
      if (!isWorthIt || now + pauseMs >= deadline || !budget.take(now)) return fail(fault, { result, retryAfterMs, bytes });
      retries += 1;
      if (pauseMs > 0) await pause(pauseMs, signal);
    }
  }

  return {
    fetch,
    circuit: () => breaker.state(),
    async close() {
      faults.close();
      await Promise.all([transport.close(), fileTransport.close()]);
    },
  };
}

interface Failure {
  /** What the subgraph said all the same. */
  readonly result?: WireResult | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly bytes?: number;
}

function circuitOpen(state: CircuitState): Fault {
  return { kind: 'circuit-open', detail: state.kind === 'closed' ? '' : state.cause };
}

/** With full jitter: those who failed together do not come back together. A connection that was stale is replaced at once. */
function pauseBeforeRetry(exchange: Exchange, retries: number): number {
  if (exchange.kind === 'failed' && exchange.fault.kind === 'lost') return 0;
  return Math.random() * backoffMs * 2 ** retries;
}

function pause(ms: number, signal: CallerSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
