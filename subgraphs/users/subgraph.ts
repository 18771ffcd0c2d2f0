import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import type { AccessTokenVerifier } from '../../shared/auth/access-token.js';
import { projectRoot } from '../../shared/config/project-root.js';
import type { Database } from '../../shared/database/database.js';
import type { EventBus } from '../../shared/events/event-bus.js';
import { createOutboxRelay } from '../../shared/events/outbox.js';
import type { Subgraph } from '../../shared/graphql/subgraph.js';
import { checkDependency } from '../../shared/http/health.js';
import type { Logger } from '../../shared/logging/logger.js';
import { createUsersContext, type UsersContext } from './context.js';
import { createUsersPrisma, usersSchema } from './data/prisma.js';
import { createProfileRepository } from './data/profile-repository.js';
import { createSearchNameRepository } from './data/search-name-repository.js';
import { resolvers } from './resolvers/resolvers.js';
import { createProfileService } from './services/profile-service.js';
import { createRegistrationConsumer } from './services/registration-consumer.js';
import { createUserSearch } from './services/user-search.js';

export interface UsersSubgraphOptions {
  readonly database: Database;
  readonly bus: EventBus;
  readonly accessTokens: AccessTokenVerifier;
  readonly logger: Logger;
  readonly now?: () => number;
}

/** Profiles and the search for users. */
export async function createUsersSubgraph({
  database,
  bus,
  accessTokens,
  logger,
  now = Date.now,
}: UsersSubgraphOptions): Promise<Subgraph<UsersContext>> {
  await database.migrate({ name: 'users', folder: join(projectRoot, 'subgraphs/users/prisma/migrations') });
  const typeDefs = parse(await readFile(join(projectRoot, 'schema/subgraphs/users.graphql'), 'utf8'));
  const prisma = createUsersPrisma(database);
  await prisma.$connect();
  const names = createSearchNameRepository(prisma);
  const profiles = createProfileService({ profiles: createProfileRepository(prisma), now });
  const userSearch = createUserSearch({ names });
  await bus.subscribe(createRegistrationConsumer({ names }));
  const relay = createOutboxRelay({ database: prisma, schema: usersSchema, isAlone: database.isExclusive, bus, logger, now });

  return {
    name: 'users',
    schema: buildSubgraphSchema([{ typeDefs, resolvers }]),
    async createContext(headers) {
      return createUsersContext({
        viewer: await accessTokens.verify(headers.authorization),
        requestId: headers['x-request-id'] ?? randomUUID(),
        profiles,
        userSearch,
      });
    },
    ready: async () => [await checkDependency('database', () => database.ping()), await checkDependency('events', () => bus.ping())],
    async close() {
      await relay.close();
      await prisma.$disconnect();
    },
  };
}
