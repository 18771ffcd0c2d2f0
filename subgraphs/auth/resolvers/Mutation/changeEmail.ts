import { toInvalidInputError } from '../../../../shared/errors/invalid-input.js';
import type { MutationResolvers } from '../../__generated__/resolvers.js';

export const changeEmail: NonNullable<MutationResolvers['changeEmail']> = async (_parent, { input }, context) => {
  context.oneCredentialCheck.claim();
  const outcome = await context.emailChange.change(context.viewer, { ...input, clientIp: context.clientIp });
  switch (outcome.kind) {
    case 'EmailChanged':
      return { __typename: 'ChangeEmailPayload', user: outcome.user };
    case 'InvalidCredentials':
      return { __typename: 'InvalidCredentialsError', code: 'INVALID_CREDENTIALS', message: 'The password is wrong.' };
    case 'InvalidInput':
      return toInvalidInputError(outcome);
  }
};
