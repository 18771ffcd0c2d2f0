import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { createRevocations } from '../../../../shared/auth/revocations.js';
import { createLogger } from '../../../../shared/logging/logger.js';
import { startRedis } from '../../../../tests/testkit/services/redis.js';
import { orSkip } from '../../../../tests/testkit/services/services.js';
import { createRedisPresenceStore } from '../../data/redis-presence-store.js';
import { createVirtualScheduler } from '../../presence/virtual-scheduler.js';
import { createFakeRelations, createFakeSettings } from './tests/presence-fakes.js';
import { createClient, person, settle, type Client } from './tests/presence-harness.js';
import { createPresenceService, type PresenceService } from './presence-service.js';
import type { PresenceRequest } from './following/presence-subscriptions.js';
import { until } from '../../../../tests/testkit/until.js';

const server = orSkip('redis-server', await startRedis());
afterAll(() => server?.stop());

const logger = createLogger({ name: 'test', level: 'silent' });
const [ada, bob, eve] = [person('ada'), person('bob'), person('eve')];

if (server !== null) {
  let close = (): Promise<void> => Promise.resolve();
  afterEach(() => close());

  /** Two services on two stores of one Redis, in virtual time. */
  async function start() {
    const redis = new Redis(server?.url ?? '');
    await redis.flushall();
    const scheduler = createVirtualScheduler();
    const settings = createFakeSettings();
    const relations = createFakeRelations(scheduler);
    const revocations = createRevocations(() => scheduler.now());
    const knownUsers = { among: (_viewerId: string, userIds: readonly string[]) => Promise.resolve(new Set(userIds)) };
    const shared = { settings, relations, history: relations.history, knownUsers, revocations, scheduler, logger, random: () => 0.5 };
    const stores = [0, 1].map(() => createRedisPresenceStore({ url: server?.url ?? '', logger, scheduler, now: () => scheduler.now() }));
    const [a, b] = stores.map((store) => createPresenceService({ ...shared, store })) as [PresenceService, PresenceService];
    for (const store of stores) await store.ping();
    close = async () => {
      for (const service of [a, b]) await service.close();
      for (const store of stores) await store.close();
      redis.disconnect();
    };
    const pass = async (ms: number): Promise<void> => {
      for (let passed = 0; passed < ms; passed += 250) {
        scheduler.advance(250);
        // What was asked meanwhile is answered before this, and what was told is heard.
        for (const store of stores) await store.ping();
        await settle();
      }
    };
    return {
      a,
      b,
      redis,
      pass,
      settings,
      connect: async (service: PresenceService, viewer: typeof ada, request: Partial<PresenceRequest>, known?: Client): Promise<Client> => {
        const controller = new AbortController();
        const iterator = await service.subscribe(
          viewer,
          { friends: false, userIds: [], since: null, ...request },
          { id: 'socket', signal: controller.signal },
        );
        return createClient(iterator, known, async (code) => {
          controller.abort({ code });
          await iterator.return?.();
        });
      },
      relate: async (userId: string, otherId: string, kind: 'FRIEND' | 'BLOCKED' | undefined): Promise<void> => {
        await stores[0]?.renewVersions([userId, otherId]);
        relations.set(userId, otherId, kind);
        await stores[0]?.announce({ kind: 'RelationChanged', userId, otherId });
      },
    };
  }

  describe('Presence on two processes and a Redis', () => {
    it('P7: a follower in one hears of changes in the other, and resumes in either', async () => {
      const { a, b, connect, pass } = await start();
      const client = await connect(b, ada, { userIds: ['bob', 'eve'] });
      await a.heartbeat(bob);
      await until(() => client.seen().includes('bob ONLINE'));
      await client.leave();
      await a.heartbeat(eve);
      await a.update(bob, { availability: 'BUSY' });
      await pass(1_000);
      for (const service of [a, b]) {
        const back = await connect(service, ada, { userIds: ['bob', 'eve'], since: client.cursor() }, client);
        await until(() => back.kinds.length > 0);
        expect([back.kinds, back.seen(), back.stepsBack()]).toEqual([['Changed'], ['bob BUSY', 'eve ONLINE'], 0]);
      }
    });

    it('P8: a block and its end reach every process', async () => {
      const { a, b, connect, relate } = await start();
      await a.heartbeat(bob);
      const clients = [await connect(a, ada, { userIds: ['bob'] }), await connect(b, ada, { userIds: ['bob'] })];
      await relate('ada', 'bob', 'BLOCKED');
      await until(() => clients.every(({ kinds }) => kinds.at(-1) === 'Removed'));
      await relate('ada', 'bob', undefined);
      await until(() => clients.every((client) => client.seen().includes('bob ONLINE')));
      await b.forget('bob');
      await until(() => clients.every(({ messages }) => JSON.stringify(messages.at(-1)).includes('DELETED')));
    });

    it('P7: a Redis that is flushed is filled again, and every follower gets one resync', async () => {
      const { a, b, connect, redis, pass } = await start();
      const clients = [await connect(a, bob, { userIds: ['ada'] }), await connect(b, ada, { userIds: ['bob'] })];
      await until(() => clients.every((client) => client.seen().length === 1 && client.seen()[0]?.endsWith('ONLINE') === true));
      await redis.flushall();
      await pass(2_000);
      await until(() => clients.every(({ kinds }) => kinds.at(-1) === 'Resync'));
      await pass(2_000);
      expect(clients.map((client) => [client.kinds.filter((kind) => kind === 'Resync').length, client.seen()])).toEqual([
        [1, ['ada ONLINE']],
        [1, ['bob ONLINE']],
      ]);
    });

    it('P12: of two processes one writes that somebody is gone', async () => {
      const { a, b, connect, pass, settings } = await start();
      const client = await connect(b, ada, { userIds: ['bob'] });
      await connect(a, bob, { userIds: ['ada'] });
      await client.leave(1000);
      await pass(5_000);
      await until(() => settings.written.some(({ isOver }) => isOver));
      await pass(2_000);
      expect(settings.written.filter(({ userId, isOver }) => userId === 'ada' && isOver)).toHaveLength(1);
    });
  });
}
