import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { answeringSource } from '../../tests/testkit/gateway/answering-source.js';
import { compose, startLittleSupergraph, type LittleSupergraph } from '../../tests/testkit/gateway/little-supergraph.js';
import pino from 'pino';
import { createHttpDataSource } from '../datasources/http/http-data-source.js';
import { missing, unavailable } from '../datasources/wire.js';
import { acceptOperation } from '../operations/accept-operation.js';
import { createOperationPolicy } from '../policy/operation-policy.js';
import { createGeneration, type SupergraphGeneration } from '../supergraph/generation.js';

async function askGeneration(generation: SupergraphGeneration, query: string) {
  const identity = { viewer: null, subgraphHeaders: {} };
  const acceptance = await acceptOperation(generation, { query }, { policy: createOperationPolicy(), identity });
  if (acceptance.kind === 'refused') throw new AggregateError(acceptance.errors);
  const caller = { subgraphHeaders: {}, signal: new AbortController().signal };
  const { data = 'null', errors } = await generation.execute(acceptance.operation.operation, { variables: {}, caller });
  return {
    data: JSON.parse(data) as unknown,
    errors: errors.map(({ path, extensions }) => `${path?.join('.') ?? 'nowhere'} ${String(extensions.code)}`),
  };
}

/** What a client gets when a subgraph does not answer: the rest of the data, and an error at each place that it has to do without. */
describe('A subgraph that is not there', () => {
  let little: LittleSupergraph | undefined;
  afterEach(async () => {
    await little?.close();
    little = undefined;
  });

  function ask(query: string) {
    if (little === undefined) throw new Error('not started');
    return askGeneration(little.supergraph.current(), query);
  }

  async function without(name: string): Promise<void> {
    little = await startLittleSupergraph('http');
    const elsewhere = new RegExp(`(name: "${name}", url: ")[^"]*`);
    await little.replaceSupergraph((sdl) => sdl.replace(elsewhere, '$1http://127.0.0.1:9/graphql'));
  }

  it('leaves nulls with an error for each of its fields, in lists too, and all the rest', async () => {
    await without('reviews');
    expect(await ask('{ users(ids: ["1", "2"]) { id name many: stars bestFriend { id } } instant }')).toEqual({
      data: {
        users: [
          { id: '1', name: 'User 1', many: null, bestFriend: null },
          { id: '2', name: 'User 2', many: null, bestFriend: null },
        ],
        instant: '1970-01-01T00:00:00.000Z',
      },
      errors: ['users.0.many UNAVAILABLE', 'users.0.bestFriend UNAVAILABLE', 'users.1.many UNAVAILABLE', 'users.1.bestFriend UNAVAILABLE'],
    });
  });

  it('leaves one error without a path where there would be more than a hundred', async () => {
    await without('reviews');
    const ids = (count: number) => JSON.stringify(Array.from({ length: count }, (_, n) => String(n)));
    expect((await ask(`{ users(ids: ${ids(100)}) { stars } }`)).errors).toHaveLength(100);
    expect((await ask(`{ users(ids: ${ids(101)}) { stars } }`)).errors).toEqual(['nowhere UNAVAILABLE']);
  });

  it('leaves a null for each root field of its own, and one error where that was not allowed', async () => {
    await without('accounts');
    expect(await ask('{ first: user(id: "1") { id } instant listeners }')).toEqual({
      data: { first: null, instant: null, listeners: 0 },
      errors: ['first UNAVAILABLE', 'instant UNAVAILABLE'],
    });
    expect(await ask('{ users(ids: ["1"]) { id } listeners }')).toEqual({ data: null, errors: ['users UNAVAILABLE'] });
  });

  it('is not told of by fields that the client did not ask for, such as what another subgraph requires', async () => {
    const link =
      'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@external", "@requires", "@inaccessible"])';
    const sdl = compose([
      {
        name: 'products',
        url: 'http://products.test',
        typeDefs: `${link} type Query { product: P } type P @key(fields: "id") { id: ID! }`,
      },
      { name: 'prices', url: 'http://prices.test', typeDefs: `${link} type P @key(fields: "id") { id: ID! margin: Int @inaccessible }` },
      {
        name: 'shops',
        url: 'http://shops.test',
        typeDefs: `${link} type P @key(fields: "id") { id: ID! margin: Int @external shown: Int @requires(fields: "margin") }`,
      },
    ]);
    const generation = createGeneration(sdl, ({ name }) =>
      answeringSource(() =>
        Promise.resolve(name === 'products' ? { data: { product: { __typename: 'P', id: '1' } } } : missing(unavailable)),
      ),
    );
    const { data, errors } = await askGeneration(generation, '{ product { shown } }');
    expect(data).toEqual({ product: { shown: null } });
    expect(errors).toEqual(['product UNAVAILABLE']);
  });

  it('is not waited for longer than the operation may take', async () => {
    little = await startLittleSupergraph('in-process', { operationTimeoutMs: 50 });
    expect(await ask('{ slow instant }')).toEqual({
      data: { slow: null, instant: null },
      errors: ['slow UNAVAILABLE', 'instant UNAVAILABLE'],
    });
  });
});

