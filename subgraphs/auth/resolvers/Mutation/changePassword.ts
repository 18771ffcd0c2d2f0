import { toInvalidInputError } from '../../../../shared/errors/invalid-input.js';
import type { MutationResolvers } from '../../__generated__/resolvers.js';

export const changePassword: NonNullable<MutationResolvers['changePassword']> = async (_parent, { input }, context) => {
  context.oneCredentialCheck.claim();
  const outcome = await context.passwordChange.change(context.viewer, input);
  switch (outcome.kind) {
    case 'PasswordChanged':
      return { __typename: 'ChangePasswordPayload', endedSessions: outcome.endedSessions };
    case 'InvalidInput':
      return toInvalidInputError(outcome);
    case 'InvalidCredentials':
      return { __typename: 'InvalidCredentialsError', code: 'INVALID_CREDENTIALS', message: 'The current password is wrong.' };
  }
};
