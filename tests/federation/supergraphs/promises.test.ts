import { describe, expect, it } from '@jest/globals';
import { federate, type FederationOptions } from './federation.js';

describe('Mutations over several subgraphs', () => {
  function shop(fails?: string) {
    const done: string[] = [];
    const act = (name: string) => () => {
      done.push(name);
      if (name === fails) throw new Error('failed');
      return { id: '1', n: done.length };
    };
    const federation = federate([
      {
        name: 'a',
        typeDefs: 'type Query { a: Int } type Mutation { one: Step three: Step! } type Step @key(fields: "id") { id: ID! n: Int }',
        resolvers: { Mutation: { one: act('one'), three: act('three') } },
      },
      {
        name: 'b',
        typeDefs: 'type Mutation { two: Step four: Step } type Step @key(fields: "id") { id: ID! extra: String }',
        resolvers: { Mutation: { two: act('two'), four: act('four') }, Step: { extra: () => 'extra' } },
      },
    ]);
    return { ...federation, done };
  }

  it('run one after the other, in the order in which they are written', async () => {
    const federation = shop();
    const { data, errors } = await federation.ask(
      'mutation { four { id extra } one { n extra } two { id } three { n } again: four { id } }',
    );
    expect(federation.done).toEqual(['four', 'one', 'two', 'three', 'four']);
    expect({ data, errors }).toEqual({
      data: { four: { id: '1', extra: 'extra' }, one: { n: 2, extra: 'extra' }, two: { id: '1' }, three: { n: 4 }, again: { id: '1' } },
      errors: [],
    });
  });

  it('go on after one that failed, which is null', async () => {
    const federation = shop('one');
    const { data, errors } = await federation.ask('mutation { one { n } two { id } }');
    expect(federation.done).toEqual(['one', 'two']);
    expect({ data, paths: errors.map(({ path }) => path) }).toEqual({ data: { one: null, two: { id: '1' } }, paths: ['one'] });
  });

  it('give nothing at all when one failed that cannot be null', async () => {
    const { data, errors } = await shop('three').ask('mutation { two { id } three { n } }');
    expect(data).toBeNull();
    expect(errors.map(({ path }) => path)).toContain('three');
  });
});

describe('A progressive @override', () => {
  function post(options: FederationOptions) {
    return federate(
      [
        {
          name: 'new',
          typeDefs: `type Post @key(fields: "id") { id: ID!
            likes: Int @override(from: "old", label: "percent(25)")
            views: Int @override(from: "old", label: "views-moved") }`,
          resolvers: { Post: { likes: () => 2, views: () => 2 } },
        },
        {
          name: 'old',
          typeDefs: 'type Query { post: Post } type Post @key(fields: "id") { id: ID! likes: Int views: Int }',
          resolvers: { Query: { post: () => ({ id: '1', likes: 1, views: 1 }) } },
        },
      ],
      options,
    );
  }

  it.each([
    [0.2499, 2],
    [0.25, 1],
  ])('is decided for each request by its share: %d', async (thrown, likes) => {
    const federation = post({ random: () => thrown });
    expect((await federation.ask('{ post { likes } }')).data).toEqual({ post: { likes } });
  });

  it('is decided anew for the same operation', async () => {
    const throws = [0.9, 0.1, 0.9];
    const federation = post({ random: () => throws.shift() ?? 0 });
    const asked = [];
    for (let index = 0; index < 3; index += 1) asked.push((await federation.ask('{ post { likes } }')).data);
    expect(asked).toEqual([{ post: { likes: 1 } }, { post: { likes: 2 } }, { post: { likes: 1 } }]);
  });

  it('with a label of its own is left where it was, until somebody says that it counts', async () => {
    expect((await post({ random: () => 0.9 }).ask('{ post { views } }')).data).toEqual({ post: { views: 1 } });
    const activeLabels = new Set(['views-moved', 'percent(25)']);
    const moved = post({ random: () => 0.9, activeLabels });
    expect((await moved.ask('{ post { views likes } }')).data).toEqual({ post: { views: 2, likes: 1 } });
    expect(moved.generation.subscriptionLabels).toEqual(new Set(['views-moved']));
  });
});

