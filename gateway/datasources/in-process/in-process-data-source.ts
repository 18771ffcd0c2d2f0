import { randomUUID } from 'node:crypto';
import { parse, type DocumentNode, type ExecutionArgs, type ExecutionResult } from 'graphql';
import { maskError } from '../../../shared/errors/error-masking.js';
import { answerHeaders } from '../../../shared/graphql/answer-headers.js';
import { readCacheHints } from '../../../shared/graphql/sharing/cache-hints.js';
import { createEventSharing } from '../../../shared/graphql/sharing/event-sharing.js';
import { createExecute } from '../../../shared/graphql/execution/compiled-execution.js';
import type { AnswerScope, SharingPolicy } from '../../../shared/graphql/sharing/sharing.js';
import type { Subgraph, SubgraphHeaders, SubscriptionConnection } from '../../../shared/graphql/subgraph.js';
import type { Logger } from '../../../shared/logging/logger.js';
import { readLifetime } from '../answer-lifetime.js';
import { readAnswerScope } from '../answer-scope.js';
import { createInProcessSubscription } from './in-process-subscription.js';
import { createFaultLog } from '../faults/fault-log.js';
import { timeoutFault } from '../faults/fault.js';
import { inTime } from './in-time.js';
import type { FetchReport, OnFetch } from '../on-fetch.js';
import type { Caller, FetchRequest, SubgraphDataSource, SubscribeRequest, UpstreamEvent } from '../subgraph-data-source.js';
import { missing, readWireError, unavailable, type WireResult } from '../wire.js';
import { acrossTheWire, isJsonObject } from '../../../shared/json/json-object.js';

/** Documents of query plans, which are as many as clients' operations. */
const cachedDocuments = 2_000;

