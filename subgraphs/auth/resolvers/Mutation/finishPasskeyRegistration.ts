import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { toInvalidInputError } from '../../../../shared/errors/invalid-input.js';
import { invalidPasskeyError } from '../second-factor-errors.js';

export const finishPasskeyRegistration: NonNullable<MutationResolvers['finishPasskeyRegistration']> = async (
  _parent,
  { input },
  context,
) => {
  context.oneCredentialCheck.claim();
  const outcome = await context.passkeyRegistration.finish(context.viewer, input);
  switch (outcome.kind) {
    case 'Registered': {
      const { passkey, recoveryCodes } = outcome;
      return { __typename: 'FinishPasskeyRegistrationPayload', passkey, recoveryCodes: recoveryCodes === null ? null : [...recoveryCodes] };
    }
    case 'InvalidPasskey':
      return invalidPasskeyError;
    case 'InvalidInput':
      return toInvalidInputError(outcome);
  }
};
