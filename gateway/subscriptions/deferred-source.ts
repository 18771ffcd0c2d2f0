import type { GraphQLError } from 'graphql';
import type { AbortableCallerSignal } from '../datasources/caller-signal.js';
import type { IncrementalResult } from '../execution/deferred/incremental-result.js';
import { withNext, writeIncrement } from '../execution/deferred/write-increment.js';
import type { OperationResult } from '../execution/operation-result.js';
import { writeResult } from '../execution/write-result.js';
import type { OperationRequest } from '../operations/operation-request.js';
import { failure } from './failure.js';
import type { CompletedEvent } from './fan-out/subscriber.js';
import { preparePayload } from './fan-out/prepared-result.js';
import type { RunOptions } from './operations.js';
import type { ResultSource } from './result-iterator.js';

/**
 * A query or mutation whose deferred fragments come later: a result, and then what is to be added to it, each when it is ready and the client
 * has read enough of what is before it. What is ready in the meantime comes together.
 */
export function createDeferredSource(request: OperationRequest, signal: AbortableCallerSignal, options: RunOptions): ResultSource {
  const errors: GraphQLError[] = [];
  /** What comes next: undefined at first, and null when that was all. */
  let later: IncrementalResult | null | undefined;
  let isAnswered = false;

  async function first(): Promise<CompletedEvent> {
    const result = await execute(request, options);
    const { data, errors: ofFirst } = 'hasNext' in result ? result.first : result;
    errors.push(...ofFirst);
    later = 'hasNext' in result && result.hasNext ? result : null;
    if (later === null || signal.aborted) return { kind: 'result', result: { data, errors: ofFirst } };
    return preparePayload(withNext(writeResult(data, options.mask(ofFirst)), true));
  }

  async function next(from: IncrementalResult): Promise<CompletedEvent | undefined> {
    const increment = await from.next();
    // Nobody is told, so that nothing of it is anybody's fault.
    if (signal.aborted) return undefined;
    if (!increment.hasNext) later = null;
    for (const part of increment.parts) errors.push(...part.errors);
    return preparePayload(writeIncrement(increment, (each) => options.mask(each)));
  }

  function fail(error: unknown): CompletedEvent {
    later = null;
    return failure(error);
  }

  return {
    next(receive) {
      if (later === null) {
        isAnswered = true;
        receive(undefined);
        return;
      }
      void (later === undefined ? first() : next(later)).catch(fail).then(receive);
    },
    send(prepared) {
      options.live.delivered.results += 1;
      options.send(prepared);
    },
    onEnd() {
      signal.abort();
      options.onEnd(isAnswered ? errors : undefined);
    },
  };
}

async function execute(request: OperationRequest, { policy }: RunOptions): Promise<IncrementalResult | OperationResult> {
  const { generation, operation } = request;
  const inParts = generation.executeInParts(operation, { ...request, mayRun: (plan) => policy.checkPlan(plan).length === 0 });
  return (await inParts) ?? generation.execute(operation, request);
}
