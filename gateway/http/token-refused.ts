import type { GraphQLError } from 'graphql';
import { isJsonObject } from '../../shared/json/json-object.js';

/**
 * Whether nothing came of an operation because subgraphs do not take the token of its caller any more, as one that was revoked a moment
 * ago and is still good here: an error `UNAUTHENTICATED` without a place is about the whole request. `data` is JSON.
 */
export function isTokenRefused(data: string, errors: readonly GraphQLError[]): boolean {
  const areAboutToken =
    errors.length > 0 && errors.every(({ path, extensions }) => path === undefined && extensions.code === 'UNAUTHENTICATED');
  if (!areAboutToken) return false;
  const parsed: unknown = JSON.parse(data);
  // Something of a mutation may have been done before: then its answer is not taken away.
  return parsed === null || (isJsonObject(parsed) && Object.values(parsed).every((value) => value === null));
}
