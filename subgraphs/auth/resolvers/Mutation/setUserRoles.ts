import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { toUserNotFoundError } from '../user-not-found-error.js';

export const setUserRoles: NonNullable<MutationResolvers['setUserRoles']> = async (_parent, { input }, context) => {
  const outcome = await context.moderation.setRoles(context.viewer, input.userId, input.roles);
  switch (outcome.kind) {
    case 'Done':
      return { __typename: 'UserStatePayload', user: await context.accounts.reload(outcome.userId) };
    case 'UserNotFound':
      return toUserNotFoundError(outcome);
    case 'LastAdmin':
      return {
        __typename: 'LastAdminError',
        code: 'LAST_ADMIN',
        message: 'The last administrator cannot step down: make somebody else one first.',
      };
  }
};
