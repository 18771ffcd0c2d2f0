import { GraphQLError, parse, type GraphQLFormattedError } from 'graphql';
import type { ExecutionState } from './execution-state.js';
import { lazily } from './fetch-parts.js';
import type { ResponsePath } from './places.js';
import { responseKeysOf } from './response-keys.js';

/** More errors than this tell a client nothing more: beyond it there is one, without a path. */
const maximumPlaced = 100;

/** Adds what keeps a subgraph from answering at all, at each place that stays null because of it. */
export function tellMissing(
  { errors, unexplained }: ExecutionState,
  missing: readonly GraphQLFormattedError[],
  { subgraph, paths }: { readonly subgraph: string; readonly paths: readonly ResponsePath[] },
): void {
  const areFew = paths.length > 0 && paths.length <= maximumPlaced;
  for (const error of missing) {
    if (areFew) for (const path of paths) errors.push(operationError(error, subgraph, path));
    else errors.push(operationError(error, subgraph, undefined));
  }
  if (!areFew) unexplained.push(() => paths);
}

/** For errors of the answers to `query`: without a path that leads to what was never asked, which could be told nowhere. */
export function compilePlacing(query: string): (errors: readonly GraphQLFormattedError[]) => readonly GraphQLFormattedError[] {
  const asked = lazily(() => responseKeysOf(parse(query, { noLocation: true })));
  return (errors) =>
    errors.map((error) => {
      const isAsked = error.path?.every((key) => typeof key === 'number' || asked().has(key)) ?? true;
      return isAsked ? error : { message: error.message, ...(error.extensions && { extensions: error.extensions }) };
    });
}

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
