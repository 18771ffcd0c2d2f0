import type { Viewer } from '../../../../shared/auth/viewer.js';
import { AppError, unauthenticated } from '../../../../shared/errors/app-error.js';
import type { RateLimits } from '../../../../shared/rate-limits/rate-limits.js';
import type { KnownUsers } from '../../../../shared/users/known-users.js';
import type { RelationRepository } from '../../data/relation-repository.js';
import { parseUserId } from '../user-id.js';
import { toFriendship, type Friendship } from './friendship.js';
import {
  createRelationRules,
  noRelation,
  type Become,
  type BlockLimitReached,
  type FriendLimitReached,
  type FriendRequestNotFound,
  type FriendshipConflict,
  type NotFriends,
  type RelationLimits,
  type Standing,
  type UserNotFound,
} from './relation.js';

/** The change is made, or there was nothing to change. */
export interface Related {
  readonly kind: 'Related';
  readonly friendship: Friendship;
}

/**
 * Friends, requests and blocks of the viewer. Every change names the other user by an id of any form. All throw `UNAUTHENTICATED` for an
 * anonymous caller; `request` also `RATE_LIMITED`.
 */
export interface FriendService {
  request(viewer: Viewer | null, otherId: string): Promise<Related | UserNotFound | FriendshipConflict | FriendLimitReached>;
  accept(viewer: Viewer | null, otherId: string): Promise<Related | FriendRequestNotFound | FriendLimitReached>;
  decline(viewer: Viewer | null, otherId: string): Promise<Related | FriendRequestNotFound>;
  cancel(viewer: Viewer | null, otherId: string): Promise<Related | FriendRequestNotFound>;
  remove(viewer: Viewer | null, otherId: string): Promise<Related | NotFriends>;
  block(viewer: Viewer | null, otherId: string): Promise<Related | UserNotFound | BlockLimitReached>;
  unblock(viewer: Viewer | null, otherId: string): Promise<Related | UserNotFound>;
  /** How the viewer and each user stand, in the given order; null for an anonymous viewer and for oneself. Never throws for an id. */
  view(viewer: Viewer | null, userIds: readonly string[]): Promise<readonly (Friendship | null)[]>;
}

export interface FriendServiceOptions {
  readonly relations: RelationRepository;
  readonly knownUsers: KnownUsers;
  readonly rateLimits: RateLimits;
  readonly limits?: RelationLimits;
  /** Called after an announcement may have been committed to the outbox. */
  readonly onAnnounced: () => void;
  readonly now: () => number;
}

const requestsPerMinute = { points: 30, seconds: 60 };
const requestsPerDay = { points: 300, seconds: 24 * 3600 };

export function createFriendService(options: FriendServiceOptions): FriendService {
  const { relations, knownUsers, rateLimits, limits, onAnnounced, now } = options;
  const rules = createRelationRules(limits);
  const perMinute = rateLimits.window('friend requests per minute', requestsPerMinute);
  const perDay = rateLimits.window('friend requests per day', requestsPerDay);

  async function change<Outcome extends { readonly kind: string }>(
    userId: string,
    otherId: string,
    decide: (standing: Standing, at: Date) => Become | Outcome,
  ): Promise<Related | Exclude<Outcome, Become>> {
    const at = new Date(now());
    const outcome = await relations.change({ userId, otherId }, at, (standing) => decide(standing, at));
    if (!isBecome(outcome)) return outcome as Exclude<Outcome, Become>;
    onAnnounced();
    return { kind: 'Related', friendship: toFriendship(otherId, outcome.relation) };
  }

  /** Whether there is such a user, who does not block the viewer. Asked before the change, since it may wait for an announcement on its way. */
  async function isKnown(viewer: Viewer, otherId: string): Promise<boolean> {
    const known = await knownUsers.among(viewer.userId, [viewer.userId, otherId]);
    if (!known.has(viewer.userId)) {
      throw new AppError('UNAVAILABLE', 'Your account is not known here yet. Try again in a moment.', { retryAfter: 1 });
    }
    return known.has(otherId);
  }

  return {
    async request(caller, given) {
      const viewer = requireViewer(caller);
      // Every try counts, also one that finds nobody: else requests would be a way to try ids.
      await perMinute.take(viewer.userId);
      await perDay.take(viewer.userId);
      const otherId = parseUserId(given);
      if (otherId === viewer.userId) return { kind: 'FriendshipConflict', code: 'SELF' };
      if (otherId === null || !(await isKnown(viewer, otherId))) return { kind: 'UserNotFound' };
      return change(viewer.userId, otherId, rules.request);
    },

    async accept(caller, given) {
      const { userId, otherId } = parsePair(caller, given);
      return otherId === null ? { kind: 'FriendRequestNotFound' } : change(userId, otherId, rules.accept);
    },

    async decline(caller, given) {
      const { userId, otherId } = parsePair(caller, given);
      return otherId === null ? { kind: 'FriendRequestNotFound' } : change(userId, otherId, rules.decline);
    },

    async cancel(caller, given) {
      const { userId, otherId } = parsePair(caller, given);
      return otherId === null ? { kind: 'FriendRequestNotFound' } : change(userId, otherId, rules.cancel);
    },

    async remove(caller, given) {
      const { userId, otherId } = parsePair(caller, given);
      return otherId === null ? { kind: 'NotFriends' } : change(userId, otherId, rules.remove);
    },

    async block(caller, given) {
      const { otherId } = parsePair(caller, given);
      const viewer = requireViewer(caller);
      if (otherId === null || !(await isKnown(viewer, otherId))) return { kind: 'UserNotFound' };
      return change(viewer.userId, otherId, rules.block);
    },

    async unblock(caller, given) {
      const { otherId } = parsePair(caller, given);
      const viewer = requireViewer(caller);
      if (otherId === null || !(await isKnown(viewer, otherId))) return { kind: 'UserNotFound' };
      return change(viewer.userId, otherId, rules.unblock);
    },

    async view(viewer, userIds) {
      if (viewer === null) return userIds.map(() => null);
      const others = userIds.map((id) => parseUserId(id));
      const found = await relations.find(viewer.userId, [
        ...new Set(others.filter((id): id is string => id !== null && id !== viewer.userId)),
      ]);
      return userIds.map((userId, index) => {
        const otherId = others[index] ?? null;
        if (otherId === viewer.userId) return null;
        return toFriendship(userId, (otherId === null ? undefined : found.get(otherId)) ?? noRelation);
      });
    },
  };
}

/** The viewer and the other; null for an id that nobody can have, and for the viewer's own. */
function parsePair(viewer: Viewer | null, given: string): { userId: string; otherId: string | null } {
  const { userId } = requireViewer(viewer);
  const otherId = parseUserId(given);
  return { userId, otherId: otherId === userId ? null : otherId };
}

function isBecome(outcome: { readonly kind: string }): outcome is Become {
  return outcome.kind === 'Become';
}

function requireViewer(viewer: Viewer | null): Viewer {
  if (viewer === null) throw unauthenticated();
  return viewer;
}
