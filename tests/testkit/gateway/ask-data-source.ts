import type { SubgraphDataSource } from '../../../gateway/datasources/subgraph-data-source.js';
import type { SubgraphHeaders } from '../../../shared/graphql/subgraph.js';

/** All that the header contract knows. */
export const callerHeaders: SubgraphHeaders = {
  authorization: 'Bearer alice',
  'x-request-id': 'request-1',
  'x-user-id': 'alice',
  'x-client-ip': '192.0.2.1',
  'user-agent': 'test',
};

interface Question {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
  readonly headers?: SubgraphHeaders;
  readonly signal?: AbortSignal;
}

export function askDataSource(
  source: SubgraphDataSource,
  { query, variables = {}, headers = callerHeaders, signal = new AbortController().signal }: Question,
) {
  return source.fetch({ query, operationName: undefined, variables }, { subgraphHeaders: headers, signal });
}
