import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { toAuthPayload } from '../auth-payload.js';
import { invalidCodeError, invalidMfaTokenError } from '../second-factor-errors.js';

export const verifyMfa: NonNullable<MutationResolvers['verifyMfa']> = async (_parent, { input }, context) => {
  context.oneCredentialCheck.claim();
  const { userAgent, clientIp } = context;
  await context.throttles.perNetwork('second factors', clientIp);
  const outcome = await context.mfaVerification.verify({ ...input, userAgent, clientIp });
  switch (outcome.kind) {
    case 'SignedIn':
      return toAuthPayload(outcome);
    case 'InvalidCode':
      return invalidCodeError;
    case 'InvalidMfaToken':
      return invalidMfaTokenError;
  }
};
