import { graphql } from 'graphql';
import { v7 as uuidv7 } from 'uuid';
import type { AccessTokenVerifier } from '../../../shared/auth/access-token.js';
import { toGraphQLError, AppError, unauthenticated } from '../../../shared/errors/app-error.js';
import { createDomainEvent } from '../../../shared/events/domain-events.js';
import type { DomainEvent } from '../../../shared/events/event-bus.js';
import { createInProcessEventBus } from '../../../shared/events/buses/in-process-event-bus.js';
import type { Subgraph } from '../../../shared/graphql/subgraph.js';
import { createLogger } from '../../../shared/logging/logger.js';
import { createRateLimits } from '../../../shared/rate-limits/rate-limits.js';
import { openMigratedEmbedded } from '../../../tests/testkit/services/migrated-embedded.js';
import type { UsersContext } from '../context.js';
import { createUsersSubgraph } from '../subgraph.js';

export interface Person {
  readonly id: string;
  readonly username: string;
}

export interface Answer {
  readonly data?: Record<string, unknown>;
  readonly errors?: unknown[];
  /** Of the refusals among the errors. */
  readonly codes: readonly unknown[];
}

/** The whole users subgraph on PGlite, asked as the gateway asks it, with events as auth sends them. */
export interface UsersUnderTest {
  readonly subgraph: Subgraph<UsersContext>;
  /** What the subgraph has announced. */
  readonly events: readonly DomainEvent[];
  register(username: string): Promise<Person>;
  /** `caller` null is anonymous. */
  run(caller: Person | null, source: string, variables?: Record<string, unknown>): Promise<Answer>;
  close(): Promise<void>;
}

export async function startUsers(): Promise<UsersUnderTest> {
  const logger = createLogger({ name: 'test', level: 'silent' });
  const database = await openMigratedEmbedded();
  const bus = createInProcessEventBus({ logger });
  const events: DomainEvent[] = [];
  await bus.subscribe({
    group: 'test',
    types: ['relation.changed'],
    handle: (event) => Promise.resolve(void events.push(event)),
  });
  const rateLimits = createRateLimits({
    redisUrl: undefined,
    scale: 1,
    logger,
  });
  const subgraph = await createUsersSubgraph({
    database,
    bus,
    accessTokens,
    rateLimits,
    userEvents: null,
    logger,
  });
  let legacyId = 0;
  return {
    subgraph,
    events,
    async register(username) {
      const id = uuidv7();
      legacyId += 1;
      const payload = {
        userId: id,
        username,
        createdAt: new Date(0).toISOString(),
        legacyId,
      };
      await bus.publish([createDomainEvent('user.registered', { key: id, payload })]);
      return { id, username };
    },
    async run(caller, source, variableValues = {}) {
      const headers = caller === null ? {} : { authorization: `Bearer ${caller.id} ${caller.username}` };
      const contextValue = await subgraph.createContext(headers);
      const result = await graphql({
        schema: subgraph.schema,
        source,
        variableValues,
        contextValue,
      });
      const codes = (result.errors ?? []).map(({ originalError }) =>
        originalError instanceof AppError ? toGraphQLError(originalError).extensions.code : originalError,
      );
      // Without graphql's prototype-less objects.
      return {
        ...(JSON.parse(JSON.stringify(result)) as Omit<Answer, 'codes'>),
        codes,
      };
    },
    async close() {
      await bus.close();
      await subgraph.close();
      await database.close();
    },
  };
}

/** Takes `Bearer <id> <username>` for a good token. */
const accessTokens: AccessTokenVerifier = {
  verify(authorization) {
    if (authorization === undefined) return Promise.resolve(null);
    const [, userId, username] = authorization.split(' ');
    if (userId === undefined || username === undefined) return Promise.reject(unauthenticated());
    return Promise.resolve({
      userId,
      username,
      sessionId: 'session',
      roles: ['USER'],
      authenticatedAt: 0,
      expiresAt: 0,
    });
  },
};
