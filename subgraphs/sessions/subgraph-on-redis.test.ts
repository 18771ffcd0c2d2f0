import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { graphql, parse, subscribe, type ExecutionResult } from 'graphql';
import { v7 as uuidv7 } from 'uuid';
import { createRevocations } from '../../shared/auth/revocations.js';
import type { Viewer } from '../../shared/auth/viewer.js';
import type { Database } from '../../shared/database/database.js';
import { AppError } from '../../shared/errors/app-error.js';
import { createDomainEvent } from '../../shared/events/domain-events.js';
import { createInProcessEventBus } from '../../shared/events/buses/in-process-event-bus.js';
import { createLogger } from '../../shared/logging/logger.js';
import { startRedis } from '../../tests/testkit/services/redis.js';
import { orSkip } from '../../tests/testkit/services/services.js';
import { openMigratedEmbedded } from '../../tests/testkit/services/migrated-embedded.js';
import { createSessionsSubgraph, type SessionsSubgraph } from './subgraph.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const redis = orSkip('redis-server', await startRedis());

if (redis !== null) {
  describe('Two sessions subgraphs that share a Redis', () => {
    let database: Database;
    let subgraphs: readonly [SessionsSubgraph, SessionsSubgraph];
    const bus = createInProcessEventBus({ logger });
    const [ada, bob] = [uuidv7(), uuidv7()];

    const accessTokens = {
      verify(authorization: string | undefined): Promise<Viewer | null> {
        const userId = authorization ?? '';
        const now = Date.now();
        const viewer: Viewer = {
          userId,
          sessionId: userId,
          username: 'ada',
          roles: ['USER'],
          authenticatedAt: now,
          expiresAt: now + 600_000,
        };
        return Promise.resolve(viewer);
      },
    };

    async function open(): Promise<SessionsSubgraph> {
      return createSessionsSubgraph({ database, bus, accessTokens, revocations: createRevocations(), redisUrl: redis?.url, logger });
    }

    beforeAll(async () => {
      database = await openMigratedEmbedded();
      subgraphs = [await open(), await open()];
      for (const userId of [ada, bob]) {
        const payload = { userId, username: userId.slice(-12), createdAt: new Date().toISOString() };
        await bus.publish([createDomainEvent('user.registered', { key: userId, payload })]);
      }
    });
    afterAll(async () => {
      for (const subgraph of subgraphs) await subgraph.close();
      await bus.close();
      await database.close();
      await redis.stop();
    });

    async function run(subgraph: SessionsSubgraph, userId: string, source: string): Promise<ExecutionResult> {
      return graphql({ schema: subgraph.schema, source, contextValue: await subgraph.createContext({ authorization: userId }) });
    }

    it('tell the followers on one what happens on the other', async () => {
      const [here, there] = subgraphs;
      const controller = new AbortController();
      const messages = await subscribe({
        schema: here.schema,
        document: parse(`subscription { presence(input: { userIds: ["${ada}"] }) {
          __typename
          ... on PresenceSnapshot { entries { availability } }
          ... on PresenceChanged { entries { availability } }
        } }`),
        contextValue: await here.createContext({ authorization: bob }, { id: 'socket', signal: controller.signal }),
      });
      if (!(Symbol.asyncIterator in messages)) throw new Error(JSON.stringify(messages.errors));
      const next = async (): Promise<unknown> => {
        const { value } = (await messages.next()) as { value: ExecutionResult };
        return JSON.parse(JSON.stringify(value.data?.presence));
      };
      expect(await next()).toEqual({ __typename: 'PresenceSnapshot', entries: [{ availability: 'OFFLINE' }] });
      await run(there, ada, 'mutation { presenceHeartbeat { presence { availability } } }');
      expect(await next()).toEqual({ __typename: 'PresenceChanged', entries: [{ availability: 'ONLINE' }] });
      await run(there, ada, 'mutation { goOffline { presence { availability } } }');
      expect(await next()).toEqual({ __typename: 'PresenceChanged', entries: [{ availability: 'OFFLINE' }] });
      await messages.return(undefined);
    });

    it('are not ready without it, and say that presence is not available', async () => {
      const [here] = subgraphs;
      const presence = async () => (await here.ready()).find(({ name }) => name === 'presence')?.ok;
      expect(await presence()).toBe(true);
      await redis.stop();
      expect(await presence()).toBe(false);
      const { errors } = await run(here, ada, 'mutation { presenceHeartbeat { presence { availability } } }');
      const error = errors?.[0]?.originalError;
      expect(error instanceof AppError && error.code).toBe('UNAVAILABLE');
    });
  });
}
