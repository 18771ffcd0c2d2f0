import { toInvalidInputError } from '../../../../shared/errors/invalid-input.js';
import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { toAuthPayload } from '../auth-payload.js';

export const register: NonNullable<MutationResolvers['register']> = async (_parent, { input }, context) => {
  context.oneCredentialCheck.claim();
  await context.throttles.perNetwork('registrations', context.clientIp);
  const outcome = await context.registration.register({ ...input, userAgent: context.userAgent, clientIp: context.clientIp });
  switch (outcome.kind) {
    case 'SignedIn':
      return toAuthPayload(outcome);
    case 'InvalidInput':
      return toInvalidInputError(outcome);
    case 'UsernameTaken':
      return {
        __typename: 'UsernameTakenError',
        code: 'USERNAME_TAKEN',
        message: `The username "${outcome.username}" is taken; choose another.`,
      };
  }
};
