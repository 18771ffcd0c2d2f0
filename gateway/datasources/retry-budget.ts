import { createRollingWindow } from './rolling-window.js';

/** Bounds how much a subgraph in trouble is asked again: retries are an answer to a rare fault, and fuel to a common one. */
export interface RetryBudget {
  noteRequest(at: number): void;
  /** Takes one retry out of the budget; false when there is none left. */
  take(at: number): boolean;
}

export const retryLimits = {
  /** Of the requests of the last ten seconds. */
  share: 0.15,
  /** So many in ten seconds in any case, or nothing would be retried where little is asked. */
  minimum: 10,
};
const requests = 0;
const retries = 1;

export function createRetryBudget(): RetryBudget {
  const window = createRollingWindow(2);
  return {
    noteRequest: (at) => window.add(requests, at),
    take(at) {
      if (window.sum(retries, at) >= Math.max(retryLimits.minimum, Math.floor(window.sum(requests, at) * retryLimits.share))) return false;
      window.add(retries, at);
      return true;
    },
  };
}
