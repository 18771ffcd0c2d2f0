import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { invalidTokenError } from '../invalid-token-error.js';

export const verifyEmail: NonNullable<MutationResolvers['verifyEmail']> = async (_parent, { input }, context) => {
  context.oneCredentialCheck.claim();
  const outcome = await context.emailVerification.verify({ token: input.token, clientIp: context.clientIp });
  switch (outcome.kind) {
    case 'EmailVerified':
      return { __typename: 'VerifyEmailPayload', userId: outcome.userId };
    case 'EmailTaken':
      return {
        __typename: 'EmailTakenError',
        code: 'EMAIL_TAKEN',
        message: 'Another account has verified this address: sign in to that one, or give this account another address.',
      };
    case 'InvalidToken':
      return invalidTokenError;
  }
};
