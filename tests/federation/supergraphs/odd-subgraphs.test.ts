import { describe, expect, it } from '@jest/globals';
import { federate } from './federation.js';

describe('Keys that are null', () => {
  const people = () =>
    federate([
      {
        name: 'a',
        typeDefs:
          'type Query { people: [Person] } type Person @key(fields: "id") @key(fields: "home { town } nr") { id: ID home: Home nr: Int } type Home { town: ID }',
        resolvers: {
          Query: {
            people: () => [
              { id: '1', home: { town: 't' }, nr: 1 },
              { id: null, home: { town: null }, nr: null },
              null,
              { id: null, home: null, nr: 4 },
            ],
          },
        },
      },
      {
        name: 'b',
        typeDefs: 'type Person @key(fields: "id") { id: ID name: String }',
        resolvers: {
          Person: {
            __resolveReference: (it: { id: string | null }) => (it.id === null ? null : it),
            name: ({ id }: { id: string }) => `p${id}`,
          },
        },
      },
      {
        name: 'c',
        typeDefs: 'type Person @key(fields: "home { town } nr") { home: Home nr: Int street: String } type Home { town: ID }',
        resolvers: {
          Person: { street: ({ home, nr }: { home: { town: string | null } | null; nr: number | null }) => `${home?.town} ${nr}` },
        },
      },
    ]);

  it('are sent as they are, and leave null what the subgraph does not find by them, without an error', async () => {
    const federation = people();
    expect(await federation.ask('{ people { name street } }')).toEqual({
      data: { people: [{ name: 'p1', street: 't 1' }, { name: null, street: 'null null' }, null, { name: null, street: 'undefined 4' }] },
      errors: [],
    });
  });
});

describe('Very many entities', () => {
  it('are asked for at once, and each gets its own', async () => {
    const ids = Array.from({ length: 10_000 }, (_, n) => String(n));
    const federation = federate([
      {
        name: 'a',
        typeDefs: 'type Query { things: [Thing!] } type Thing @key(fields: "id") { id: ID! }',
        resolvers: { Query: { things: () => ids.map((id) => ({ id })) } },
      },
      {
        name: 'b',
        typeDefs: 'type Thing @key(fields: "id") { id: ID! name: String }',
        resolvers: { Thing: { name: ({ id }: { id: string }) => (id === '9999' ? null : `n${id}`) } },
      },
    ]);
    const { data, errors } = await federation.ask('{ things { id name } }');
    expect({ data, errors }).toEqual({ data: { things: ids.map((id) => ({ id, name: id === '9999' ? null : `n${id}` })) }, errors: [] });
    expect(federation.asked.map(({ subgraph }) => subgraph)).toEqual(['a', 'b']);
  });
});

describe('A directive that composition keeps in the supergraph', () => {
  const link = (imports: string) => `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [${imports}])`;

  it('by @composeDirective means nothing to the gateway, and is not shown', async () => {
    const federation = federate([
      {
        name: 'a',
        typeDefs: `${link('"@key", "@composeDirective"')} @link(url: "https://directives.example/paint/v1.0", import: ["@paint"]) @composeDirective(name: "@paint")
          directive @paint(color: String!) on FIELD_DEFINITION | OBJECT
          type Query { wall: Wall } type Wall @key(fields: "id") @paint(color: "red") { id: ID! size: Int @paint(color: "blue") }`,
        resolvers: { Query: { wall: () => ({ id: '1', size: 2 }) } },
      },
      { name: 'b', typeDefs: 'type Wall @key(fields: "id") { id: ID! age: Int }', resolvers: { Wall: { age: () => 3 } } },
    ]);
    expect(federation.supergraphSdl).toContain('@paint(color: "blue")');
    expect((await federation.ask('{ wall { size age } }')).data).toEqual({ wall: { size: 2, age: 3 } });
    expect(JSON.stringify((await federation.ask('{ __schema { directives { name } types { name } } }')).data)).not.toContain('paint');
  });

  it.each(['EXECUTION', 'SECURITY'])('is refused when the gateway would have to know it: for %s', (purpose) => {
    const edit = (sdl: string) =>
      sdl
        .replace('{\n  query: Query', `  @link(url: "https://directives.example/paint/v1.0", for: ${purpose})\n{\n  query: Query`)
        .concat('\ndirective @paint on OBJECT');
    expect(() => federate([{ name: 'a', typeDefs: 'type Query { a: Int }' }], { edit })).toThrow(
      'https://directives.example/paint/v1.0 is for: ' + purpose,
    );
  });

  it("@context is refused by its name where the executor is Apollo's, which gives subgraphs no contexts", () => {
    const typeDefs = `type Query { shop: Shop } type Shop @key(fields: "id") @context(name: "shop") { id: ID! currency: String item: Item }
      type Item @key(fields: "id") { id: ID! price(in: String @fromContext(field: "$shop { currency }")): Int }`;
    expect(() => federate([{ name: 'a', typeDefs }], { executor: 'apollo' })).toThrow('https://specs.apollo.dev/context/v0.1');
  });
});