/** A subgraph of this process, asked without a network but with the same result as over HTTP. Does not close the subgraph. */
export function createInProcessDataSource({
  subgraph,
  logger,
  timeoutMs = 10_000,
  onFetch,
}: {
  readonly subgraph: Subgraph;
  readonly logger: Logger;
  /** For one request, in ms. What is not done by then goes on, and its answer is dropped. */
  readonly timeoutMs?: number;
  readonly onFetch?: OnFetch | undefined;
}): SubgraphDataSource {
  const documents = new Map<string, DocumentNode>();
  const execute = createExecute(subgraph.schema);
  const sharing = createEventSharing({ schema: subgraph.schema, execute, rootFields: subgraph.sharedSubscriptions });
  const hints = readCacheHints(subgraph.schema);
  const sharedEvents = new WeakMap<ExecutionResult, UpstreamEvent>();
  const count = { live: 0 };
  const log = logger.child({ subgraph: subgraph.name });
  const faults = createFaultLog(log);

  function parsed(query: string): DocumentNode {
    const known = documents.get(query);
    if (known !== undefined) return known;
    const document = parse(query, { noLocation: true });
    if (documents.size >= cachedDocuments) documents.delete(documents.keys().next().value ?? '');
    documents.set(query, document);
    return document;
  }

  async function prepare(request: SubscribeRequest, connection?: SubscriptionConnection): Promise<PreparedArgs> {
    return {
      schema: subgraph.schema,
      document: parsed(request.query),
      operationName: request.operationName,
      variableValues: variablesOf(request),
      contextValue: await subgraph.createContext(request.headers, connection),
    };
  }

  async function executeAnonymously(args: PreparedArgs, policy: SharingPolicy): Promise<ScopedResult> {
    const sharing = policy.begin();
    const result = await execute({ ...args, contextValue: { ...args.contextValue, sharing } });
    return { result, scope: await policy.scopeOf(sharing, args.document, result.errors === undefined) };
  }

  /** With what the subgraph's server says in headers about who may have it. */
  function toScopedWire({ result, scope }: ScopedResult, { document }: PreparedArgs, headers: SubgraphHeaders): WireResult {
    const wire = toWire(result, headers);
    const hint = result.errors === undefined ? hints?.(document) : undefined;
    // Mostly there is nothing that headers could add to it.
    if (hint === undefined) return scope === undefined ? wire : { ...wire, scope };
    const said = Object.fromEntries(answerHeaders({ scope, hint, policy: subgraph.sharing }));
    const lifetime = readLifetime(said);
    const readScope = headers.authorization === undefined ? readAnswerScope(said) : undefined;
    return { ...wire, ...(readScope && { scope: readScope }), ...(lifetime && { lifetime }) };
  }

  function toWire(result: ExecutionResult, headers: SubgraphHeaders): WireResult {
    const data = result.data ?? null;
    if (result.errors === undefined) return { data };
    const requestId = headers['x-request-id'] ?? randomUUID();
    return { data, errors: result.errors.map((error) => readWireError(maskError(error, { logger: log, requestId }))) };
  }

  function toEvent(result: ExecutionResult, headers: SubgraphHeaders): UpstreamEvent {
    const known = sharedEvents.get(result);
    if (known !== undefined) return known;
    const { data, errors = [] } = toWire(result, headers);
    if (!sharing.isShared(result)) return { kind: 'event', data, errors };
    const event: UpstreamEvent = { kind: 'event', data, errors, isShared: true };
    sharedEvents.set(result, event);
    return event;
  }

  /** What was thrown outside of any field, as the subgraph's server would answer it. */
  function toWireError(error: unknown, headers: SubgraphHeaders): WireResult {
    const requestId = headers['x-request-id'] ?? randomUUID();
    return { data: null, errors: [readWireError(maskError(error, { logger: log, requestId }))] };
  }

  /** Never rejects. */
  async function answer(request: FetchRequest, headers: SubgraphHeaders): Promise<WireResult> {
    try {
      const args = await prepare({ ...request, headers });
      const isShared = headers.authorization === undefined && subgraph.sharing !== undefined;
      const result = isShared ? await executeAnonymously(args, subgraph.sharing) : { result: await execute(args), scope: undefined };
      return toScopedWire(result, args, headers);
    } catch (error) {
      return toWireError(error, headers);
    }
  }

  async function fetch(request: FetchRequest, { subgraphHeaders: headers, signal, deadline = Infinity }: Caller): Promise<WireResult> {
    const started = performance.now();
    const ms = Math.min(timeoutMs, deadline - started);
    function end(outcome: FetchReport['outcome'], result: WireResult): WireResult {
      onFetch?.({ subgraph: subgraph.name, ms: performance.now() - started, outcome, bytes: 0, retries: 0 });
      return result;
    }
    if (signal.aborted) return end('left', nothing);
    const outcome = ms > 0 ? await inTime(answer(request, headers), { signal, ms }) : late;
    switch (outcome.kind) {
      case 'answered':
        return end(outcome.answer.errors === undefined ? 'ok' : 'errors', outcome.answer);
      case 'left':
        return end('left', nothing);
      case 'late': {
        const fault = timeoutFault(ms, timeoutMs);
        faults.note(fault, headers['x-request-id']);
        return end(fault.kind, nothing);
      }
    }
  }

  return {
    fetch,
    subscribe: (request) =>
      createInProcessSubscription({
        prepare: (connection) => prepare(request, connection),
        subscribe: (args) => sharing.subscribe(args),
        toEvent: (result) => toEvent(result, request.headers),
        toWireError: (error) => toWireError(error, request.headers),
        count,
      }),
    subscriptions: () => count.live,
    close() {
      faults.close();
      return Promise.resolve();
    },
  };
}

const nothing = missing(unavailable);
const late = { kind: 'late' } as const;

interface ScopedResult {
  readonly result: ExecutionResult;
  readonly scope: AnswerScope | undefined;
}

interface PreparedArgs extends ExecutionArgs {
  readonly contextValue: object;
}

/** Resolvers may change what they are given: others ask with the same objects. */
function variablesOf({ variables, variablesText }: FetchRequest): Readonly<Record<string, unknown>> {
  if (variablesText === undefined && Object.values(variables).every(isScalar)) return variables;
  const copy: unknown = variablesText === undefined ? acrossTheWire(variables) : JSON.parse(variablesText);
  return isJsonObject(copy) ? copy : {};
}

function isScalar(value: unknown): boolean {
  return value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number';
}
