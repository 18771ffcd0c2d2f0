import type { GraphQLError } from 'graphql';
import type { Caller, FetchRequest, SubgraphDataSource } from '../datasources/subgraph-data-source.js';
import type { WireResult } from '../datasources/wire.js';
import type { JsonObject } from '../../shared/json/json-object.js';
import type { ResponsePath } from './places.js';

/** How a subgraph is asked. Never rejects. The answer becomes part of the result: each call must get its own. */
export type Ask = (source: SubgraphDataSource, request: FetchRequest, caller: Caller) => Promise<WireResult>;

export const askDirectly: Ask = (source, request, caller) => source.fetch(request, caller);

export interface ExecutionRequest {
  /** They fit the operation's definitions. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly caller: Caller;
  /** `askDirectly` by default. */
  readonly ask?: Ask;
}

/** One operation, or one event of a subscription, under way. */
export interface ExecutionState {
  readonly variables: Readonly<Record<string, unknown>>;
  readonly caller: Caller;
  readonly ask: Ask;
  /** What subgraphs have answered so far, as one tree. */
  data: JsonObject;
  /** Grows with each answer. */
  version: number;
  /** The question that was asked last. */
  last: AskedEntities | undefined;
  readonly errors: GraphQLError[];
  /** Where errors without a path may have left nulls. Asked only when there are nulls to explain. */
  readonly unexplained: (() => readonly ResponsePath[])[];
  /** Told of each fetch that others depend on, when its answer is part of `data`. */
  onFetched: ((id: string) => void) | undefined;
}

export function beginExecution({ variables, caller, ask = askDirectly }: ExecutionRequest, data: JsonObject = {}): ExecutionState {
  return { variables, caller, ask, data, version: 0, last: undefined, errors: [], unexplained: [], onFetched: undefined };
}

/** What a subgraph is asked about objects of the data. */
export interface AskedEntities {
  /** Equal for equal questions. */
  readonly questionKey: string;
  /** Of the data. */
  readonly version: number;
  /** JSON of the representations, without the brackets of the list. */
  readonly text: string;
  /** JSON of each, with its index. */
  readonly byText: ReadonlyMap<string, number>;
  /** Of representations. */
  readonly count: number;
  /** Those that are represented, with the index of their representation at the same position of `indices`. */
  readonly objects: readonly JsonObject[];
  readonly indices: readonly number[];
}
