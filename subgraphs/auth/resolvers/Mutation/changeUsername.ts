import { toInvalidInputError } from '../../../../shared/errors/invalid-input.js';
import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { toUsernameTakenError } from '../username-taken-error.js';

export const changeUsername: NonNullable<MutationResolvers['changeUsername']> = async (_parent, { input }, context) => {
  const outcome = await context.usernames.change(context.viewer, input.username);
  switch (outcome.kind) {
    case 'Changed':
      return { __typename: 'ChangeUsernamePayload', user: await context.accounts.reload(outcome.userId) };
    case 'UsernameTaken':
      return toUsernameTakenError(outcome);
    case 'Cooldown':
      return {
        __typename: 'UsernameCooldownError',
        code: 'USERNAME_COOLDOWN',
        message: `Your username was changed a short while ago; you can change it again from ${outcome.retryAt.toISOString()}.`,
        retryAt: outcome.retryAt,
      };
    case 'InvalidInput':
      return toInvalidInputError(outcome);
  }
};
