import { afterEach, describe, expect, it } from '@jest/globals';
import { startLittleSupergraph, type LittleSupergraph } from '../../tests/testkit/little-supergraph.js';
import { acceptOperation } from '../operations/accept-operation.js';
import { createOperationPolicy } from '../policy/operation-policy.js';

/** What a client gets when a subgraph does not answer: the rest of the data, and an error at each place that it has to do without. */
describe('A subgraph that is not there', () => {
  let little: LittleSupergraph;
  afterEach(() => little.close());

  async function ask(query: string) {
    const generation = little.supergraph.current();
    const acceptance = await acceptOperation(
      generation,
      { query },
      { policy: createOperationPolicy(), identity: { viewer: null, subgraphHeaders: {} } },
    );
    if (acceptance.kind === 'refused') throw new AggregateError(acceptance.errors);
    const caller = { subgraphHeaders: {}, signal: new AbortController().signal };
    const { data = 'null', errors } = await generation.execute(acceptance.operation.operation, { variables: {}, caller });
    return {
      data: JSON.parse(data) as unknown,
      errors: errors.map(({ path, extensions }) => `${path?.join('.') ?? 'nowhere'} ${String(extensions.code)}`),
    };
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

  it('is not waited for longer than the operation may take', async () => {
    little = await startLittleSupergraph('in-process', { operationTimeoutMs: 50 });
    expect(await ask('{ slow instant }')).toEqual({
      data: { slow: null, instant: null },
      errors: ['slow UNAVAILABLE', 'instant UNAVAILABLE'],
    });
  });
});
