import { describe, expect, it } from '@jest/globals';
import { federate } from '../../tests/federation/supergraphs/federation.js';

function echo() {
  return federate([
    {
      name: 'a',
      typeDefs: 'type Query { echo(text: String): String thing: Thing } type Thing @key(fields: "id") { id: ID! }',
      resolvers: { Query: { echo: (_, { text }) => text as string, thing: () => ({ id: '1' }) } },
    },
    {
      name: 'b',
      typeDefs: 'type Thing @key(fields: "id") { id: ID! say(text: String): String }',
      resolvers: { Thing: { say: (_, { text }) => text as string } },
    },
  ]);
}

describe.each(['__proto__', 'representations', 'constructor', 'proto_of_client'])('A variable named %s', (name) => {
  const given = (value: string) => JSON.parse(`{ "${name}": ${value} }`) as Record<string, unknown>;

  it('reaches subgraphs, also where entities are asked for', async () => {
    const query = `query ($${name}: String) { echo(text: $${name}) thing { say(text: $${name}) } }`;
    expect(await echo().ask(query, given('"hello"'))).toEqual({ data: { echo: 'hello', thing: { say: 'hello' } }, errors: [] });
    expect(await echo().ask(query)).toEqual({ data: { echo: null, thing: { say: null } }, errors: [] });
  });

  it.each(['true', 'false'])('includes or leaves out: %s', async (value) => {
    const { data } = await echo().ask(
      `query ($${name}: Boolean!, $ proto_of_client_: String) { echo(text: $proto_of_client_) thing @include(if: $ ${name}) { ...F } }
       fragment F on Thing { say(text: "x") @include(if: $${name}) }`,
      { ...given(value), proto_of_client_: 'text' },
    );
    expect(data).toEqual({ echo: 'text', ...(value === 'true' ? { thing: { say: 'x' } } : {}) });
  });

  it('must fit its type', async () => {
    const { data, errors } = await echo().ask(`query ($${name}: String!) { echo(text: $${name}) }`, given('{ "polluted": true }'));
    expect(data).toBeUndefined();
    expect(errors).toMatchObject([{ code: 'BAD_USER_INPUT' }]);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });
});