describe('What is @inaccessible', () => {
  const hidden = () =>
    federate([
      {
        name: 'a',
        typeDefs: `type Query { item(by: How, raw: Boolean @inaccessible): Item secret: Secret @inaccessible kind: Kind kinds: [Kind] strict: Kind! }
          type Item { id: ID! inner: ID @inaccessible } type Secret @inaccessible { id: ID! }
          enum How { NAME HIDDEN @inaccessible } enum Kind { ONE HIDDEN @inaccessible }`,
        resolvers: {
          Query: { item: () => ({ id: '1', inner: '2' }), kind: () => 'HIDDEN', kinds: () => ['ONE', 'HIDDEN'], strict: () => 'HIDDEN' },
        },
      },
    ]);

  it.each([
    '{ secret { id } }',
    '{ item { inner } }',
    '{ item(by: HIDDEN) { id } }',
    '{ item(raw: true) { id } }',
    '{ item { ... on Secret { id } } }',
  ])('cannot be asked for: %s', async (query) => {
    const federation = hidden();
    expect(await federation.ask(query)).toMatchObject({ data: undefined, errors: [{ code: 'GRAPHQL_VALIDATION_FAILED' }] });
    expect(federation.asked).toEqual([]);
  });

  it('is not in introspection, nor in an answer', async () => {
    const federation = hidden();
    expect(JSON.stringify((await federation.ask('{ __schema { types { name fields { name } enumValues { name } } } }')).data)).not.toMatch(
      /Secret|secret|inner|HIDDEN/,
    );
    expect((await federation.ask('{ kind }')).data).toEqual({ kind: null });
    expect((await federation.ask('{ kinds }')).data).toEqual({ kinds: ['ONE', null] });
    expect(await federation.ask('{ kind strict }')).toMatchObject({ data: null, errors: [{ path: 'kind' }, { path: 'strict' }] });
    expect(JSON.stringify(await federation.ask('{ kind kinds strict }'))).not.toContain('HIDDEN');
  });
});

describe('An error of a field', () => {
  function shelf() {
    return federate([
      {
        name: 'a',
        typeDefs: `type Query { items: [Item!] } interface Item @key(fields: "id") { id: ID! }
          type Book implements Item @key(fields: "id") { id: ID! pages: Int }
          type Film implements Item @key(fields: "id") { id: ID! }`,
        resolvers: {
          Query: {
            items: () => [
              { __typename: 'Book', id: '1' },
              { __typename: 'Film', id: '2' },
            ],
          },
          Book: {
            __resolveReference: ({ id }: { id: string }) => ({ __typename: 'Book', id }),
            pages: () => {
              throw new Error('no pages');
            },
          },
        },
      },
      {
        name: 'b',
        typeDefs: 'type Item @key(fields: "id") @interfaceObject { id: ID! price: Int label: String }',
        resolvers: {
          Item: {
            price: () => 1,
            label: ({ id }: { id: string }) => {
              throw new Error(`no label of ${id}`);
            },
          },
        },
      },
      {
        name: 'c',
        typeDefs: 'type Book @key(fields: "id") { id: ID! pages: Int @external long: Boolean @requires(fields: "pages") }',
        resolvers: { Book: { long: ({ pages }: { pages: number | null }) => (pages === null ? null : pages > 500) } },
      },
    ]);
  }

  it('that was not selected of this type, but fetched with what was, is not told', async () => {
    const { data, errors } = await shelf().ask('{ items { price ... on Book { label } } }');
    expect(data).toEqual({ items: [{ price: 1, label: null }, { price: 1 }] });
    expect(errors).toMatchObject([{ message: 'no label of 1', path: 'items.0.label' }]);
  });

  it('that @requires needed is told where it is felt, and not by its name', async () => {
    const { data, errors } = await shelf().ask('{ items { ... on Book { long } } }');
    expect(data).toEqual({ items: [{ long: null }, {}] });
    expect(errors).toMatchObject([{ message: 'no pages', path: 'items.0' }]);
  });
});
