import { afterEach, describe, expect, it } from '@jest/globals';
import fastify from 'fastify';
import { createRevocationFeed, revocationsPath } from '../../../shared/auth/revocation-feed.js';
import { createRevocations } from '../../../shared/auth/revocations.js';
import { createLogger } from '../../../shared/logging/logger.js';
import { revocationsRoute } from './revocations.js';

describe('The route that tells which sessions have ended', () => {
  const app = fastify();
  const asked: number[] = [];
  const endedAt = Date.now();
  revocationsRoute((since) => {
    asked.push(since);
    return Promise.resolve([{ sessionId: 'ended', endedAt }]);
  })(app);
  afterEach(() => app.close());

  it('refuses what is no time, and answers what the other processes read', async () => {
    const origin = await app.listen({ host: '127.0.0.1', port: 0 });
    for (const query of ['', '?since=', '?since=yesterday', '?since=-1', '?since=1e9', '?since=1&since=2']) {
      expect((await fetch(`${origin}${revocationsPath}${query}`)).status).not.toBe(200);
    }
    expect(asked).toEqual([]);

    const revocations = createRevocations();
    const logger = createLogger({ name: 'test', level: 'silent' });
    const feed = createRevocationFeed({ origin, gatewaySecret: 'secret', revocations, logger });
    await feed.polled;
    await feed.close();
    expect([revocations.isRevoked('ended'), revocations.isRevoked('another')]).toEqual([true, false]);
  });
});
