import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { notFriendsError } from '../friend-errors.js';
import { toChangedFriendship } from '../to-friendship.js';

export const removeFriend: NonNullable<MutationResolvers['removeFriend']> = async (_parent, { input }, context) => {
  const result = await context.friends.remove(context.viewer, input.userId);
  switch (result.kind) {
    case 'Related':
      return { __typename: 'RemoveFriendshipPayload', friendship: toChangedFriendship(result.friendship, context) };
    case 'NotFriends':
      return notFriendsError;
  }
};
