import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { toUserNotFoundError } from '../user-not-found-error.js';

export const enableUser: NonNullable<MutationResolvers['enableUser']> = async (_parent, { input }, context) => {
  const outcome = await context.moderation.enable(context.viewer, input.userId);
  switch (outcome.kind) {
    case 'Done':
      return { __typename: 'UserStatePayload', user: await context.accounts.reload(outcome.userId) };
    case 'UserNotFound':
      return toUserNotFoundError(outcome);
  }
};
