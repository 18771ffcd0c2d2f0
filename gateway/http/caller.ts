import type { ServerResponse } from 'node:http';
import type { Identity } from '../authenticate.js';
import type { Caller } from '../datasources/subgraph-data-source.js';

/** On whose behalf subgraphs are asked for this response. Its signal is aborted when the client hangs up before it has its answer. */
export function createCaller({ subgraphHeaders }: Identity, response: ServerResponse): Caller {
  let controller: AbortController | undefined;
  return {
    subgraphHeaders,
    // Made when somebody wants it: a subgraph of this process does not, and it costs 2 µs.
    get signal() {
      if (controller === undefined) {
        controller = new AbortController();
        if (response.destroyed) controller.abort();
        else response.once('close', () => abortUnlessAnswered(controller, response));
      }
      return controller.signal;
    },
  };
}

function abortUnlessAnswered(controller: AbortController | undefined, response: ServerResponse): void {
  if (!response.writableFinished) controller?.abort();
}
