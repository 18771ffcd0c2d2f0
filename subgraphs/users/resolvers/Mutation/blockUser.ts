import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { blockLimitError, userNotFoundError } from '../friend-errors.js';
import { toChangedFriendship } from '../to-friendship.js';

export const blockUser: NonNullable<MutationResolvers['blockUser']> = async (_parent, { input }, context) => {
  const result = await context.friends.block(context.viewer, input.userId);
  switch (result.kind) {
    case 'Related':
      return { __typename: 'BlockFriendshipPayload', friendship: toChangedFriendship(result.friendship, context) };
    case 'UserNotFound':
      return userNotFoundError;
    case 'BlockLimitReached':
      return blockLimitError;
  }
};
