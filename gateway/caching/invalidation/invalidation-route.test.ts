import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import { createHttpServer } from '../../../shared/http/server.js';
import { createLogger } from '../../../shared/logging/logger.js';
import type { SupergraphGeneration } from '../../supergraph/generation.js';
import { addInvalidationRoute } from './invalidation-route.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const secret = 'a secret of 32 characters, or more'.replaceAll(' ', '-');
const generation = {
  services: new Map([['shop', {}]]),
  supergraphSchema: buildSchema('type Query { book: Book } type Book { id: ID! }'),
} as unknown as SupergraphGeneration;

let app: ReturnType<typeof createHttpServer>;
let url: string;
let invalidated: unknown[];
let isAway: boolean;

beforeEach(async () => {
  [invalidated, isAway] = [[], false];
  app = createHttpServer({ logger });
  const invalidate = (each: unknown) => (isAway ? Promise.reject(new Error('away')) : Promise.resolve(void invalidated.push(each)));
  addInvalidationRoute(app, { secret, invalidate, supergraph: { current: () => generation }, logger });
  url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/invalidation`;
});
afterEach(() => app.close());

async function send(payload: unknown, authorization: string | undefined = `Bearer ${secret}`) {
  const headers = { 'content-type': 'application/json', ...(authorization === '' ? {} : { authorization }) };
  const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
  const response = await fetch(url, { method: 'POST', headers, body });
  return {
    status: response.status,
    body: (await response.json()) as { accepted?: number; errors?: { message: string; extensions: object }[] },
  };
}

const all = [{ kind: 'all' }];

describe('The address at which kept answers are ended', () => {
  it.each(['', secret, 'Bearer', `Bearer ${secret}x`, `Bearer ${secret.slice(1)}`, `bearer ${secret}`])(
    'SECURITY: is nothing for who sends %p, whatever the body',
    async (authorization) => {
      for (const payload of [all, 'no JSON']) {
        expect(await send(payload, authorization)).toMatchObject({
          status: 401,
          body: { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] },
        });
      }
      expect(invalidated).toEqual([]);
    },
  );

  it.each<[unknown, string]>([
    ['no JSON', 'JSON'],
    [{ kind: 'all' }, 'array'],
    [[], 'items'],
    [[{ kind: 'every' }], '0.kind'],
    [[{ kind: 'all', type: 'Book' }], 'type'],
    [[...all, { kind: 'type' }], '1.type'],
    [[{ kind: 'type', type: 'Boook' }], 'type "Boook"'],
    [[...all, { kind: 'cache_tag', cache_tag: 'a', subgraphs: ['shop', 'shob'] }], '1: there is no subgraph "shob"'],
    [[{ kind: 'entity', type: 'Book', key: {} }], '0.key'],
    [[{ kind: 'entity', type: 'Book', key: { id: { of: '1' } } }], '0.key.id'],
  ])('refuses %j, and says why', async (payload, message) => {
    const { status, body } = await send(payload);
    expect(status).toBe(400);
    expect(body.errors?.[0]?.message).toContain(message);
    expect(body.errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', requestId: expect.any(String) });
    expect(invalidated).toEqual([]);
  });

  it('is none by GET', async () => {
    expect((await fetch(url, { headers: { authorization: `Bearer ${secret}` } })).status).toBe(404);
  });

  it('says when not all gateways could be told', async () => {
    isAway = true;
    expect(await send(all)).toMatchObject({ status: 503, body: { errors: [{ extensions: { code: 'UNAVAILABLE' } }] } });
  });

  it('ends what it is told to', async () => {
    const payload = [
      { kind: 'subgraph', subgraph: 'shop' },
      { kind: 'type', subgraph: 'shop', type: 'Book' },
      { kind: 'entity', type: 'Book', key: { id: '1' } },
      { kind: 'cache_tag', subgraphs: ['shop'], cache_tag: 'a' },
    ];
    expect(await send(payload)).toEqual({ status: 202, body: { accepted: 4 } });
    const many = Array.from({ length: 1_000 }, () => ({ kind: 'all' }));
    expect((await send([...many, ...all])).status).toBe(400);
    expect((await send(many)).status).toBe(202);
    expect(invalidated[0]).toEqual(payload);
  });
});
