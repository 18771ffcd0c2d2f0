import { randomUUID } from 'node:crypto';
import { valueText } from '../../../shared/json/json-text.js';
import type { FetchRequest, SubgraphDataSource } from '../../datasources/subgraph-data-source.js';
import { addTraceparent } from '../../telemetry/operation-tracing.js';
import type { FanOutLimits } from './limits.js';
import type { VainAsks } from './vain-asks.js';

export interface PublicAnswer {
  readonly data: Record<string, unknown>;
  /** Ids, in small letters, of the users for whom it does not hold. */
  readonly except: ReadonlySet<string>;
}

/** Answers of subgraphs that hold for everyone, for one event. */
export interface PublicAnswers {
  /**
   * The answer that everyone may have, asked for once and without any identity; undefined when there is none, and each must ask on their
   * own behalf. Each call gets a copy of its own. `traceparent` is the event's own, never that of a subscriber.
   */
  ask(source: SubgraphDataSource, request: FetchRequest, traceparent?: string): Promise<PublicAnswer | undefined>;
  /** Questions that wait for a subgraph. */
  pending(): number;
}

export interface PublicAnswersOptions {
  readonly limits: FanOutLimits;
  readonly vainAsks: (source: SubgraphDataSource) => VainAsks;
  /** Aborted when nobody waits for the event any more. */
  readonly signal: AbortSignal;
}

/** An answer with its data as JSON. */
type Kept = Omit<PublicAnswer, 'data'> & { readonly data: string };

export function createPublicAnswers({ limits, vainAsks, signal }: PublicAnswersOptions): PublicAnswers {
  // By source first: the same document may go to several subgraphs.
  const bySource = new Map<SubgraphDataSource, Map<string, Promise<Kept | undefined>>>();
  let asked = 0;
  let pending = 0;

  async function askOnce(
    source: SubgraphDataSource,
    { request, variables, traceparent }: { request: FetchRequest; variables: string; traceparent: string | undefined },
  ): Promise<Kept | undefined> {
    const vain = vainAsks(source);
    if (vain.has(request, variables)) return undefined;
    pending += 1;
    try {
      // No token, no address, no request id of a subscriber: what cannot be told cannot show in the answer.
      const answer = await source.fetch(request, {
        subgraphHeaders: addTraceparent({ 'x-request-id': randomUUID() }, traceparent),
        signal,
      });
      const { data, errors, scope } = answer;
      const text = scope?.kind === 'public' && errors === undefined && data !== null ? valueText(data) : undefined;
      if (scope?.kind === 'public' && text !== undefined)
        return { data: text, except: new Set(scope.except.map((userId) => userId.toLowerCase())) };
      if (!signal.aborted) vain.remember(request, variables, answer);
      return undefined;
    } finally {
      pending -= 1;
    }
  }

  return {
    async ask(source, request, traceparent) {
      const answers = bySource.get(source) ?? new Map<string, Promise<Kept | undefined>>();
      bySource.set(source, answers);
      const variables = request.variablesText ?? JSON.stringify(request.variables);
      const key = `${request.operationName ?? ''}\n${variables}\n${request.query}`;
      let answer = answers.get(key);
      if (answer === undefined) {
        if (asked >= limits.maxFetchesPerEvent) return undefined;
        asked += 1;
        answer = askOnce(source, { request, variables, traceparent });
        answers.set(key, answer);
      }
      const kept = await answer;
      // The executor merges answers into one another, so nobody may have the same objects.
      return kept === undefined ? undefined : { data: JSON.parse(kept.data) as Record<string, unknown>, except: kept.except };
    },
    pending: () => pending,
  };
}
