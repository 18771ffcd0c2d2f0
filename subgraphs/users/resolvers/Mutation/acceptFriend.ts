import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { friendLimitError, friendRequestNotFoundError } from '../friend-errors.js';
import { toChangedFriendship } from '../to-friendship.js';

export const acceptFriend: NonNullable<MutationResolvers['acceptFriend']> = async (_parent, { input }, context) => {
  const result = await context.friends.accept(context.viewer, input.userId);
  switch (result.kind) {
    case 'Related':
      return { __typename: 'AcceptFriendshipPayload', friendship: toChangedFriendship(result.friendship, context) };
    case 'FriendRequestNotFound':
      return friendRequestNotFoundError;
    case 'FriendLimitReached':
      return friendLimitError(result.limit);
  }
};