describe('A subgraph that says nothing of what it was asked', () => {
  const lines: string[] = [];
  const logger = pino({ level: 'error' }, { write: (line: string) => lines.push(line) });
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const clean of cleanups.splice(0).reverse()) await clean();
    lines.length = 0;
  });

  /** `entities` is what `scores` answers, and `answer` what `users` does. */
  async function start(answer: string, entities?: string): Promise<SupergraphGeneration> {
    const server = createServer((request, response) => {
      request
        .resume()
        .on('end', () => response.setHeader('content-type', 'application/json').end(request.url === '/scores' ? entities : answer));
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    cleanups.push(
      () => server.close(),
      () => server.closeAllConnections(),
    );
    const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])';
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const sdl = compose([
      {
        name: 'users',
        url: `${url}/users`,
        typeDefs: `${link} type Query { me: User you: User one: Int } type User @key(fields: "id") { id: ID! }`,
      },
      { name: 'scores', url: `${url}/scores`, typeDefs: `${link} type User @key(fields: "id") { id: ID! score: Int }` },
    ]);
    return createGeneration(sdl, (service) => {
      const source = createHttpDataSource({ ...service, secret: undefined, logger });
      cleanups.push(() => source.close());
      return source;
    });
  }

  it.each([
    ['null and no error', '{"data":null}'],
    ['errors that are none', '{"data":null,"errors":[null,5,{"message":7}]}'],
    ['nothing of it', '{"data":{}}'],
    ['one field of two', '{"data":{"me":null}}'],
  ])('but %s leaves an error at each root field, and one line in the log', async (_name, answer) => {
    expect(await askGeneration(await start(answer), '{ me { id } mine: one }')).toEqual({
      data: { me: null, mine: null },
      errors: ['me UNAVAILABLE', 'mine UNAVAILABLE'],
    });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([{ subgraph: 'users', cause: 'no-graphql' }]);
  });

  it.each([
    ['null and no error', '{"data":null}'],
    ['errors that are none', '{"data":null,"errors":[null,5,{"message":7}]}'],
    ['nothing of it', '{"data":{}}'],
    ['no entities', '{"data":{"_entities":null}}'],
    ['one entity too many', '{"data":{"_entities":[{"score":1},{"score":2}]}}'],
    ['one too few', '{"data":{"_entities":[]}}'],
    ['an object for the list', '{"data":{"_entities":{"score":1}}}'],
  ])('but %s leaves an error at each entity, and one line in the log', async (_name, entities) => {
    const generation = await start('{"data":{"me":{"__typename":"User","id":"1"},"you":{"__typename":"User","id":"1"}}}', entities);
    const { data, errors } = await askGeneration(generation, '{ me { score } you { score } }');
    expect(data).toEqual({ me: { score: null }, you: { score: null } });
    expect(errors).toEqual(['me.score UNAVAILABLE', 'you.score UNAVAILABLE']);
    expect(JSON.parse(lines[0] ?? '{}')).toMatchObject({ subgraph: 'scores', cause: 'no-graphql' });
  });

  it.each(['5', '"text"', 'false', '[{"score":1}]'])('but %s for an entity leaves an error there', async (entity) => {
    const generation = await start('{"data":{"me":{"__typename":"User","id":"1"}}}', `{"data":{"_entities":[${entity}]}}`);
    const { data, errors } = await askGeneration(generation, '{ me { score } }');
    expect({ data, errors }).toEqual({ data: { me: { score: null } }, errors: ['me.score UNAVAILABLE'] });
  });

  it('is not a subgraph that leaves out what a directive of the client may', async () => {
    const generation = await start('{"data":{"me":null}}');
    const { errors } = await askGeneration(generation, 'query ($yes: Boolean = false) { me { id } one @include(if: $yes) }');
    expect(errors).toEqual([]);
  });
});
