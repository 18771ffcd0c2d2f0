import { describe, expect, it } from '@jest/globals';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse, type ExecutionResult } from 'graphql';
import { createEventSharing } from './event-sharing.js';
import { createExecute } from '../execution/compiled-execution.js';

const typeDefs = parse(`type Query { a: Int }
  type Subscription { news(since: Int): News other: News }
  union News = Told
  type Told { text: String user: User words(longest: Int): [String] }
  type User @key(fields: "id") { id: ID! mine: String }`);

interface Viewer {
  readonly name: string;
}

/** Two who get the same event, each with a context of their own. */
async function results(query: string, { fields = ['news'], variables = [{}, {}] as readonly object[], event = toldOf('hello') } = {}) {
  const schema = buildSubgraphSchema([
    {
      typeDefs,
      resolvers: {
        Subscription: {
          news: { subscribe: () => once(event), resolve: (told: unknown) => told },
          other: { subscribe: () => once(event), resolve: (told: unknown) => told },
        },
        User: { mine: (_user: unknown, _arguments: unknown, { name }: Viewer) => name },
      },
    },
  ]);
  const sharing = createEventSharing({ schema, execute: createExecute(schema), rootFields: fields });
  const document = parse(query);
  const got: ExecutionResult[] = [];
  for (const [index, variableValues] of variables.entries()) {
    const events = await sharing.subscribe({
      schema,
      document,
      operationName: query.includes('query B') ? 'A' : undefined,
      variableValues: { ...variableValues },
      contextValue: { name: `viewer ${index}` },
    });
    if (!(Symbol.asyncIterator in events)) throw new Error(JSON.stringify(events));
    const { value } = await events.next();
    if (value === undefined) throw new Error('no event');
    got.push(value);
    expect(await events.next()).toEqual({ value: undefined, done: true });
  }
  const [first, second] = got;
  return { first, second, isShared: first !== undefined && sharing.isShared(first) && first === second };
}

const toldOf = (text: string): unknown => ({ __typename: 'Told', text, user: { id: '1' } });

// eslint-disable-next-line @typescript-eslint/require-await -- a source of events is asynchronous, whether it waits or not
async function* once(event: unknown) {
  yield event;
}

describe('An event that several subscribers get', () => {
  it.each([
    ['of what only a resolver with a context knows', 'subscription { news { ... on Told { user { mine } } } }'],
    ['of a subscription that was not named', 'subscription { other { ... on Told { text } } }'],
    ['whose fields depend on a variable', 'subscription ($yes: Boolean!) { news { ... on Told { text @include(if: $yes) } } }'],
    ['one of several operations in its document', 'query B { a } subscription A { news { ... on Told { text } } }'],
  ])('is not executed for all: %s', async (_what, query) => {
    const { isShared } = await results(query, { variables: [{ yes: true }, { yes: true }] });
    expect(isShared).toBe(false);
  });

  it('SECURITY 45: says to each what is theirs', async () => {
    const { first, second } = await results('subscription { news { ... on Told { user { mine } } } }');
    expect([first, second].map((result) => JSON.stringify(result?.data))).toEqual([
      '{"news":{"user":{"mine":"viewer 0"}}}',
      '{"news":{"user":{"mine":"viewer 1"}}}',
    ]);
  });

  it('is not executed for all when it fails: errors name the request of the one who is told', async () => {
    const event = { __typename: 'Told', text: { not: 'a text' } };
    const { first, isShared } = await results('subscription { news { ... on Told { text } } }', { event });
    expect(first?.errors).toHaveLength(1);
    expect(isShared).toBe(false);
  });

  it('is executed once when it alone answers, whatever the arguments of the subscription', async () => {
    const query = 'subscription ($since: Int) { news(since: $since) { __typename ... on Told { text user { id } } } }';
    const { first, isShared } = await results(query, { variables: [{ since: 1 }, { since: 2 }] });
    expect(isShared).toBe(true);
    expect(JSON.stringify(first)).toBe('{"data":{"news":{"__typename":"Told","text":"hello","user":{"id":"1"}}}}');
  });
});
