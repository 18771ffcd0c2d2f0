import type { ConflictCode, FriendLimit } from '../services/friends/relation.js';

export const userNotFoundError = {
  __typename: 'UserNotFoundError',
  code: 'USER_NOT_FOUND',
  message: 'There is no user of this id.',
} as const;

export const friendRequestNotFoundError = {
  __typename: 'FriendRequestNotFoundError',
  code: 'FRIEND_REQUEST_NOT_FOUND',
  message: 'There is no such request between you and this user.',
} as const;

export const notFriendsError = {
  __typename: 'NotFriendsError',
  code: 'NOT_FRIENDS',
  message: 'You and this user are not friends.',
} as const;

export const blockLimitError = {
  __typename: 'BlockLimitError',
  code: 'BLOCK_LIMIT',
  message: 'You have blocked as many users as you may. Unblock one first.',
} as const;

const conflicts: Readonly<Record<ConflictCode, string>> = {
  ALREADY_FRIENDS: 'You are friends already.',
  ALREADY_REQUESTED: 'You have asked already. The request waits for an answer.',
  BLOCKED_BY_YOU: 'You have blocked this user. Unblock them first.',
  SELF: 'That is yourself.',
};

export function friendshipConflictError(code: ConflictCode) {
  return { __typename: 'FriendshipConflictError', code, message: conflicts[code] } as const;
}

const limits: Readonly<Record<FriendLimit, string>> = {
  OWN_FRIENDS: 'You have as many friends as there may be.',
  OTHER_FRIENDS: 'This user has as many friends as there may be.',
  SENT_REQUESTS: 'As many of your requests wait as there may be. Take one back first.',
  RECEIVED_REQUESTS: 'This user has as many requests to answer as there may be. Try again later.',
};

export function friendLimitError(limit: FriendLimit) {
  return { __typename: 'FriendLimitError', code: 'FRIEND_LIMIT', message: limits[limit] } as const;
}
