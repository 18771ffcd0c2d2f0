import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { invalidCodeError, invalidPasskeyError, invalidPasswordError } from '../second-factor-errors.js';

export const regenerateRecoveryCodes: NonNullable<MutationResolvers['regenerateRecoveryCodes']> = async (_parent, { input }, context) => {
  context.oneCredentialCheck.claim();
  const outcome = await context.recoveryCodeRenewal.renew(context.viewer, input);
  switch (outcome.kind) {
    case 'RecoveryCodes':
      return { __typename: 'RecoveryCodes', recoveryCodes: [...outcome.codes] };
    case 'InvalidCredentials':
      return invalidPasswordError;
    case 'InvalidCode':
      return invalidCodeError;
    case 'InvalidPasskey':
      return invalidPasskeyError;
  }
};
