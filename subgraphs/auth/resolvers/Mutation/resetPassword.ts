import { toInvalidInputError } from '../../../../shared/errors/invalid-input.js';
import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { invalidTokenError } from '../invalid-token-error.js';

export const resetPassword: NonNullable<MutationResolvers['resetPassword']> = async (_parent, { input }, context) => {
  context.oneCredentialCheck.claim();
  const outcome = await context.passwordReset.reset({ ...input, clientIp: context.clientIp });
  switch (outcome.kind) {
    case 'PasswordReset':
      return { __typename: 'ResetPasswordPayload', endedSessions: outcome.endedSessions };
    case 'InvalidToken':
      return invalidTokenError;
    case 'InvalidInput':
      return toInvalidInputError(outcome);
  }
};
