import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSubgraphSchema } from '@apollo/subgraph';
import DataLoader from 'dataloader';
import { parse } from 'graphql';
import type { JWTVerifyGetKey } from 'jose';
import { v7 as uuidv7 } from 'uuid';
import { createAccessTokenVerifier } from '../../shared/auth/access-token.js';
import type { PublishedKeys } from '../../shared/auth/key-feed.js';
import type { Revocations } from '../../shared/auth/revocations.js';
import { projectRoot } from '../../shared/config/project-root.js';
import type { Database } from '../../shared/database/database.js';
import { createPlainSql } from '../../shared/database/plain-sql.js';
import { createConsumer } from '../../shared/events/consumer.js';
import type { EventBus } from '../../shared/events/event-bus.js';
import { eventGauges } from '../../shared/events/event-gauges.js';
import { createOutboxRelay } from '../../shared/events/outbox/outbox.js';
import { declareSharing } from '../../shared/graphql/sharing/sharing.js';
import type { Subgraph } from '../../shared/graphql/subgraph.js';
import { checkDependency } from '../../shared/http/health.js';
import type { Logger } from '../../shared/logging/logger.js';
import type { RateLimits } from '../../shared/rate-limits/rate-limits.js';
import type { AuthContext, AuthServices } from './context.js';
import { createAuthPrisma } from './data/prisma.js';
import { queueGauges } from '../../shared/telemetry/queue-gauges.js';
import { mailGauges } from './mail-gauges.js';
import { resolvers } from './resolvers/resolvers.js';
import { findBlockAudiences } from '../../shared/users/block-audience.js';
import { sharing } from './resolvers/sharing.js';
import { accountPages } from './routes/account-pages.js';
import { browserSessionRoutes } from './routes/browser-sessions.js';
import { jwksRoute } from './routes/jwks.js';
import { createAccountDirectory } from './services/accounts/account-directory.js';
import { deriveKey } from './services/keys/derive-key.js';
import { createSigningKeys } from './services/keys/signing-keys.js';
import { createMfaStatus } from './services/mfa/mfa-status.js';
import { createOneCredentialCheck } from './services/one-credential-check.js';
import { createAuthRepositories, type AuthRepositories } from './data/repositories.js';
import { composeServices, type ServiceSettings } from './compose-services.js';
import { defaultThreadPoolSize } from './services/passwords/password-hasher.js';
import { lowerPoolPriority } from './services/passwords/pool-priority.js';

export interface AuthSubgraphOptions extends ServiceSettings {
  readonly database: Database;
  readonly bus: EventBus;
  readonly revocations: Revocations;
  readonly rateLimits: RateLimits;
  readonly logger: Logger;
  readonly now?: () => number;
  /** `SIGNING_KEY_ROTATION_DAYS`: how long a key signs. */
  readonly signingKeyRotationDays?: number;
}

export type AuthSubgraph = Subgraph<AuthContext> & {
  /** Public keys of access tokens, for a verifier in the same process. */
  readonly keys: JWTVerifyGetKey;
  /** The same as `GET /.well-known/jwks.json`. */
  jwks(): PublishedKeys;
};

export async function createAuthSubgraph(options: AuthSubgraphOptions): Promise<AuthSubgraph> {
  const { database, bus, revocations, encryptionKey, logger, now = Date.now } = options;
  await lowerPoolPriority(options.threadPoolSize ?? defaultThreadPoolSize);
  await database.migrate({ name: 'auth', folder: join(projectRoot, 'subgraphs/auth/prisma/migrations') });
  const prisma = createAuthPrisma(database);
  const sql = createPlainSql(database);
  const repositories = createAuthRepositories(prisma, sql);
  const signingKeys = await createSigningKeys({
    repository: repositories.signingKeys,
    revocations,
    encryptionKey: deriveKey(encryptionKey, 'signing keys'),
    rotationMs: (options.signingKeyRotationDays ?? 30) * 24 * 60 * 60_000,
    logger,
    now,
  });
  const { keys } = signingKeys;
  const accessTokens = createAccessTokenVerifier({ keys, revocations, now });
  const outbox = createOutboxRelay({ database: sql, schema: 'auth', isAlone: database.isExclusive, bus, logger, now });
  const { services, ...background } = composeServices({
    ...options,
    repositories,
    signingKey: () => signingKeys.active(),
    wakeOutbox: () => outbox.wake(),
    now,
  });
  await followOthers(bus, services, repositories);

  const typeDefs = parse(readFileSync(join(projectRoot, 'schema/subgraphs/auth.graphql'), 'utf8'));
  const schema = buildSubgraphSchema([{ typeDefs, resolvers }]);
  return {
    name: 'auth',
    schema,
    sharing: declareSharing(schema, sharing),
    gauges: [
      ...eventGauges({ relay: outbox, bus, group: 'auth' }),
      ...mailGauges(repositories.mails, now),
      ...queueGauges(background.hashingLoad),
    ],
    keys,
    jwks: () => signingKeys.jwks(),
    async createContext(headers) {
      const viewer = await accessTokens.verify(headers.authorization);
      return {
        ...services,
        viewer,
        requestId: headers['x-request-id'] ?? uuidv7(),
        userAgent: headers['user-agent'],
        clientIp: headers['x-client-ip'] ?? null,
        accounts: createAccountDirectory({ accounts: repositories.accounts, relations: repositories.relations, viewer }),
        audience: new DataLoader((userIds) => findBlockAudiences(repositories.relations, userIds)),
        mfaStatus: createMfaStatus(repositories.mfa),
        oneCredentialCheck: createOneCredentialCheck(),
      };
    },
    async routes(app) {
      jwksRoute(() => signingKeys.jwks())(app);
      accountPages()(app);
      await browserSessionRoutes({ ...services, now })(app);
    },
    ready: () => Promise.all([checkDependency('database', () => database.ping()), checkDependency('events', () => bus.ping())]),
    async close() {
      await background.close();
      await signingKeys.close();
      await outbox.close();
      await prisma.$disconnect();
    },
  };
}

/** Takes what other subgraphs announce, as long as the bus lives. */
async function followOthers(
  bus: EventBus,
  { sessionEnder, auditLog }: AuthServices,
  { families, relations }: AuthRepositories,
): Promise<void> {
  await bus.subscribe(
    createConsumer('auth', {
      'session.ended': (event) => sessionEnder.follow(event),
      'image.removed': (event) => auditLog.followImageRemoval(event),
      'session.renamed': ({ id: eventId, payload: { sessionId: familyId, device } }) => families.takeDevice({ eventId, familyId, device }),
      'relation.changed': ({ id, payload }) => relations.take(id, payload),
    }),
  );
}
