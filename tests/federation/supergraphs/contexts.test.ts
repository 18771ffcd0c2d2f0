import { describe, expect, it } from '@jest/globals';
import { askDirectly } from '../../../gateway/execution/execution-state.js';
import { acceptOperation } from '../../../gateway/operations/accept-operation.js';
import { createOperationPolicy } from '../../../gateway/policy/operation-policy.js';
import { createEventPlan } from '../../../gateway/subscriptions/event-plan.js';
import { composeStage, createCachingStage, publicAnswer } from '../../testkit/gateway/caching-stage.js';
import { representationsOf } from '../../testkit/generated/execution-stage.js';
import { askInParts } from './ask-in-parts.js';
import { federate } from './federation.js';

interface Shelf {
  readonly id: string;
  readonly topic?: string | null | (() => never);
  readonly books: readonly string[];
}

const shelves: readonly Shelf[] = [
  { id: '1', topic: 'sea', books: ['a', 'b'] },
  { id: '2', topic: 'sky', books: ['a'] },
  { id: '3', topic: 'sea', books: ['c'] },
  { id: '4', topic: null, books: ['a'] },
];

/** Books say on which shelf they stand, by what the shelf says of itself, which another subgraph knows. */
function library(all: readonly Shelf[] = shelves, shelfDefs = 'topic: String') {
  const books = (ids: readonly string[]) => ids.map((id) => ({ id }));
  const find = ({ id }: { id: string }) => all.find((each) => each.id === id);
  const findHere = (shelf: { id: string }) => (shelf.id === 'gone' ? Promise.reject(new Error('no shelf')) : find(shelf));
  return federate([
    {
      name: 'a',
      typeDefs: `type Query { shelves: [Shelf!] }
        type Shelf @key(fields: "id") @context(name: "shelf") { id: ID! topic: String @external books: [Book] }
        type Book @key(fields: "id") { id: ID! place(topic: String @fromContext(field: "$shelf { topic }")): String }`,
      resolvers: {
        Shelf: { __resolveReference: (shelf: { id: string }) => ({ ...shelf, books: books(find(shelf)?.books ?? []) }) },
        Query: { shelves: () => all.map(({ id, books: ids }) => ({ id, books: books(ids) })) },
        Book: { place: ({ id }: { id: string }, { topic }: { topic: string | null }) => `${id} at ${topic}` },
      },
    },
    {
      name: 'b',
      typeDefs: `type Shelf @key(fields: "id") { id: ID! ${shelfDefs} }
        type Subscription { moved: Shelf }`,
      resolvers: { Shelf: { __resolveReference: findHere } },
    },
  ]);
}

const places = [['a at sea', 'b at sea'], ['a at sky'], ['c at sea'], ['a at null']];
const withPlaces = (books: readonly string[]) => ({ books: books.map((place) => ({ place })) });

