/** Everything between two users, as it stands for one of them. A time says since when; null = it is not so. */
export interface Relation {
  readonly friendsSince: Date | null;
  readonly requestSentAt: Date | null;
  readonly requestReceivedAt: Date | null;
  /** When the one blocked the other. */
  readonly blockedAt: Date | null;
  /** When the other blocked the one, who must not find out. */
  readonly blockedByOtherAt: Date | null;
}

export const noRelation: Relation = {
  friendsSince: null,
  requestSentAt: null,
  requestReceivedAt: null,
  blockedAt: null,
  blockedByOtherAt: null,
};

/** What counts against the limits, apart from the two themselves. */
export interface RelationCounts {
  readonly ownFriends: number;
  readonly otherFriends: number;
  readonly ownSentRequests: number;
  readonly otherReceivedRequests: number;
  readonly ownBlocks: number;
}

/** The most that one user may have of each. */
export interface RelationLimits {
  readonly friends: number;
  readonly sentRequests: number;
  readonly receivedRequests: number;
  readonly blocks: number;
}

/** How two users stand at one moment, read where nobody else changes it. */
export interface Standing {
  readonly relation: Relation;
  readonly counts: RelationCounts;
  /** Whether both have an account. */
  readonly areKnown: boolean;
}

/** The relation becomes another, or stays as it is, which is no refusal. */
export interface Become {
  readonly kind: 'Become';
  readonly relation: Relation;
}

export type ConflictCode = 'ALREADY_FRIENDS' | 'ALREADY_REQUESTED' | 'BLOCKED_BY_YOU' | 'SELF';
/** Which limit is reached, and whose. */
export type FriendLimit = 'OWN_FRIENDS' | 'OTHER_FRIENDS' | 'SENT_REQUESTS' | 'RECEIVED_REQUESTS';

export type UserNotFound = { readonly kind: 'UserNotFound' };
export type FriendshipConflict = { readonly kind: 'FriendshipConflict'; readonly code: ConflictCode };
export type FriendLimitReached = { readonly kind: 'FriendLimitReached'; readonly limit: FriendLimit };
export type FriendRequestNotFound = { readonly kind: 'FriendRequestNotFound' };
export type NotFriends = { readonly kind: 'NotFriends' };
export type BlockLimitReached = { readonly kind: 'BlockLimitReached' };

/** The rules by which one user changes how they stand to another. Pure: who holds the lock applies what comes out. */
export interface RelationRules {
  readonly request: (standing: Standing, at: Date) => Become | UserNotFound | FriendshipConflict | FriendLimitReached;
  readonly accept: (standing: Standing, at: Date) => Become | FriendRequestNotFound | FriendLimitReached;
  readonly decline: (standing: Standing) => Become | FriendRequestNotFound;
  readonly cancel: (standing: Standing) => Become | FriendRequestNotFound;
  readonly remove: (standing: Standing) => Become | NotFriends;
  readonly block: (standing: Standing, at: Date) => Become | UserNotFound | BlockLimitReached;
  readonly unblock: (standing: Standing) => Become | UserNotFound;
}

export const defaultRelationLimits: RelationLimits = { friends: 1_000, sentRequests: 100, receivedRequests: 500, blocks: 1_000 };

export function createRelationRules(limits: RelationLimits = defaultRelationLimits): RelationRules {
  function befriend({ relation, counts }: Standing, at: Date): Become | FriendLimitReached {
    if (counts.ownFriends >= limits.friends) return { kind: 'FriendLimitReached', limit: 'OWN_FRIENDS' };
    if (counts.otherFriends >= limits.friends) return { kind: 'FriendLimitReached', limit: 'OTHER_FRIENDS' };
    return become({ ...relation, requestSentAt: null, requestReceivedAt: null, friendsSince: at });
  }

  return {
    request(standing, at) {
      const { relation, counts, areKnown } = standing;
      if (!areKnown) return { kind: 'UserNotFound' };
      if (relation.blockedAt !== null) return { kind: 'FriendshipConflict', code: 'BLOCKED_BY_YOU' };
      // The same answer as for an id that nobody has: a block is not announced to the blocked.
      if (relation.blockedByOtherAt !== null) return { kind: 'UserNotFound' };
      if (relation.friendsSince !== null) return { kind: 'FriendshipConflict', code: 'ALREADY_FRIENDS' };
      if (relation.requestSentAt !== null) return { kind: 'FriendshipConflict', code: 'ALREADY_REQUESTED' };
      if (relation.requestReceivedAt !== null) return befriend(standing, at);
      if (counts.ownFriends >= limits.friends) return { kind: 'FriendLimitReached', limit: 'OWN_FRIENDS' };
      if (counts.ownSentRequests >= limits.sentRequests) return { kind: 'FriendLimitReached', limit: 'SENT_REQUESTS' };
      if (counts.otherReceivedRequests >= limits.receivedRequests) return { kind: 'FriendLimitReached', limit: 'RECEIVED_REQUESTS' };
      return become({ ...relation, requestSentAt: at });
    },

    accept(standing, at) {
      // Only a request that was received: nobody accepts their own.
      return standing.relation.requestReceivedAt === null ? { kind: 'FriendRequestNotFound' } : befriend(standing, at);
    },

    decline({ relation }) {
      return relation.requestReceivedAt === null ? { kind: 'FriendRequestNotFound' } : become({ ...relation, requestReceivedAt: null });
    },

    cancel({ relation }) {
      return relation.requestSentAt === null ? { kind: 'FriendRequestNotFound' } : become({ ...relation, requestSentAt: null });
    },

    remove({ relation }) {
      return relation.friendsSince === null ? { kind: 'NotFriends' } : become({ ...relation, friendsSince: null });
    },

    block({ relation, counts, areKnown }, at) {
      if (!areKnown) return { kind: 'UserNotFound' };
      if (relation.blockedAt !== null) return become(relation);
      // For the caller there is no such user, and so nobody to block.
      if (relation.blockedByOtherAt !== null) return { kind: 'UserNotFound' };
      if (counts.ownBlocks >= limits.blocks) return { kind: 'BlockLimitReached' };
      return become({ ...noRelation, blockedAt: at });
    },

    unblock({ relation, areKnown }) {
      const isHidden = relation.blockedAt === null && relation.blockedByOtherAt !== null;
      return areKnown && !isHidden ? become({ ...relation, blockedAt: null }) : { kind: 'UserNotFound' };
    },
  };
}

/** Whether the two look to each other like users who do not exist. */
export function isBlockedEitherWay({ blockedAt, blockedByOtherAt }: Relation): boolean {
  return blockedAt !== null || blockedByOtherAt !== null;
}

function become(relation: Relation): Become {
  return { kind: 'Become', relation };
}
