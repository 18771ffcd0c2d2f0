import { afterEach, describe, expect, it } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { createHttpServer } from '../http/server.js';
import { createLogger } from '../logging/logger.js';
import { createRevocationFeed, revocationsPath, type RevocationFeed } from './revocation-feed.js';
import { createRevocations } from './revocations.js';
import { until } from '../../tests/testkit/until.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const secret = 'only-for-tests-only-for-tests-only-for-tests';

let app: FastifyInstance | undefined;
let feed: RevocationFeed | undefined;
afterEach(async () => {
  await feed?.close();
  await app?.close();
});

/** A sessions subgraph that answers one of `answers` after the other, the last one for ever, and keeps what it was asked. */
async function serve(...answers: [unknown, ...unknown[]]) {
  const asked: { since: number; secret: unknown }[] = [];
  app = createHttpServer({ logger });
  app.get<{ Querystring: { since: string } }>(revocationsPath, (request) => {
    asked.push({ since: Number(request.query.since), secret: request.headers['x-gateway-secret'] });
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer instanceof Error) throw answer;
    return answer;
  });
  const origin = await app.listen({ host: '127.0.0.1', port: 0 });
  return { asked, origin };
}

function follow(origin: string, now = 1_000_000_000) {
  const revocations = createRevocations(() => now);
  feed = createRevocationFeed({ origin, gatewaySecret: secret, revocations, logger, now: () => now, intervalMs: 1 });
  return revocations;
}

describe('The feed of revocations', () => {
  it.each([
    ['fails', new Error('database is away')],
    ['answers something else', { sessions: [{ sessionId: 7 }] }],
    ['answers a list of nothing', null],
  ])('goes on when the subgraph %s', async (_name, answer) => {
    const { origin } = await serve(answer, { sessions: [{ sessionId: 'a', endedAt: 1_000_000_000 }] });
    const revocations = follow(origin);
    await until(() => revocations.isRevoked('a'));
  });

  it('goes on when nobody listens yet', async () => {
    const { origin } = await serve({ sessions: [] });
    await app?.close();
    follow(origin);
    await feed?.polled;
  });

  it('asks for the life of an access token first, then overlaps by half a minute, and shows the secret', async () => {
    const { origin, asked } = await serve({ sessions: [] });
    follow(origin);
    await until(() => asked.length >= 2);
    expect(asked[0]).toEqual({ since: 1_000_000_000 - 600_000, secret });
    expect(asked[1]).toEqual({ since: 1_000_000_000 - 30_000, secret });
  });

  it('SECURITY 21: asks for everything again that a failed poll has missed', async () => {
    const { origin, asked } = await serve(new Error('away'), { sessions: [] });
    follow(origin);
    await until(() => asked.length >= 2);
    expect(asked[1]?.since).toBe(1_000_000_000 - 600_000);
  });

  it('SECURITY 21: knows what has ended when its first poll is over', async () => {
    const { origin } = await serve({ sessions: [{ sessionId: 'a', endedAt: 999_999_000 }] });
    const revocations = follow(origin);
    await feed?.polled;
    expect(revocations.isRevoked('a')).toBe(true);
    expect(revocations.isRevoked('b')).toBe(false);
  });
});
