import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { invalidPasswordError } from '../second-factor-errors.js';

export const beginTotpEnrollment: NonNullable<MutationResolvers['beginTotpEnrollment']> = async (_parent, { input }, context) => {
  context.oneCredentialCheck.claim();
  const outcome = await context.totpEnrollment.begin(context.viewer, input);
  switch (outcome.kind) {
    case 'Begun':
      return { __typename: 'TotpEnrollment', secret: outcome.secret, uri: outcome.uri };
    case 'AlreadyEnabled':
      return {
        __typename: 'TotpAlreadyEnabledError',
        code: 'TOTP_ALREADY_ENABLED',
        message: 'An authenticator app is switched on already: switch it off first.',
      };
    case 'InvalidCredentials':
      return invalidPasswordError;
  }
};
