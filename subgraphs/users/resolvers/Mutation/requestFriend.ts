import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { friendLimitError, friendshipConflictError, userNotFoundError } from '../friend-errors.js';
import { toChangedFriendship } from '../to-friendship.js';

export const requestFriend: NonNullable<MutationResolvers['requestFriend']> = async (_parent, { input }, context) => {
  const result = await context.friends.request(context.viewer, input.userId);
  switch (result.kind) {
    case 'Related':
      return { __typename: 'RequestFriendshipPayload', friendship: toChangedFriendship(result.friendship, context) };
    case 'UserNotFound':
      return userNotFoundError;
    case 'FriendshipConflict':
      return friendshipConflictError(result.code);
    case 'FriendLimitReached':
      return friendLimitError(result.limit);
  }
};
