import type { GraphQLDataSource } from '@apollo/gateway';
import type { Caller, FetchRequest } from './subgraph-data-source.js';

/** Nobody in particular: the gateway itself asks, for example whether the subgraph answers. */
const gatewayItself: Caller = { subgraphHeaders: {}, signal: new AbortController().signal };

/** On whose behalf `@apollo/gateway` asks a data source. Its types know no more than "some object". */
export function callerOf({ context }: Pick<Parameters<GraphQLDataSource['process']>[0], 'context'>): Caller {
  return isCaller(context) ? context : gatewayItself;
}

/** What `@apollo/gateway` wants to know from a data source. */
export function requestOf({ request }: Pick<Parameters<GraphQLDataSource['process']>[0], 'request'>): FetchRequest {
  return { query: request.query ?? '', operationName: request.operationName, variables: request.variables ?? {} };
}

function isCaller(context: object): context is Caller {
  return 'subgraphHeaders' in context && 'signal' in context;
}
