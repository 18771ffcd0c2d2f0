import { createRollingWindow } from './rolling-window.js';
import { defaultSubgraphFaultLimits, type SubgraphFaultLimits } from './subgraph-fault-settings.js';

/** Bounds how much a subgraph in trouble is asked again: retries are an answer to a rare fault, and fuel to a common one. */
export interface RetryBudget {
  noteRequest(at: number): void;
  /** Takes one retry out of the budget; false when there is none left. */
  take(at: number): boolean;
}

const requests = 0;
const retries = 1;

export function createRetryBudget({
  retryShare,
  minimumRetries,
}: Pick<SubgraphFaultLimits, 'retryShare' | 'minimumRetries'> = defaultSubgraphFaultLimits): RetryBudget {
  const window = createRollingWindow(2);
  return {
    noteRequest: (at) => window.add(requests, at),
    take(at) {
      if (window.sum(retries, at) >= Math.max(minimumRetries, Math.floor(window.sum(requests, at) * retryShare))) return false;
      window.add(retries, at);
      return true;
    },
  };
}
