import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { negotiateStream } from '../../shared/http/media-types.js';
import { openDoors, type Doors } from '../../tests/testkit/gateway/doors.js';
import { until } from '../../tests/testkit/until.js';
import { isOwnEventSource } from './cross-site.js';

const sse = 'text/event-stream';
const multipart = 'multipart/mixed;subscriptionSpec=1.0';
const ticks = 'subscription { ticks { n } }';
/** Of urql, for every operation. */
const everything = 'application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed';

describe('Who gets a stream', () => {
  let doors: Doors;
  beforeAll(async () => {
    doors = await openDoors();
  });
  afterAll(() => doors.close());

  /** Head and beginning of the answer; the client is gone then. */
  async function ask(query: string, accept: string, { method = 'POST', headers = {} }: { method?: string; headers?: object } = {}) {
    const controller = new AbortController();
    const search = method === 'GET' ? `?${new URLSearchParams({ query }).toString()}` : '';
    const response = await fetch(`${doors.url}/graphql${search}`, {
      method,
      signal: controller.signal,
      headers: { accept, ...(method === 'GET' ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(method === 'GET' ? {} : { body: JSON.stringify({ query }) }),
    });
    const type = response.headers.get('content-type')?.split(';')[0];
    const isEndless = type !== 'application/json' && query.includes('ticks');
    const body = isEndless ? '' : await response.text();
    controller.abort();
    await until(() => doors.little.feed.listeners() === 0, 'all to leave');
    return { status: response.status, type, body, headers: response.headers };
  }

  it.each<[string | undefined, string | undefined]>([
    [undefined, undefined],
    ['*/*', undefined],
    ['application/json', undefined],
    ['text/*', undefined],
    ['multipart/mixed', undefined],
    ['multipart/mixed;deferSpec=20220824', undefined],
    ['multipart/mixed;subscriptionSpec=2.0', undefined],
    ['text/event-stream;q=0', undefined],
    [sse, sse],
    ['TEXT/Event-Stream', sse],
    ['multipart/mixed;boundary=graphql;subscriptionSpec="1.0",application/json', 'multipart/mixed'],
    [`${sse}, ${multipart}`, sse],
    [`${multipart}, ${sse}`, 'multipart/mixed'],
    [`${sse};q=0.5, ${multipart};q=0.6`, 'multipart/mixed'],
    [everything, sse],
  ])('by accept %j: %j', (accept, type) => expect(negotiateStream(accept)).toBe(type));

  it.each(['application/json', '*/*', 'application/json, multipart/mixed'])(
    'nobody by accept %s: the answer says the three ways',
    async (accept) => {
      const { status, body } = await ask(ticks, accept);
      expect(status).toBe(400);
      for (const way of ['graphql-transport-ws', sse, multipart]) expect(body).toContain(way);
    },
  );

  it.each([
    [ticks, everything, sse],
    ['{ instant }', everything, 'application/graphql-response+json'],
    ['{ instant }', `${multipart}, application/json`, 'application/json'],
    ['{ instant }', sse, sse],
    ['{ instant }', multipart, 'multipart/mixed'],
    ['{ nope }', `${multipart}, application/json`, 'application/json'],
  ])('%s, by accept %s, comes as %s', async (query, accept, type) => expect((await ask(query, accept)).type).toBe(type));

  it('is not kept, changed or held back on the way, and says whose it is', async () => {
    for (const accept of [sse, multipart]) {
      const { status, headers } = await ask(ticks, accept, { headers: { 'accept-encoding': 'gzip, br', 'x-request-id': 'mine' } });
      expect(status).toBe(200);
      expect(Object.fromEntries(headers)).toMatchObject({
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
        'x-request-id': 'mine',
        'x-content-type-options': 'nosniff',
      });
      expect(headers.get('content-encoding')).toBeNull();
    }
  });

  it('SECURITY 39: a GET must be one that no page of another site can send', async () => {
    for (const accept of [sse, multipart]) expect((await ask(ticks, accept, { method: 'GET' })).status).toBe(400);
    expect((await ask(ticks, sse, { method: 'GET', headers: { 'apollo-require-preflight': 'true' } })).type).toBe(sse);
    expect(
      (await ask('mutation { greet(name: "A") }', sse, { method: 'GET', headers: { 'apollo-require-preflight': 'true' } })).status,
    ).toBe(405);
  });

  it.each([
    [{ 'sec-fetch-site': 'same-origin' }, true],
    [{ 'sec-fetch-site': 'cross-site' }, false],
    [{ 'sec-fetch-site': 'same-site' }, false],
    [{ 'sec-fetch-site': 'none' }, false],
    [{}, false],
    [{ origin: 'https://game.example', 'sec-fetch-site': 'cross-site' }, true],
    [{ origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' }, false],
    [{ origin: 'null' }, false],
    [{ origin: 'https://here.example', host: 'here.example' }, true],
  ])('SECURITY 39: the EventSource of a page with %j is one of ours: %s', (headers, isOurs) => {
    const origins = { allowed: ['https://game.example'], publicUrl: undefined };
    expect(isOwnEventSource({ accept: sse, ...headers }, origins)).toBe(isOurs);
    // It is the way of EventSource alone.
    for (const accept of ['*/*', multipart]) expect(isOwnEventSource({ accept, ...headers }, origins)).toBe(false);
  });

  it('SECURITY 43: bad requests are answered with a status, whatever is accepted', async () => {
    for (const accept of [sse, multipart]) {
      expect((await ask(ticks, accept, { headers: { 'content-type': 'text/plain' } })).status).toBe(415);
      expect((await ask(ticks, accept, { headers: { authorization: 'Bearer bad' } })).status).toBe(401);
    }
    expect((await ask(ticks, 'image/png')).status).toBe(406);
  });
});
