import type { ExecutionRequest } from '../execution/execution-state.js';
import type { OperationResult } from '../execution/operation-result.js';
import type { ParsedOperation } from '../operations/operation-store.js';
import type { AnswerStore } from './answer-store.js';
import { operationKeys } from './cache-keys.js';
import type { OnCached } from './cached-source.js';
import type { Invalidations } from './invalidation/invalidations.js';
import { createScopeMemory, pickKept } from './kept-scopes.js';
import { lifetimeLeft, lifetimeOf, type OperationCaching } from './operation-caching.js';

export interface AskedOperation {
  readonly operation: ParsedOperation;
  readonly request: ExecutionRequest;
  readonly caching: OperationCaching;
  /** Whether some may see more of it than others. */
  readonly isProtected: boolean;
}

/** The answer that is kept, or else the one that `execute` gives; with how long it may be kept elsewhere. */
export type AnswerOperation = (asked: AskedOperation, execute: () => Promise<OperationResult>) => Promise<OperationResult>;

export interface WholeAnswersOptions {
  readonly store: AnswerStore;
  /** Each ends all: what they are made of is kept as well, so that they are soon there again. */
  readonly invalidations: Pick<Invalidations, 'stamp'>;
  readonly keepsPrivate: boolean;
  readonly onCached?: OnCached | undefined;
  readonly now: () => number;
}

/**
 * Keeps answers to whole operations as they are sent, when all that they are made of may be kept. Never those of which some may see more than
 * others: who they are is asked about each time. Nor those for which subgraphs were asked in a way of its own (`ask`), as with files.
 */
export function createWholeAnswers({ store, invalidations, keepsPrivate, onCached, now }: WholeAnswersOptions): AnswerOperation {
  const scopes = createScopeMemory();

  return async ({ operation, request, caching, isProtected }, execute) => {
    const executeOnce = async (): Promise<OperationResult> => {
      const result = await execute();
      return { ...result, lifetime: lifetimeOf(caching, result, isProtected) };
    };
    if (!caching.isQuery || isProtected || request.ask !== undefined) return executeOnce();
    const looksFor = scopes.of(operation.source);
    const identity = keepsPrivate && looksFor.own ? caching.identity : undefined;
    const mayBeThere = looksFor.shared || identity !== undefined;
    const { subgraphHeaders: headers } = request.caller;
    const keys = mayBeThere ? operationKeys(operation, request.variables, { schemaId: caching.schemaId, headers, identity }) : undefined;
    const stamp = invalidations.stamp();
    const reading = keys && (await store.read(keys.own === undefined ? [keys.shared] : [keys.shared, keys.own], identity?.subject));
    const [shared, own] = (reading?.answers ?? []).map((answer) => (answer?.stamp === stamp ? answer : undefined));
    const kept = pickKept(shared, own, reading?.generation);
    if (kept !== undefined) {
      onCached?.({ subgraph: '*', hits: 1, shared: 0, misses: 0 });
      return { data: kept.answer.text, errors: [], lifetime: lifetimeLeft(kept.answer.expiresAt, now(), kept.isOwn) };
    }

    const result = await executeOnce();
    const { data, lifetime } = result;
    if (lifetime !== undefined || result.errors.length === 0) {
      scopes.note(operation.source, { shared: lifetime?.isPrivate === false, own: lifetime?.isPrivate === true });
    }
    if (keys === undefined) return result;
    onCached?.({ subgraph: '*', hits: 0, shared: 0, misses: 1 });
    const key = lifetime?.isPrivate === true ? keys.own : keys.shared;
    const generation = lifetime?.isPrivate === true ? reading?.generation : undefined;
    if (data === undefined || lifetime === undefined || key === undefined) return result;
    if (lifetime.isPrivate && generation === undefined) return result;
    const expiresAt = now() + lifetime.seconds * 1_000;
    store.write(key, { text: data, expiresAt, stamp, ...(generation === undefined ? {} : { generation }) });
    return result;
  };
}
