import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { userNotFoundError } from '../friend-errors.js';
import { toChangedFriendship } from '../to-friendship.js';

export const unblockUser: NonNullable<MutationResolvers['unblockUser']> = async (_parent, { input }, context) => {
  const result = await context.friends.unblock(context.viewer, input.userId);
  switch (result.kind) {
    case 'Related':
      return { __typename: 'UnblockFriendshipPayload', friendship: toChangedFriendship(result.friendship, context) };
    case 'UserNotFound':
      return userNotFoundError;
  }
};
