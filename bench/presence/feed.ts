/**
 * A subgraph that has presence and nothing behind it, for comparing gateways: the same events for all who subscribe, over the product's shared
 * sockets at one port and over plain `graphql-transport-ws` at another. Says both ports first, then publishes a change for each message.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { graphql, parse } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { serveSubgraph } from '../../shared/graphql/subgraph-server.js';
import { createLogger } from '../../shared/logging/logger.js';
import { createFollowers } from '../followers.js';
import { feedSchema, feedSecret } from './feed-schema.js';
import { userId } from './people.js';

export interface FeedPorts {
  readonly shared: number;
  readonly plain: number;
}

const followers = createFollowers();
const snapshot = { presence: { __typename: 'PresenceSnapshot', cursor: '0', entries: [] } };

/** As large as what is told of somebody who changes what they play. */
function change(n: number): unknown {
  const since = new Date().toISOString();
  const activity = { kind: 'IN_GAME', gameId: 'chess', text: `round ${n}`, joinable: false, since, data: [] };
  const entry = { user: { id: userId(1) }, availability: 'ONLINE', statusMessage: null, lastSeenAt: since, version: n, activity };
  return { presence: { __typename: 'PresenceChanged', cursor: `feed.${n}`, entries: [entry] } };
}

const schema = buildSubgraphSchema([
  {
    typeDefs: parse(feedSchema),
    resolvers: { Query: { feed: () => 'feed' }, Subscription: { presence: { subscribe: () => followers.follow([snapshot]) } } },
  },
]);

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function servePlain(): Promise<number> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { query } = JSON.parse(Buffer.concat(chunks).toString()) as { query: string };
      void graphql({ schema, source: query }).then((result) => {
        response.setHeader('content-type', 'application/json').end(JSON.stringify(result));
      });
    });
  });
  useServer({ schema }, new WebSocketServer({ server, path: '/graphql', perMessageDeflate: false }));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return portOf(server);
}

const { url } = await serveSubgraph({
  subgraph: {
    name: 'feed',
    schema,
    sharedSubscriptions: ['presence'],
    createContext: () => Promise.resolve({}),
    ready: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  },
  host: '127.0.0.1',
  port: 0,
  gatewaySecret: feedSecret,
  logger: createLogger({ name: 'feed', level: 'error' }),
});
let changes = 0;
process.on('message', () => {
  changes += 1;
  followers.give(change(changes));
});
process.on('disconnect', () => process.exit(0));
process.send?.({ shared: Number(new URL(url).port), plain: await servePlain() } satisfies FeedPorts);
