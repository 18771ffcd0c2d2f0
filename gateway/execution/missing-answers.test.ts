import { afterEach, describe, expect, it } from '@jest/globals';
import { answeringSource } from '../../tests/testkit/answering-source.js';
import { compose, startLittleSupergraph, type LittleSupergraph } from '../../tests/testkit/little-supergraph.js';
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
