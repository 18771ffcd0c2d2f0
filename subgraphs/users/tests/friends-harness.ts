import { v7 as uuidv7 } from 'uuid';
import type { Viewer } from '../../../shared/auth/viewer.js';
import type { Database } from '../../../shared/database/database.js';
import { createLogger } from '../../../shared/logging/logger.js';
import { createRateLimits, type RateLimits } from '../../../shared/rate-limits/rate-limits.js';
import { createKnownUsers, type KnownUserSource, type PollClock } from '../../../shared/users/known-users.js';
import { createKnownUserRepository, type KnownUserRepository } from '../data/known-user-repository.js';
import { createUsersPrisma, type UsersPrisma } from '../data/prisma.js';
import { createProfileRepository, type ProfileRepository } from '../data/profile-repository.js';
import { createRelationLists } from '../data/relation-lists.js';
import { createRelationRepository, type RelationRepository } from '../data/relation-repository.js';
import { createFriendLists, type FriendLists } from '../services/friends/friend-lists.js';
import { createFriendService, type FriendService } from '../services/friends/friend-service.js';
import { createMutualFriends, type MutualFriends } from '../services/friends/mutual-friends.js';
import type { RelationLimits } from '../services/friends/relation.js';
import { createProfileAccess } from '../services/profiles/profile-access.js';

/** Friends on a real database, without GraphQL, with a clock that tests turn and limits as small as they like. */
export interface FriendsUnderTest {
  readonly prisma: UsersPrisma;
  readonly clock: { now: number };
  readonly friends: FriendService;
  /** The same, in real time: it waits a moment for who has just registered. */
  readonly patient: FriendService;
  /** How often it was looked up so far who there is. */
  lookUps(): number;
  readonly lists: FriendLists;
  readonly mutualFriends: MutualFriends;
  readonly relations: RelationRepository;
  readonly profiles: ProfileRepository;
  readonly users: KnownUserRepository;
  /** The same with other limits. */
  withLimits(limits: Partial<RelationLimits>): FriendService;
  /** The same with these rate limits. */
  withRateLimits(rateLimits: RateLimits): FriendService;
  /** Somebody new, as auth announces them. */
  register(username: string, userId?: string): Promise<Viewer>;
  /** What of relations was announced, in order. */
  announced(): Promise<readonly unknown[]>;
  close(): Promise<void>;
}

/** Limits that no test reaches by chance. */
const generous: RelationLimits = { friends: 1_000, sentRequests: 1_000, receivedRequests: 1_000, blocks: 1_000 };

/** Time by which the wait for an announcement is over at once. */
function passingTime(): () => number {
  let now = 0;
  return () => (now += 1_000);
}

export function startFriends(database: Database): FriendsUnderTest {
  const prisma = createUsersPrisma(database);
  const clock = { now: Date.UTC(2026, 0, 31, 12) };
  const users = createKnownUserRepository(prisma, { announcesUserEvents: false });
  const relations = createRelationRepository(prisma);
  const profiles = createProfileRepository(prisma);
  const unlimited = createRateLimits({ redisUrl: undefined, scale: 1_000, logger: createLogger({ name: 'test', level: 'silent' }) });

  let lookUps = 0;
  const counted: KnownUserSource = {
    find(viewerId, userIds) {
      lookUps += 1;
      return users.find(viewerId, userIds);
    },
  };
  const hasty: PollClock = { now: passingTime(), after: (_ms, task) => setImmediate(task) };
  const patient: PollClock = { now: Date.now, after: (ms, task) => setTimeout(task, ms) };

  interface Choice {
    readonly limits?: RelationLimits;
    readonly rateLimits?: RateLimits;
    readonly scheduler?: PollClock;
  }
  function create({ limits = generous, rateLimits = unlimited, scheduler = hasty }: Choice): FriendService {
    return createFriendService({
      relations,
      knownUsers: createKnownUsers({ repository: counted, scheduler }),
      rateLimits,
      limits,
      onAnnounced: () => undefined,
      now: () => clock.now,
    });
  }

  return {
    prisma,
    clock,
    friends: create({}),
    patient: create({ scheduler: patient }),
    lookUps: () => lookUps,
    lists: createFriendLists({ lists: createRelationLists(prisma) }),
    mutualFriends: createMutualFriends({ relations, access: createProfileAccess({ profiles, relations }) }),
    relations,
    profiles,
    users,
    withLimits: (limits) => create({ limits: { ...generous, ...limits } }),
    withRateLimits: (rateLimits) => create({ rateLimits }),
    async register(username, userId = uuidv7()) {
      await users.register({ eventId: uuidv7(), occurredAt: new Date(clock.now).toISOString(), userId, username, legacyId: undefined });
      return { userId, username, sessionId: 'session', roles: ['USER'], authenticatedAt: 0, expiresAt: 0 };
    },
    async announced() {
      const rows = await prisma.outboxEvent.findMany({ where: { type: 'relation.changed' }, orderBy: { sequence: 'asc' } });
      return rows.map(({ payload }) => payload);
    },
    async close() {
      await prisma.$disconnect();
    },
  };
}