describe('What @fromContext fills', () => {
  it('is asked for once for each value, of all objects that share it', async () => {
    const federation = library();
    const { data, errors } = await federation.ask('{ shelves { books { place } } }');
    expect({ data, errors }).toEqual({ data: { shelves: places.map(withPlaces) }, errors: [] });
    const ofBooks = federation.asked.filter(({ variables }) => 'contextualArgument_1_0' in variables);
    expect(ofBooks.map(({ variables }) => variables)).toEqual(
      [['sea', 'a', 'b', 'c'] as const, ['sky', 'a'] as const, [null, 'a'] as const].map(([topic, ...ids]) => ({
        contextualArgument_1_0: topic,
        representations: ids.map((id) => ({ __typename: 'Book', id })),
      })),
    );
  });

  it('is what the shelf says, and not what a client has given its name', async () => {
    const { data } = await library().ask('{ shelves { topic: id books { place: id mine: place } } }');
    expect(data).toMatchObject({
      shelves: [
        {
          topic: '1',
          books: [
            { place: 'a', mine: 'a at sea' },
            { place: 'b', mine: 'b at sea' },
          ],
        },
        {},
        {},
        {},
      ],
    });
  });

  it('SECURITY 35: is no value that a client gives, be it by a variable of that name', async () => {
    const federation = library();
    const query = 'query ($contextualArgument_1_0: Boolean!) { shelves { id books @include(if: $contextualArgument_1_0) { place } } }';
    await expect(federation.ask(query, { contextualArgument_1_0: true })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: '"$contextualArgument_1_0" is the name of a variable of the gateway: choose another.',
    });
    expect(federation.asked).toEqual([]);
  });

  it('is null where it could not be told, and the client is told so, but not what is hidden', async () => {
    const failing = () => {
      throw new Error('no topic');
    };
    const federation = library([{ id: '1', topic: failing, books: ['a'] }, ...shelves.slice(1, 2)], 'topic: String @inaccessible');
    const { data, errors } = await federation.ask('{ shelves { books { place } } }');
    expect(data).toEqual({ shelves: [withPlaces(['a at null']), withPlaces(['a at sky'])] });
    expect(errors).toMatchObject([{ message: 'no topic', path: 'shelves.0' }]);
  });

  it('is not asked for where the object that says it was not found', async () => {
    const federation = library([{ id: 'gone', books: ['a'] }, ...shelves.slice(1, 2)]);
    const { data, errors } = await federation.ask('{ shelves { books { id place } } }');
    expect(data).toEqual({ shelves: [{ books: [{ id: 'a', place: null }] }, { books: [{ id: 'a', place: 'a at sky' }] }] });
    expect(errors).toMatchObject([{ message: 'no shelf', path: 'shelves.0' }]);
  });

  it('is asked for under the conditions of its own, whatever those of others are', async () => {
    const query = `query ($one: Boolean!, $two: Boolean!) {
      shelves { id @skip(if: $two) books @include(if: $one) { place } more: books { id place @include(if: $two) } } }`;
    for (const [one, two] of [
      [true, false],
      [false, true],
      [false, false],
    ] as const) {
      const { data, errors } = await library(shelves.slice(1, 2)).ask(query, { one, two });
      const shelf = {
        ...(two ? {} : { id: '2' }),
        ...(one ? withPlaces(['a at sky']) : {}),
        more: [two ? { id: 'a', place: 'a at sky' } : { id: 'a' }],
      };
      expect({ data, errors }).toEqual({ data: { shelves: [shelf] }, errors: [] });
    }
  });

  it('comes later where it is deferred', async () => {
    const source = '{ shelves { id ... @defer { books { place } } } }';
    const merged = await askInParts(library(), { source, variables: {} });
    expect(merged).toEqual({
      data: { shelves: places.map((each, index) => ({ id: String(index + 1), ...withPlaces(each) })) },
      errors: [],
      nulled: [],
    });
  });

  it('is in the events of a subscription', async () => {
    const { generation } = library();
    const identity = { viewer: null, subgraphHeaders: {} };
    const payload = { query: 'subscription { moved { books { place } } }' };
    const acceptance = await acceptOperation(generation, payload, { policy: createOperationPolicy(), identity });
    if (acceptance.kind === 'refused') throw new Error(acceptance.errors.join());
    const { operation, variables } = acceptance.operation;
    const plan = createEventPlan(generation, operation);
    const event = { data: { moved: { __typename: 'Shelf', id: '2', topic: 'sky' } }, errors: [], isShared: true };
    const caller = { subgraphHeaders: {}, signal: new AbortController().signal };
    const { data, errors } = await plan.complete(event, { generation, operation, variables, caller }, askDirectly);
    expect({ data, errors }).toEqual({ data: JSON.stringify({ moved: withPlaces(['a at sky']) }), errors: [] });
    expect(event.data).toEqual({ moved: { __typename: 'Shelf', id: '2', topic: 'sky' } });
  });
});

describe('Kept answers', () => {
  const sdl = composeStage({
    a: `type Query { shelves: [Shelf!] }
      type Shelf @key(fields: "id") @context(name: "shelf") { id: ID! topic: String books: [Book] }
      type Book @key(fields: "id") { id: ID! place(topic: String @fromContext(field: "$shelf { topic }")): String }`,
  });

  it('SECURITY 35: about one object are apart by what the contexts say', async () => {
    let topics = ['sea', 'sky'];
    const stage = createCachingStage(sdl, {
      a: ({ request }) => {
        const { contextualArgument_1_0: topic } = request.variables;
        if (request.entities === undefined)
          return {
            data: {
              shelves: topics.map((each) => ({ __typename: 'Shelf', id: each, topic: each, books: [{ __typename: 'Book', id: '1' }] })),
            },
          };
        return { data: { _entities: representationsOf(request).map(() => ({ place: `at ${String(topic)}` })) }, lifetime: publicAnswer };
      },
    });
    const query = '{ shelves { books { place } } }';
    const at = (...all: string[]) => ({ data: { shelves: all.map((topic) => withPlaces([`at ${topic}`])) }, errors: [] });
    const askedOfBooks = () =>
      stage.asked
        .splice(0)
        .filter(({ request }) => request.entities !== undefined)
        .map(({ request }) => request.given);
    expect(await stage.run(query)).toMatchObject(at('sea', 'sky'));
    expect(askedOfBooks()).toHaveLength(2);
    topics = ['wood', 'sea', 'sky'];
    expect(await stage.run(query)).toMatchObject(at('wood', 'sea', 'sky'));
    expect(askedOfBooks()).toEqual([{ contextualArgument_1_0: 'wood' }]);
  });
});

describe('A field', () => {
  it('SECURITY 35: is withheld from whoever may not see the context that it is told', async () => {
    const federation = federate(
      [
        {
          name: 'a',
          typeDefs: `type Query { shelf: Shelf }
            type Shelf @key(fields: "id") @context(name: "shelf") { id: ID! topic: String @authenticated book: Book }
            type Book @key(fields: "id") { id: ID! place(topic: String @fromContext(field: "$shelf { topic }")): String @authenticated }`,
          resolvers: { Query: { shelf: () => ({ id: '1', topic: 'sea', book: { id: 'a' } }) }, Book: { place: () => 'at sea' } },
        },
      ],
      // As an older composition would leave it.
      { edit: (sdl) => sdl.replace(/(place: String .*) @authenticated/, '$1') },
    );
    expect(federation.supergraphSdl).not.toMatch(/place: String .*@authenticated/);
    expect(await federation.ask('{ shelf { book { id place } } }')).toMatchObject({
      errors: [{ code: 'UNAUTHENTICATED', path: 'shelf.book.place' }],
    });
  });
});
