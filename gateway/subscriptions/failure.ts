import { GraphQLError } from 'graphql';
import type { CompletedEvent } from './fan-out/subscriber.js';

/** A result that says no more than what was thrown. */
export function failure(error: unknown): Extract<CompletedEvent, { kind: 'result' }> {
  return { kind: 'result', result: { data: undefined, errors: [toGraphQLError(error)] } };
}

/** What was thrown, in the only form that graphql-ws takes; it is masked on its way out. */
export function toGraphQLError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error;
  const cause = error instanceof Error ? error : new Error(String(error));
  return new GraphQLError(cause.message, { originalError: cause });
}
