import { GraphQLError } from 'graphql';
import type { OperationLimits } from './operation-limits.js';
import { tooComplex } from './too-complex.js';

/** What is said of a document that graphql's parser threw at. */
export function refuseParse(error: unknown, limits: OperationLimits): GraphQLError {
  // Some thousand lists within each other take more stack than there is.
  if (error instanceof RangeError) return tooComplex('maxInputDepth', limits, 'more');
  if (!(error instanceof GraphQLError)) throw error;
  if (error.message.endsWith(' tokens. Parsing aborted.')) return tooComplex('maxTokens', limits, 'more');
  const { message, nodes, source, positions } = error;
  return new GraphQLError(message, {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    extensions: { code: 'GRAPHQL_PARSE_FAILED' },
  });
}
