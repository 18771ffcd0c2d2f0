import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { toInvalidInputError } from '../../../../shared/errors/invalid-input.js';
import { toAuthPayload } from '../auth-payload.js';
import { invalidPasskeyError } from '../second-factor-errors.js';

export const finishPasskeyLogin: NonNullable<MutationResolvers['finishPasskeyLogin']> = async (_parent, { input }, context) => {
  context.oneCredentialCheck.claim();
  const { userAgent, clientIp } = context;
  await context.throttles.perNetwork('passkey sign-ins', clientIp);
  const outcome = await context.passkeySignIn.finish({ ...input, userAgent, clientIp });
  switch (outcome.kind) {
    case 'SignedIn':
      return toAuthPayload(outcome);
    case 'InvalidPasskey':
      return invalidPasskeyError;
    case 'InvalidInput':
      return toInvalidInputError(outcome);
  }
};
