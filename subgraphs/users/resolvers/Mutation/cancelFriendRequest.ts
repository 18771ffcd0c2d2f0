import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { friendRequestNotFoundError } from '../friend-errors.js';
import { toChangedFriendship } from '../to-friendship.js';

export const cancelFriendRequest: NonNullable<MutationResolvers['cancelFriendRequest']> = async (_parent, { input }, context) => {
  const result = await context.friends.cancel(context.viewer, input.userId);
  switch (result.kind) {
    case 'Related':
      return { __typename: 'CancelFriendshipPayload', friendship: toChangedFriendship(result.friendship, context) };
    case 'FriendRequestNotFound':
      return friendRequestNotFoundError;
  }
};
