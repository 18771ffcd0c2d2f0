import type { QueryPlan } from '@apollo/query-planner';
import type { GraphQLError } from 'graphql';
import type { OperationResult } from '../operation-result.js';
import type { ResponsePath } from '../places.js';

/** What came of an operation whose deferred fragments come later than the rest. */
export interface IncrementalResult {
  readonly first: OperationResult;
  readonly plan: QueryPlan;
  /** Whether there is more to come. */
  readonly hasNext: boolean;
  /** What comes next, as soon as it is there. One call at a time, and only as long as there is more. Never rejects. */
  next(): Promise<Increment>;
}

export interface Increment {
  readonly parts: readonly DeferredPart[];
  readonly hasNext: boolean;
}

/** A deferred fragment of one object. */
export interface DeferredPart {
  /** The client's. */
  readonly label: string | undefined;
  /** Of the object. */
  readonly path: ResponsePath;
  /** JSON text; `null` when something of it must not be null and is. */
  readonly data: string;
  /** Not masked yet; their paths begin at the root. */
  readonly errors: readonly GraphQLError[];
}
