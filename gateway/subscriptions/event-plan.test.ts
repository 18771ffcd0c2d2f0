import { describe, expect, it } from '@jest/globals';
import { createExecutionStage, representationsOf } from '../../tests/testkit/generated/execution-stage.js';
import { defaultOperationLimits } from '../policy/operation-limits.js';
import { createEventPlan } from './event-plan.js';

const stage = createExecutionStage({
  feed: {
    typeDefs:
      'type Query { a: Int } type Subscription { tick(every: Int, of: String): Tick } type Tick { n: Int! user: User } type User @key(fields: "id") { id: ID! }',
    answer: () => ({ data: null }),
  },
  names: {
    typeDefs: 'type User @key(fields: "id") { id: ID! name: String }',
    answer: (request) => ({ data: { _entities: representationsOf(request).map(({ id }) => ({ name: `User ${String(id)}` })) } }),
  },
});

function planOf(source: string, variables: Readonly<Record<string, unknown>> = {}) {
  const parsed = stage.generation.operations.parse(source, undefined, defaultOperationLimits);
  if (parsed.kind === 'refused') throw new Error('refused');
  const { operation } = parsed;
  const plan = createEventPlan(stage.generation, operation);
  const caller = { subgraphHeaders: {}, signal: new AbortController().signal };
  const request = { generation: stage.generation, operation, variables, caller };
  return {
    plan,
    complete: (event: Parameters<typeof plan.complete>[0]) => plan.complete(event, request, (source, asked) => source.fetch(asked, caller)),
  };
}

const freeze = (value: unknown): void => {
  if (typeof value !== 'object' || value === null) return;
  Object.freeze(value);
  Object.values(value).forEach(freeze);
};

describe('The plan of a subscription', () => {
  it.each([
    'subscription { tick { user { name } n } }',
    'subscription { tick { n } }',
    'subscription { t: tick { ... on Tick { user { id } } } }',
  ])('leaves an event alone that others get as well: %s', async (source) => {
    const key = source.includes('t: tick') ? 't' : 'tick';
    const data = { [key]: { n: 1, user: { __typename: 'User', id: '7' } } };
    freeze(data);
    const { complete } = planOf(source);
    const results = await Promise.all([1, 2].map(() => complete({ data, errors: [], isShared: true })));
    expect(results.map(({ errors }) => errors)).toEqual([[], []]);
    expect(results[0]?.data).toBe(results[1]?.data);
    expect(results[0]?.data).toContain(source.includes('name') ? '"name":"User 7"' : key);
  });

  it('asks the owner for the root field, with the variables that it needs', () => {
    const { plan } = planOf(
      'subscription($e: Int, $o: String, $v: Boolean! = true) { tick(every: $e) { n user { name @include(if: $v) } } }',
    );
    expect(plan.owner).toBe(stage.generation.services.get('feed'));
    expect(plan.upstream({ e: 5, o: 'x', v: false }).variables).toEqual({ e: 5 });
  });

  it('tells the errors of an event beside its data, and the nulls that none of them explains', async () => {
    const { complete } = planOf('subscription { tick { n user { id } } }');
    const told = await complete({ data: { tick: { n: null, user: null } }, errors: [{ message: 'No user', path: ['tick', 'user'] }] });
    expect(told.data).toBe('{"tick":null}');
    expect(told.errors).toMatchObject([{ path: ['tick', 'user'] }, { path: ['tick', 'n'] }]);
    const explained = await complete({ data: { tick: null }, errors: [{ message: 'No n', path: ['tick', 'n'] }] });
    expect(explained.errors).toMatchObject([{ path: ['tick', 'n'], message: 'No n' }]);
  });
});
