import { toInvalidInputError } from '../../../../shared/errors/invalid-input.js';
import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { toAuthPayload } from '../auth-payload.js';
import { toMfaRequired } from '../mfa-required.js';

export const loginWithDevice: NonNullable<MutationResolvers['loginWithDevice']> = async (_parent, { input }, context) => {
  context.oneCredentialCheck.claim();
  const outcome = await context.guestSignIn.login({ ...input, userAgent: context.userAgent, clientIp: context.clientIp });
  switch (outcome.kind) {
    case 'SignedIn':
      return toAuthPayload(outcome);
    case 'MfaRequired':
      return toMfaRequired(outcome);
    case 'InvalidInput':
      return toInvalidInputError(outcome);
    case 'InvalidCredentials':
      return { __typename: 'InvalidCredentialsError', code: 'INVALID_CREDENTIALS', message: 'The secret of the device is wrong.' };
  }
};
