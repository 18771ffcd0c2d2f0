import type { ServerResponse } from 'node:http';
import type { Identity } from '../authenticate.js';
import { createCallerSignal, type AbortableCallerSignal } from '../datasources/caller-signal.js';
import type { Caller } from '../datasources/subgraph-data-source.js';

/** On whose behalf subgraphs are asked for this response. Its signal is aborted when the client hangs up before it has its answer. */
export function createCaller({ subgraphHeaders }: Identity, response: ServerResponse): Caller {
  let made: AbortableCallerSignal | undefined;
  return {
    subgraphHeaders,
    // Made when somebody wants it.
    get signal() {
      if (made !== undefined) return made;
      const signal = (made = createCallerSignal());
      if (response.destroyed) signal.abort();
      else response.once('close', () => abortUnlessAnswered(signal, response));
      return signal;
    },
  };
}

function abortUnlessAnswered(signal: AbortableCallerSignal, response: ServerResponse): void {
  if (!response.writableFinished) signal.abort();
}
