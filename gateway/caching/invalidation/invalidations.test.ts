import { describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import type { KeptAnswer } from '../answer-store.js';
import type { Invalidation } from './invalidation.js';
import { createInvalidations } from './invalidations.js';

const schema = buildSchema(`
  interface Media { id: ID! author: Person }
  type Book implements Media { id: ID! author: Person sequel: Book }
  type Film implements Media { id: ID! author: Person }
  type Person { id: ID! name: String best: Media }
  type Shop { id: ID! }
  union Thing = Book | Shop
  type Query { shops: [Shop] books: [Book] media: Media things: [Thing] count: Int }`);

const entities = (selection: string) => `query($representations:[_Any!]!){_entities(representations:$representations){${selection}}}`;
const ofBook = entities('...on Book{id}');
const about = (object: object) => ({
  representations: [JSON.stringify(object)],
  othersText: '',
  about: () => ({ query: '', operationName: undefined, variables: {} }),
});
const book = { __typename: 'Book', id: '1' };

const answer = (stamp: number, tags?: readonly string[]): KeptAnswer => ({ text: '{}', expiresAt: Infinity, stamp, tags });

/** Whether an answer that was kept before is over. */
function isOver(
  what: Invalidation,
  asked: { query: string; object?: object; subgraph?: string; tags?: readonly string[] },
): boolean | undefined {
  const invalidations = createInvalidations({ now: () => 1_000 });
  const before = answer(invalidations.stamp(), asked.tags);
  invalidations.add([what]);
  const { query, object, subgraph = 'shop' } = asked;
  const request = { query, ...(object === undefined ? {} : { entities: about(object) }) };
  const judge = invalidations.judge({ subgraph, request, schema });
  expect(judge?.(answer(invalidations.stamp(), asked.tags), 0)).toBe(false);
  return judge?.(before, 0);
}

describe('An answer that was kept before an invalidation', () => {
  it.each<[Invalidation, Parameters<typeof isOver>[1]]>([
    [{ kind: 'subgraph', subgraph: 'other' }, { query: '{shops{id}}' }],
    [{ kind: 'type', type: 'Book' }, { query: '{shops{id}}' }],
    [{ kind: 'type', type: 'Book' }, { query: '{count}' }],
    [{ kind: 'type', type: 'Book', subgraph: 'other' }, { query: '{books{id}}' }],
    [
      { kind: 'type', type: 'Film' },
      { query: ofBook, object: book },
    ],
    [
      { kind: 'entity', type: 'Book', key: { id: '2' } },
      { query: ofBook, object: book },
    ],
    [
      { kind: 'entity', type: 'Book', key: { id: '1' }, subgraph: 'other' },
      { query: ofBook, object: book },
    ],
    [
      { kind: 'entity', type: 'Person', key: { id: '1' } },
      { query: ofBook, object: book },
    ],
    [{ kind: 'cache_tag', cache_tag: 'a' }, { query: '{shops{id}}' }],
    [
      { kind: 'cache_tag', cache_tag: 'a' },
      { query: '{shops{id}}', tags: ['A', 'b'] },
    ],
    [
      { kind: 'cache_tag', cache_tag: 'a', subgraphs: ['other'] },
      { query: '{shops{id}}', tags: ['a'] },
    ],
  ])('is good, for %j, when it was to %j', (what, asked) => {
    expect(isOver(what, asked)).toBe(false);
  });

  it.each<[Invalidation, Parameters<typeof isOver>[1]]>([
    [{ kind: 'all' }, { query: '{count}' }],
    [{ kind: 'subgraph', subgraph: 'shop' }, { query: '{count}' }],
    [{ kind: 'type', type: 'Shop' }, { query: '{shops{id}}' }],
    [{ kind: 'type', type: 'Shop', subgraph: 'shop' }, { query: 'query($n:Int){...F}fragment F on Query{shops{id}}' }],
    [
      { kind: 'type', type: 'Book' },
      { query: ofBook, object: book },
    ],
    // Within it, or as what it may be.
    [
      { kind: 'type', type: 'Person' },
      { query: entities('...on Book{author{name}}'), object: book },
    ],
    [{ kind: 'type', type: 'Film' }, { query: '{media{id}}' }],
    [{ kind: 'type', type: 'Book' }, { query: '{things{...on Shop{id}}}' }],
    [{ kind: 'type', type: 'Media' }, { query: '{books{id}}' }],
    [
      { kind: 'type', type: 'Book' },
      { query: entities('...on Media{id}'), object: { __typename: 'Media', id: '1' } },
    ],
    [
      { kind: 'entity', type: 'Book', key: { id: 1 } },
      { query: ofBook, object: book },
    ],
    [
      { kind: 'entity', type: 'Media', key: { id: '1' } },
      { query: ofBook, object: book },
    ],
    [{ kind: 'entity', type: 'Book', key: { id: '1' } }, { query: '{books{id}}' }],
    [
      { kind: 'entity', type: 'Book', key: { id: '2' } },
      { query: entities('...on Book{sequel{id}}'), object: book },
    ],
    // Nobody knows whether it is the one.
    [
      { kind: 'entity', type: 'Book', key: { isbn: '1' } },
      { query: ofBook, object: book },
    ],
    [{ kind: 'type', type: 'Shop' }, { query: '{elsewhere{id}}' }],
    [
      { kind: 'cache_tag', cache_tag: 'a' },
      { query: '{count}', tags: ['b', 'a'] },
    ],
    [
      { kind: 'cache_tag', cache_tag: 'a', subgraphs: ['other', 'shop'] },
      { query: '{count}', tags: ['a'] },
    ],
  ])('is over, for %j, when it was to %j', (what, asked) => {
    expect(isOver(what, asked)).toBe(true);
  });
});

describe('Invalidations', () => {
  const judged = (invalidations: ReturnType<typeof createInvalidations>, stamp: number, tag: string) =>
    invalidations.judge({ subgraph: 'shop', request: { query: '{count}' }, schema })?.(answer(stamp, [tag]), 0);
  const tag = (name: string): Invalidation => ({ kind: 'cache_tag', cache_tag: name });

  it('cost nothing as long as there are none, unless others may know some', () => {
    expect(judged(createInvalidations(), 0, 'a')).toBeUndefined();
    expect(judged(createInvalidations({ isShared: true }), 5, 'a')).toBe(true);
  });

  it('that leave an answer as it is do not keep the next one from ending it', () => {
    const invalidations = createInvalidations();
    const kept = answer(0, ['c']);
    const isOver = () => invalidations.judge({ subgraph: 'shop', request: { query: '{count}' }, schema })?.(kept, 0);
    for (const [name, expected] of [
      ['a', false],
      ['b', false],
      ['c', true],
      ['d', true],
    ] as const) {
      invalidations.add([tag(name)]);
      expect([isOver(), isOver()]).toEqual([expected, expected]);
    }
  });

  it('have stamps that grow, also within a moment and when the clock goes back', () => {
    let now = 1_000;
    const invalidations = createInvalidations({ now: () => now });
    const stamps = [1_000, 1_000, 10].map((at) => {
      now = at;
      invalidations.add([tag('a')]);
      return invalidations.stamp();
    });
    expect(stamps).toEqual([1_000, 1_001, 1_002]);
  });

  it('are not taken back by one that is heard of late', () => {
    const invalidations = createInvalidations();
    invalidations.add([tag('a')], 20);
    invalidations.add([tag('a'), { kind: 'all' }], 10);
    expect(invalidations.stamp()).toBe(20);
    expect([5, 15, 20].map((stamp) => judged(invalidations, stamp, 'a'))).toEqual([true, true, false]);
    expect([5, 15].map((stamp) => judged(invalidations, stamp, 'b'))).toEqual([true, false]);
  });

  it('end everything when there are more of them than are kept', () => {
    const invalidations = createInvalidations({ most: 2 });
    invalidations.add([tag('a'), tag('b')], 10);
    expect(judged(invalidations, 5, 'c')).toBe(false);
    invalidations.add([tag('a'), tag('b')], 11);
    expect(judged(invalidations, 5, 'c')).toBe(false);
    invalidations.add([tag('d')], 12);
    expect([5, 11, 12].map((stamp) => judged(invalidations, stamp, 'c'))).toEqual([true, true, false]);
  });

  it('are forgotten when nothing can be kept any more that was there before', () => {
    const day = 86_400_000;
    const invalidations = createInvalidations({ most: 2 });
    invalidations.add([tag('a'), tag('b')], 1);
    invalidations.add([tag('c')], day + 1);
    invalidations.add([tag('d')], day + 2);
    expect(judged(invalidations, day, 'e')).toBe(false);
    expect(judged(invalidations, day, 'c')).toBe(true);
  });
});
