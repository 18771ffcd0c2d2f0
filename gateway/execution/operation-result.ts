import type { GraphQLError } from 'graphql';
import type { Lifetime } from '../datasources/answer-lifetime.js';

/** What came of an operation, or of an event of a subscription. */
export interface OperationResult {
  /** JSON text of `data`, written in one pass over the subgraphs' answers; undefined when the operation was refused before it ran. */
  readonly data: string | undefined;
  /** Not masked yet; paths and codes are right. Non-null violations are among them. */
  readonly errors: readonly GraphQLError[];
  /** How long all of it may be kept; undefined where it may not, or nobody keeps anything. */
  readonly lifetime?: Lifetime | undefined;
}
