import type { GraphQLError } from 'graphql';

/** What came of an operation, or of an event of a subscription. */
export interface OperationResult {
  /** JSON text of `data`, written in one pass over the subgraphs' answers; undefined when the operation was refused before it ran. */
  readonly data: string | undefined;
  /** Not masked yet; paths and codes are right. Non-null violations are among them. */
  readonly errors: readonly GraphQLError[];
}
