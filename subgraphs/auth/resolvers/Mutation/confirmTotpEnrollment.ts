import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { invalidCodeError } from '../second-factor-errors.js';

export const confirmTotpEnrollment: NonNullable<MutationResolvers['confirmTotpEnrollment']> = async (_parent, { input }, context) => {
  context.oneCredentialCheck.claim();
  const outcome = await context.totpEnrollment.confirm(context.viewer, input.code);
  switch (outcome.kind) {
    case 'RecoveryCodes':
      return { __typename: 'TotpEnabled', recoveryCodes: [...outcome.codes] };
    case 'InvalidCode':
      return invalidCodeError;
  }
};
