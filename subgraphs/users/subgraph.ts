import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import type { AccessTokenVerifier } from '../../shared/auth/access-token.js';
import { projectRoot } from '../../shared/config/project-root.js';
import type { Database } from '../../shared/database/database.js';
import type { EventBus } from '../../shared/events/event-bus.js';
import { eventGauges } from '../../shared/events/event-gauges.js';
import { createOutboxRelay } from '../../shared/events/outbox/outbox.js';
import { declareSharing } from '../../shared/graphql/sharing/sharing.js';
import type { Subgraph } from '../../shared/graphql/subgraph.js';
import { checkDependency } from '../../shared/http/health.js';
import { createScope } from '../../shared/http/lifecycle.js';
import type { Logger } from '../../shared/logging/logger.js';
import type { RateLimits } from '../../shared/rate-limits/rate-limits.js';
import { createKnownUsers } from '../../shared/users/known-users.js';
import { createUsersContext, type UsersContext } from './context.js';
import { createBlockRepository } from './data/block-repository.js';
import { createKnownUserRepository } from './data/known-user-repository.js';
import { createUsersPrisma, usersSchema } from './data/prisma.js';
import { createProfileRepository } from './data/profile-repository.js';
import { createUserEventStream } from './data/redis-user-events.js';
import { createRelationLists } from './data/relation-lists.js';
import { createRelationRepository } from './data/relation-repository.js';
import { createSearchNameRepository } from './data/search-name-repository.js';
import { createUserExportRepository } from './data/user-export-repository.js';
import { resolvers } from './resolvers/resolvers.js';
import { sharing } from './resolvers/sharing.js';
import { createFriendLists } from './services/friends/friend-lists.js';
import { createFriendService } from './services/friends/friend-service.js';
import { createMutualFriends } from './services/friends/mutual-friends.js';
import { createProfileAccess } from './services/profiles/profile-access.js';
import { createProfileAudience } from './services/profiles/profile-audience.js';
import { createProfileService } from './services/profiles/profile-service.js';
import { createUserConsumer } from './services/user-consumer.js';
import { createUserExport } from './services/user-export.js';
import { createUserSearch } from './services/user-search.js';
import { withUserEvents } from './services/with-user-events.js';

export interface UsersSubgraphOptions {
  readonly database: Database;
  readonly bus: EventBus;
  readonly accessTokens: AccessTokenVerifier;
  readonly rateLimits: RateLimits;
  /** Where readers of the services that this one replaces follow users; null where nobody can. */
  readonly userEvents: { readonly redisUrl: string; readonly maxLength: number } | null;
  readonly logger: Logger;
  readonly now?: () => number;
}

/** Profiles, friends, and the search for users. */
export async function createUsersSubgraph(options: UsersSubgraphOptions): Promise<Subgraph<UsersContext>> {
  const { database, bus, accessTokens, rateLimits, userEvents, logger, now = Date.now } = options;
  await database.migrate({ name: 'users', folder: join(projectRoot, 'subgraphs/users/prisma/migrations') });
  const typeDefs = parse(await readFile(join(projectRoot, 'schema/subgraphs/users.graphql'), 'utf8'));
  const scope = createScope();

  const prisma = createUsersPrisma(database);
  scope.defer(() => prisma.$disconnect());
  await prisma.$connect();
  const stream = userEvents === null ? null : createUserEventStream({ url: userEvents.redisUrl, maxLength: userEvents.maxLength, logger });
  scope.defer(async () => await stream?.close());
  const relay = createOutboxRelay({
    database: prisma,
    schema: usersSchema,
    isAlone: database.isExclusive,
    bus: stream === null ? bus : withUserEvents(bus, stream),
    logger,
    now,
  });
  scope.defer(() => relay.close());
  const onAnnounced = () => relay.wake();

  const users = createKnownUserRepository(prisma, { announcesUserEvents: stream !== null });
  const stored = createProfileRepository(prisma);
  const relations = createRelationRepository(prisma);
  const access = createProfileAccess({ profiles: stored, relations });
  const profiles = createProfileService({ profiles: stored, access, onAnnounced, now });
  const profileAudience = createProfileAudience({ profiles: stored, blocks: createBlockRepository(prisma) });
  const userSearch = createUserSearch({ names: createSearchNameRepository(prisma) });
  const knownUsers = createKnownUsers({ repository: users, scheduler: { now, after: (ms, task) => setTimeout(task, ms) } });
  const friends = createFriendService({ relations, knownUsers, rateLimits, onAnnounced, now });
  const friendLists = createFriendLists({ lists: createRelationLists(prisma) });
  const mutualFriends = createMutualFriends({ relations, access });
  const userExport = createUserExport({ repository: createUserExportRepository(prisma) });
  await bus.subscribe(createUserConsumer({ users, onAnnounced }));

  const schema = buildSubgraphSchema([{ typeDefs, resolvers }]);
  return {
    name: 'users',
    schema,
    sharing: declareSharing(schema, sharing),
    async createContext(headers) {
      const viewer = await accessTokens.verify(headers.authorization);
      const requestId = headers['x-request-id'] ?? randomUUID();
      return createUsersContext({
        viewer,
        requestId,
        profiles,
        userSearch,
        userExport,
        friends,
        friendLists,
        mutualFriends,
        profileAudience,
      });
    },
    ready: async () => [await checkDependency('database', () => database.ping()), await checkDependency('events', () => bus.ping())],
    gauges: eventGauges({ relay, bus, group: 'users' }),
    close: () => scope.close(),
  };
}
