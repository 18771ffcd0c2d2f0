import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import type { AccessTokenVerifier } from '../../shared/auth/access-token.js';
import { accessTokenLifetimeMs, type EndedSession, type Revocations } from '../../shared/auth/revocations.js';
import { projectRoot } from '../../shared/config/project-root.js';
import type { Database } from '../../shared/database/database.js';
import { createPlainSql } from '../../shared/database/plain-sql.js';
import type { EventBus } from '../../shared/events/event-bus.js';
import { eventGauges } from '../../shared/events/event-gauges.js';
import { createOutboxRelay } from '../../shared/events/outbox/outbox.js';
import type { Subgraph } from '../../shared/graphql/subgraph.js';
import { checkDependency } from '../../shared/http/health.js';
import { createScope } from '../../shared/http/lifecycle.js';
import type { Logger } from '../../shared/logging/logger.js';
import { createKnownUsers } from '../../shared/users/known-users.js';
import { createRelationTable } from '../../shared/users/relation-table.js';
import { composeSessions } from './compose-sessions.js';
import { createSessionsContext, type SessionsContext } from './context.js';
import { createInProcessPresenceStore } from './data/in-process-presence-store.js';
import { createKnownUserRepository } from './data/known-user-repository.js';
import { createPresenceSettingsRepository } from './data/presence-settings-repository.js';
import { createSessionsPrisma, sessionsSchema } from './data/prisma.js';
import { createRedisPresenceStore } from './data/redis-presence-store.js';
import { createRelationHistoryRepository } from './data/relation-history-repository.js';
import { presenceGauges } from './presence-gauges.js';
import { createScheduler } from './presence/scheduler.js';
import { resolvers } from './resolvers/resolvers.js';
import { createPresenceService } from './services/presence/presence-service.js';
import { createRelationChanges } from './services/presence/relation-changes.js';
import { createSessionConsumer } from './services/session-consumer.js';

export interface SessionsSubgraphOptions {
  readonly database: Database;
  readonly bus: EventBus;
  readonly accessTokens: AccessTokenVerifier;
  /** Gets to know every session that ends, and at the start those whose tokens may still live. */
  readonly revocations: Revocations;
  /** Where the processes share the presence of everybody; without one, this process alone knows it. */
  readonly redisUrl?: string | undefined;
  /** Multiplies the quotas of what clients declare (`RATE_LIMIT_SCALE`). */
  readonly rateLimitScale?: number;
  readonly logger: Logger;
  readonly now?: () => number;
}

export type SessionsSubgraph = Subgraph<SessionsContext> & {
  /** The sessions that ended at or after `since`, in ms since the epoch, no longer ago than a token lives. */
  endedSince(since: number): Promise<readonly EndedSession[]>;
};

/** Sessions and presence. */
export async function createSessionsSubgraph(options: SessionsSubgraphOptions): Promise<SessionsSubgraph> {
  const { database, bus, accessTokens, revocations, redisUrl, rateLimitScale = 1, logger, now = Date.now } = options;
  await database.migrate({ name: 'sessions', folder: join(projectRoot, 'subgraphs/sessions/prisma/migrations') });
  const typeDefs = parse(await readFile(join(projectRoot, 'schema/subgraphs/sessions.graphql'), 'utf8'));
  const scope = createScope();
  const scheduler = createScheduler(now);

  const prisma = createSessionsPrisma(database);
  scope.defer(() => prisma.$disconnect());
  const sql = createPlainSql(database);
  const relay = createOutboxRelay({ database: prisma, schema: sessionsSchema, isAlone: database.isExclusive, bus, logger, now });
  scope.defer(() => relay.close());
  const store =
    redisUrl === undefined ? createInProcessPresenceStore({ scheduler }) : createRedisPresenceStore({ url: redisUrl, scheduler, logger });
  scope.defer(() => store.close());
  const relations = createRelationTable(prisma, sessionsSchema);
  const knownUsers = createKnownUserRepository(prisma, relations);
  const history = createRelationHistoryRepository(prisma, now);
  const relationChanges = createRelationChanges({ repository: relations, history, store, scheduler, logger });
  scope.defer(() => relationChanges.close());
  const presence = createPresenceService({
    store,
    settings: createPresenceSettingsRepository(prisma, sql),
    relations,
    history,
    knownUsers: createKnownUsers({ repository: knownUsers, scheduler }),
    revocations,
    scheduler,
    logger,
    rateLimitScale,
  });
  scope.defer(() => presence.close());
  const services = composeSessions({
    prisma,
    sql,
    store,
    presence,
    revocations,
    onAnnounced: () => relay.wake(),
    scheduler,
    logger,
    now,
    scope,
  });
  const { sessions, userErasure } = services;
  for (const session of await sessions.endedSince(now() - accessTokenLifetimeMs)) revocations.revoke(session);
  await bus.subscribe(createSessionConsumer({ sessions, knownUsers, relations: relationChanges, userErasure }));

  return {
    name: 'sessions',
    schema: buildSubgraphSchema([{ typeDefs, resolvers }]),
    sharedSubscriptions: ['presence'],
    async createContext(headers, connection) {
      const viewer = await accessTokens.verify(headers.authorization);
      // The event that announces a session may come after its first request.
      if (viewer !== null) await sessions.observe(viewer);
      return createSessionsContext({
        viewer,
        requestId: headers['x-request-id'] ?? randomUUID(),
        connection,
        presence,
        ...services,
      });
    },
    ready: async () => [
      await checkDependency('database', () => database.ping()),
      await checkDependency('events', () => bus.ping()),
      await checkDependency('presence', () => store.ping()),
    ],
    gauges: [...eventGauges({ relay, bus, group: 'sessions' }), ...presenceGauges(presence)],
    endedSince: (since) => sessions.endedSince(since),
    close: () => scope.close(),
  };
}
