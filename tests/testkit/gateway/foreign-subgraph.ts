import { createServer, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { graphql, parse } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';

type Resolvers = NonNullable<Extract<Parameters<typeof buildSubgraphSchema>[0], { resolvers?: unknown }>['resolvers']>;

export interface ForeignSubgraph {
  readonly name: string;
  readonly url: string;
  readonly typeDefs: string;
  /** Headers of every HTTP request that it received, oldest first. */
  readonly received: readonly IncomingMessage['headers'][];
  /** How many sockets are open to it. */
  openSockets(): number;
  stop(): Promise<void>;
}

/**
 * A subgraph that is not Galaxia's: plain HTTP and `graphql-transport-ws`, none of the product's code. It answers with the headers `said`;
 * resolvers find those of the request in their context.
 */
export async function startForeignSubgraph(
  name: string,
  typeDefs: string,
  resolvers: Resolvers,
  said: ReadonlyMap<string, string> = new Map(),
): Promise<ForeignSubgraph> {
  const schema = buildSubgraphSchema({ typeDefs: parse(typeDefs), resolvers });
  const received: IncomingMessage['headers'][] = [];
  const server = createServer((request, response) => {
    received.push(request.headers);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { query, variables } = JSON.parse(Buffer.concat(chunks).toString()) as { query: string; variables?: Record<string, unknown> };
      const contextValue = { headers: request.headers };
      void graphql({ schema, source: query, variableValues: variables ?? null, contextValue }).then((result) => {
        for (const [header, value] of said) response.setHeader(header, value);
        response.setHeader('content-type', 'application/json').end(JSON.stringify(result));
      });
    });
  });
  const sockets = new WebSocketServer({ server, path: '/graphql' });
  const graphqlWs = useServer({ schema }, sockets);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    name,
    url: `http://127.0.0.1:${address.port}/graphql`,
    typeDefs,
    received,
    openSockets: () => sockets.clients.size,
    async stop() {
      await graphqlWs.dispose();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
