import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { ResponsePath } from './places.js';

/** An error of a subgraph as an error of the operation. `path` is where it is in the operation's own data. */
export function operationError(
  { message, extensions }: GraphQLFormattedError,
  subgraph: string,
  path: ResponsePath | undefined,
): GraphQLError {
  return new GraphQLError(message, {
    path: path ?? null,
    extensions: { ...extensions, code: extensions?.code ?? 'DOWNSTREAM_SERVICE_ERROR', serviceName: subgraph },
  });
}
