import type { FaultKind } from './faults/fault.js';

/** One request to a subgraph, as metrics see it. */
export interface FetchReport {
  readonly subgraph: string;
  /** With all retries. */
  readonly ms: number;
  /** `errors`: answered with GraphQL errors. `left`: nobody waited for it any more. `refused`: not sent to its end, by a fault of the client. */
  readonly outcome: 'ok' | 'errors' | 'left' | 'refused' | FaultKind;
  /** Of the body of the answer; 0 in one process. */
  readonly bytes: number;
  readonly retries: number;
}

/** Called for each. Must be quick, and must not throw. */
export type OnFetch = (report: FetchReport) => void;
