import type { GraphQLFormattedError } from 'graphql';
import { refusalStatus } from '../../shared/errors/refusal-status.js';

const statuses: ReadonlyMap<string, number> = new Map([
  ...Object.entries(refusalStatus),
  ['INTERNAL_SERVER_ERROR', 500],
  // Nothing is wrong: the client sends the whole document next. Apollo Server answers it so, and caches on the way may be told to.
  ['PERSISTED_QUERY_NOT_FOUND', 200],
  ['PERSISTED_QUERY_NOT_SUPPORTED', 200],
]);

/** HTTP status of an operation that did not run, by its first error. The status of one that ran is 200, whatever its fields say. */
export function statusOfRefusal(errors: readonly GraphQLFormattedError[]): number {
  const code = errors[0]?.extensions?.code;
  return (typeof code === 'string' ? statuses.get(code) : undefined) ?? 400;
}
