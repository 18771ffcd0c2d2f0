import type { GraphQLError } from 'graphql';
import type { Caller, FetchRequest, SubgraphDataSource } from '../datasources/subgraph-data-source.js';
import type { WireResult } from '../datasources/wire.js';
import type { ParsedOperation } from '../operations/operation-store.js';
import type { SupergraphGeneration } from './generation.js';
import type { JsonObject } from './json.js';
import type { ResponsePath } from './places.js';

/** How a subgraph is asked. Never rejects. The answer becomes part of the result: each call must get its own. */
export type Ask = (source: SubgraphDataSource, request: FetchRequest, caller: Caller) => Promise<WireResult>;

export interface ExecutionRequest {
  /** They fit the operation's definitions. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly caller: Caller;
  /** `source.fetch` by default. */
  readonly ask?: Ask;
}

/** An accepted operation and who wants it. */
export interface OperationRequest extends ExecutionRequest {
  readonly generation: SupergraphGeneration;
  readonly operation: ParsedOperation;
}

/** One operation, or one event of a subscription, under way. */
export interface ExecutionState {
  readonly variables: Readonly<Record<string, unknown>>;
  readonly caller: Caller;
  readonly ask: Ask;
  /** What subgraphs have answered so far, as one tree. */
  data: JsonObject;
  readonly errors: GraphQLError[];
  /** Where errors without a path may have left nulls. Asked only when there are nulls to explain. */
  readonly unexplained: (() => readonly ResponsePath[])[];
}
