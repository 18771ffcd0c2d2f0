import type { Relation } from './relation.js';

export type FriendshipStatus = 'NONE' | 'REQUEST_SENT' | 'REQUEST_RECEIVED' | 'FRIENDS' | 'BLOCKED';

/** How two users stand, as the one may know it. */
export interface Friendship {
  /** The other. */
  readonly userId: string;
  readonly status: FriendshipStatus;
  /** Null for `NONE`. */
  readonly since: Date | null;
}

/** What the one may know of `relation`: that the other has blocked them looks like nothing at all. */
export function toFriendship(userId: string, relation: Relation): Friendship {
  const { friendsSince, requestSentAt, requestReceivedAt, blockedAt } = relation;
  if (blockedAt !== null) return { userId, status: 'BLOCKED', since: blockedAt };
  if (friendsSince !== null) return { userId, status: 'FRIENDS', since: friendsSince };
  if (requestSentAt !== null) return { userId, status: 'REQUEST_SENT', since: requestSentAt };
  if (requestReceivedAt !== null) return { userId, status: 'REQUEST_RECEIVED', since: requestReceivedAt };
  return { userId, status: 'NONE', since: null };
}
