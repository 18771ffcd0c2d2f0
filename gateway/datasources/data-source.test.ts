import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { askDataSource as ask, callerHeaders as headers } from '../../tests/testkit/gateway/ask-data-source.js';
import { startLittleSupergraph, type LittleSupergraph, type Way } from '../../tests/testkit/gateway/little-supergraph.js';
import { until } from '../../tests/testkit/until.js';
import { nextMessage } from '../../tests/testkit/gateway/next-message.js';

const ways: readonly Way[] = ['in-process', 'http', 'http-plain'];

describe.each(ways)('A data source, %s', (way) => {
  let little: LittleSupergraph;
  beforeAll(async () => {
    little = await startLittleSupergraph(way);
  });
  afterAll(() => little.close());

  it('gives the data', async () => {
    const query = 'query($ids: [ID!]!) { users(ids: $ids) { __typename id again: name } }';
    expect(await ask(little.sourceOf('accounts'), { query, variables: { ids: ['1', '2'] } })).toEqual({
      data: {
        users: [
          { __typename: 'User', id: '1', again: 'User 1' },
          { __typename: 'User', id: '2', again: 'User 2' },
        ],
      },
    });
  });

  it('resolves entities', async () => {
    const query = 'query($representations: [_Any!]!) { _entities(representations: $representations) { ... on User { stars } } }';
    const representation: unknown = Object.assign(Object.create(null), { __typename: 'User', id: '3' });
    expect(await ask(little.sourceOf('reviews'), { query, variables: { representations: [representation] } })).toEqual({
      data: { _entities: [{ stars: 30 }] },
    });
  });

  it('hands all headers of the contract to the subgraph', async () => {
    little.received.length = 0;
    await ask(little.sourceOf('accounts'), { query: '{ instant }' });
    expect(little.received).toEqual([{ subgraph: 'accounts', headers }]);
  });

  it('gives values as JSON knows them', async () => {
    const value = { when: new Date(0), none: undefined, list: [undefined, Number.NaN], nested: { a: 1 } };
    const { data } = await ask(little.sourceOf('accounts'), {
      query: 'query($value: Anything) { instant anything(value: $value) }',
      variables: { value },
    });
    expect(data).toEqual({
      instant: '1970-01-01T00:00:00.000Z',
      anything: { when: '1970-01-01T00:00:00.000Z', list: [null, null], nested: { a: 1 } },
    });
    expect(data?.anything).not.toBe(value);
  });

  it('keeps response keys that objects inherit, in documents and in data', async () => {
    const value: unknown = JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}');
    const { data } = await ask(little.sourceOf('accounts'), {
      query: 'query($value: Anything) { __proto__: instant constructor: anything(value: $value) }',
      variables: { value },
    });
    expect(JSON.stringify(data)).toBe(
      '{"__proto__":"1970-01-01T00:00:00.000Z","constructor":{"__proto__":{"polluted":true},"constructor":1}}',
    );
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('keeps message, path, code and retryAfter of a refusal, and nothing else', async () => {
    expect(await ask(little.sourceOf('accounts'), { query: '{ forbidden instant }' })).toEqual({
      data: { forbidden: null, instant: '1970-01-01T00:00:00.000Z' },
      errors: [{ message: 'Not yours.', path: ['forbidden'], extensions: { code: 'FORBIDDEN', retryAfter: 3 } }],
    });
  });

  it('gives faults without their cause', async () => {
    const result = await ask(little.sourceOf('accounts'), { query: '{ broken }' });
    expect(result).toMatchObject({ data: { broken: null }, errors: [{ path: ['broken'], extensions: { code: 'INTERNAL_SERVER_ERROR' } }] });
    expect(JSON.stringify(result)).not.toContain('hunter2');
  });

  it('gives null data when a null was not allowed', async () => {
    expect(await ask(little.sourceOf('accounts'), { query: '{ nothing }' })).toMatchObject({ data: null, errors: [{ path: ['nothing'] }] });
  });

  it('gives UNAUTHENTICATED for the whole operation when the subgraph does not accept the token', async () => {
    expect(
      await ask(little.sourceOf('accounts'), { query: '{ instant }', headers: { authorization: 'Bearer refused-later' } }),
    ).toMatchObject({
      data: null,
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    });
  });

  describe('subscribing', () => {
    const subscribe = (query: string, given = headers) =>
      little.sourceOf('feed').subscribe({ query, operationName: undefined, variables: {}, headers: given });

    it('gives events in order, then complete for ever', async () => {
      const upstream = subscribe('subscription { ticks { n user { __typename id } } }');
      const first = nextMessage(upstream);
      await until(() => little.feed.listeners() === 1, 'the subscription');
      for (const n of [1, 2, 3]) little.feed.publish({ n, user: { id: String(n) } });
      expect(await first).toEqual({ kind: 'event', data: { ticks: { n: 1, user: { __typename: 'User', id: '1' } } }, errors: [] });
      expect(await nextMessage(upstream)).toMatchObject({ data: { ticks: { n: 2 } } });
      expect(await nextMessage(upstream)).toMatchObject({ data: { ticks: { n: 3 } } });
      little.feed.complete();
      expect(await nextMessage(upstream)).toEqual({ kind: 'complete' });
      expect(await nextMessage(upstream)).toEqual({ kind: 'complete' });
    });

    it.each([
      ['refused', headers, 'FORBIDDEN'],
      ['broken', headers, 'INTERNAL_SERVER_ERROR'],
      ['ticks', { authorization: 'Bearer refused-later' }, 'UNAUTHENTICATED'],
    ])('says an error when %s cannot start', async (field, given, code) => {
      const message = await nextMessage(subscribe(`subscription { ${field} { n } }`, given));
      // Over a socket this is an event without data, or an error: both end it.
      expect(message.kind === 'event' || message.kind === 'error' ? message.errors : []).toMatchObject([{ extensions: { code } }]);
      expect(JSON.stringify(message)).not.toContain('hunter2');
    });

    it.each([0, 1000, 1001, 4403, 1012])(
      'answers a waiting next at once when the client leaves with %i, and tells the subgraph',
      async (code) => {
        const upstream = subscribe('subscription { ticks { n } }');
        const waiting = nextMessage(upstream);
        await until(() => little.feed.listeners() === 1, 'the subscription');
        little.feed.leaves.length = 0;
        upstream.leave({ code });
        expect(await waiting).toEqual({ kind: 'complete' });
        await until(() => little.feed.listeners() === 0 && little.feed.leaves.length === 1, 'the subgraph to know');
        expect(little.feed.leaves).toEqual([{ code }]);
      },
    );

    it('leaves before it has begun', async () => {
      const upstream = subscribe('subscription { ticks { n } }');
      const waiting = nextMessage(upstream);
      upstream.leave({ code: 0 });
      expect(await waiting).toEqual({ kind: 'complete' });
      await until(() => little.feed.listeners() === 0, 'nothing to be open');
    });
  });
});
