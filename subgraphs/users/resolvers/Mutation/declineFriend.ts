import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { friendRequestNotFoundError } from '../friend-errors.js';
import { toChangedFriendship } from '../to-friendship.js';

export const declineFriend: NonNullable<MutationResolvers['declineFriend']> = async (_parent, { input }, context) => {
  const result = await context.friends.decline(context.viewer, input.userId);
  switch (result.kind) {
    case 'Related':
      return { __typename: 'DeclineFriendshipPayload', friendship: toChangedFriendship(result.friendship, context) };
    case 'FriendRequestNotFound':
      return friendRequestNotFoundError;
  }
};
