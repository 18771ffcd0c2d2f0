import type { ServerResponse } from 'node:http';
import type { Identity } from '../authentication/authenticate.js';
import { createCallerSignal, type AbortableCallerSignal } from '../datasources/caller-signal.js';
import type { Caller } from '../datasources/subgraph-data-source.js';
import { addTraceparent } from '../telemetry/operation-tracing.js';

/** On whose behalf subgraphs are asked for this response. Its signal is aborted when the client hangs up before it has its answer. */
export function createCaller({ viewer, subgraphHeaders }: Identity, response: ServerResponse, traceparent: string | undefined): Caller {
  const signal = createCallerSignal();
  if (response.destroyed) signal.abort();
  else response.once('close', () => abortUnlessAnswered(signal, response));
  return { subgraphHeaders: addTraceparent(subgraphHeaders, traceparent), signal, viewer };
}

function abortUnlessAnswered(signal: AbortableCallerSignal, response: ServerResponse): void {
  if (!response.writableFinished) signal.abort();
}
