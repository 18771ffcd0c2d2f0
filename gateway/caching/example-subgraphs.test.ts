import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginInlineTraceDisabled } from '@apollo/server/plugin/disabled';
import { startStandaloneServer } from '@apollo/server/standalone';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { afterAll, describe, expect, it } from '@jest/globals';
import { parse } from 'graphql';
import { serveSubgraph } from '../../shared/graphql/subgraph-server.js';
import type { Subgraph } from '../../shared/graphql/subgraph.js';
import { createLogger } from '../../shared/logging/logger.js';
import { callerWith } from '../../tests/testkit/gateway/caching-stage.js';
import { compose } from '../../tests/testkit/gateway/little-supergraph.js';
import { createHttpDataSource } from '../datasources/http/http-data-source.js';
import { createInProcessDataSource } from '../datasources/in-process/in-process-data-source.js';
import type { SubgraphDataSource } from '../datasources/subgraph-data-source.js';
import { defaultOperationLimits } from '../policy/operation-limits.js';
import { createGeneration } from '../supergraph/generation.js';
import { openAnswerCache } from './answer-cache.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const gatewaySecret = 'only-for-tests-only-for-tests-only-for-tests';
const header = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
  enum CacheControlScope { PUBLIC PRIVATE }
  directive @cacheControl(maxAge: Int, scope: CacheControlScope, inheritMaxAge: Boolean) on FIELD_DEFINITION | OBJECT | INTERFACE | UNION`;
const products = `${header}
  type Query { shop: [Product!] @cacheControl(maxAge: 120) basket: [Product!] @cacheControl(maxAge: 120, scope: PRIVATE) now: Int }
  type Product @key(fields: "id") @cacheControl(maxAge: 240) { id: ID! name: String }`;
const prices = `${header}
  type Product @key(fields: "id") @cacheControl(maxAge: 60) { id: ID! price: Int mine: Int @cacheControl(maxAge: 30, scope: PRIVATE) stock: Int @cacheControl(maxAge: 0) }`;

const ends: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

/** Products by Apollo Server as it comes, prices by Galaxia's own server of subgraphs, in a process of its own or not. */
async function openShop(way: 'over HTTP' | 'in one process') {
  const asked: string[] = [];
  const product = { id: '1', name: 'Board' };
  const note =
    <Value>(field: string, value: Value) =>
    (): Value => {
      asked.push(field);
      return value;
    };
  const apollo = new ApolloServer({
    schema: buildSubgraphSchema({
      typeDefs: parse(products),
      resolvers: { Query: { shop: note('shop', [product]), basket: note('basket', [product]), now: note('now', 1) } },
    }),
    plugins: [ApolloServerPluginInlineTraceDisabled()],
    stopOnTerminationSignals: false,
  });
  const { url } = await startStandaloneServer(apollo, { listen: { host: '127.0.0.1', port: 0 } });
  ends.push(() => apollo.stop());
  const subgraph: Subgraph = {
    name: 'prices',
    schema: buildSubgraphSchema({
      typeDefs: parse(prices),
      resolvers: {
        Product: { __resolveReference: (key: object) => key, price: note('price', 9), mine: note('mine', 8), stock: note('stock', 7) },
      },
    }),
    createContext: () => Promise.resolve({}),
    ready: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  };
  const served = way === 'over HTTP' ? await serveSubgraph({ subgraph, host: '127.0.0.1', port: 0, gatewaySecret, logger }) : undefined;
  if (served !== undefined) ends.push(() => served.close());
  const cache = openAnswerCache(
    { keepsPrivate: true, maxBytes: 1_000_000, maxEntries: 1_000, redisUrl: undefined, invalidationSecret: undefined },
    { logger },
  );
  if (cache === undefined) throw new Error('there is no cache');

  const sdl = compose([
    { name: 'products', url, typeDefs: products },
    { name: 'prices', url: served?.url ?? 'http://prices.test', typeDefs: prices },
  ]);
  const generation = createGeneration(
    sdl,
    (service) => {
      const isHere = service.name === 'prices' && served === undefined;
      const source: SubgraphDataSource = isHere
        ? createInProcessDataSource({ subgraph, logger })
        : createHttpDataSource({ ...service, secret: service.name === 'prices' ? gatewaySecret : undefined, logger });
      ends.push(() => source.close());
      return cache.cached(service, source);
    },
    { cache },
  );
  /** What resolvers were called for, and what is said of the answer. */
  return async (query: string, sub?: string) => {
    asked.length = 0;
    const parsed = generation.operations.parse(query, undefined, defaultOperationLimits);
    if (parsed.kind === 'refused') throw new Error(parsed.errors.join());
    const caller = { subgraphHeaders: {}, signal: new AbortController().signal, ...(sub === undefined ? {} : callerWith({ sub })) };
    const { data, errors, lifetime } = await generation.execute(parsed.operation, { variables: {}, caller });
    expect(errors).toEqual([]);
    const said = lifetime && `${Math.ceil(lifetime.seconds)} ${lifetime.isPrivate ? 'private' : 'public'}`;
    return { data: JSON.parse(data ?? 'null') as unknown, asked: [...asked], said };
  };
}

describe.each(['over HTTP', 'in one process'] as const)('@cacheControl of subgraphs, %s,', (way) => {
  it('decides what is asked again, and for whom', async () => {
    const run = await openShop(way);
    const query = '{ shop { name price } }';
    const first = await run(query, 'ann');
    expect(first).toEqual({ data: { shop: [{ name: 'Board', price: 9 }] }, asked: ['shop', 'price'], said: '60 public' });
    expect(await run(query, 'bob')).toEqual({ ...first, asked: [] });
    // The same object on another way.
    expect(await run('{ basket { price } }', 'ann')).toMatchObject({ asked: ['basket'], said: '60 private' });
    expect(await run('{ basket { price } }', 'ann')).toMatchObject({ asked: [] });
    expect(await run('{ basket { price } }', 'bob')).toMatchObject({ asked: ['basket'] });

    expect(await run('{ shop { mine } }', 'ann')).toMatchObject({ asked: ['shop', 'mine'], said: '30 private' });
    expect(await run('{ shop { mine } }', 'ann')).toMatchObject({ asked: [] });
    expect(await run('{ shop { mine } }', 'bob')).toMatchObject({ asked: ['mine'] });

    for (let n = 0; n < 2; n += 1) {
      expect(await run('{ shop { stock } }')).toMatchObject({ asked: ['stock'], said: undefined });
      expect(await run('{ now }')).toMatchObject({ asked: ['now'], said: undefined });
    }
  });
});
