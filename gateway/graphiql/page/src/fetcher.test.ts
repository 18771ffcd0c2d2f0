import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFetcher, type FetcherOptions } from './fetcher.js';

const url = 'http://localhost:4000/graphql';

describe('The fetcher', () => {
  const realFetch = globalThis.fetch;
  let sent: { headers: Headers; body: Record<string, unknown> }[];
  let respond: () => Response;

  beforeEach(() => {
    sent = [];
    respond = () => Response.json({ data: { ok: true } });
    globalThis.fetch = (_input, init) => {
      sent.push({
        headers: new Headers(init?.headers),
        body: JSON.parse(typeof init?.body === 'string' ? init.body : '{}') as Record<string, unknown>,
      });
      return Promise.resolve(respond());
    };
  });
  afterEach(() => {
    globalThis.fetch = realFetch;
  });

  const subscribed: unknown[][] = [];
  const options: FetcherOptions = {
    url,
    subscriptions: {
      subscribe: (operation, authorization) => {
        subscribed.push([operation.operationName, authorization]);
        return { unsubscribe: () => undefined };
      },
    },
    onAnswer: () => undefined,
  };

  it('says so when the answer is no GraphQL', async () => {
    respond = () => new Response('<h1>Bad gateway</h1>', { status: 502, statusText: 'Bad Gateway' });
    const answer = await createFetcher(options)({ query: '{ me { id } }' });
    expect(answer).toMatchObject({ errors: [{ message: 'The server answered 502 Bad Gateway' }] });
  });

  it('says so when nobody answers', async () => {
    globalThis.fetch = () => Promise.reject(new TypeError('Failed to fetch'));
    const answer = await createFetcher(options)({ query: '{ me { id } }' });
    expect(answer).toMatchObject({ errors: [{ message: `Cannot reach the server at ${url}. Is it running?` }] });
  });

  it('asks for the schema without a token, which may have expired', async () => {
    await createFetcher(options)(
      { query: 'query IntrospectionQuery { __typename }', operationName: 'IntrospectionQuery' },
      { headers: { Authorization: 'Bearer old' } },
    );
    expect(sent[0]?.headers.get('authorization')).toBeNull();
  });

  it('shows the plan of a query, where there is one, line by line', async () => {
    for (const [queryPlan, shown] of [
      ['QueryPlan {\n  Fetch\n}', ['QueryPlan {', '  Fetch', '}']],
      [{ any: 'other' }, { any: 'other' }],
    ]) {
      respond = () => Response.json({ data: { me: null }, extensions: { queryPlan, cost: 3 } });
      const answer = await createFetcher(options)({ query: '{ me { id } }' });
      expect(answer).toEqual({ data: { me: null }, extensions: { queryPlan: shown, cost: 3 } });
    }
  });

  it('sends the headers, and tells of the answer', async () => {
    const answers: unknown[] = [];
    const fetcher = createFetcher({ ...options, onAnswer: (answer) => answers.push(answer) });
    await fetcher({ query: 'query Me { me { id } }', operationName: 'Me' }, { headers: { Authorization: 'Bearer abc' } });
    expect(sent[0]?.headers.get('authorization')).toBe('Bearer abc');
    expect(answers).toEqual([{ data: { ok: true } }]);
  });

  it('does not send the name of the tab before', async () => {
    await createFetcher(options)({ query: 'query Me { me { id } }', operationName: 'Login' });
    expect(sent[0]?.body.operationName).toBe('Me');
  });

  it('subscribes over the socket even when the name is that of the tab before', () => {
    const result = createFetcher(options)(
      { query: 'subscription Watch { presence { __typename } }', operationName: 'FindPeople' },
      { headers: { authorization: 'Bearer abc' } },
    );
    if (!('subscribe' in result)) throw new Error('not an observable');
    result.subscribe({ next: () => undefined, error: () => undefined, complete: () => undefined });
    expect(subscribed).toEqual([['Watch', 'Bearer abc']]);
    expect(sent).toEqual([]);
  });
});
