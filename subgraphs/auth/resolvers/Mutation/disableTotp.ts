import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { visibleToOwner } from '../../services/accounts/visible-user.js';
import { invalidCodeError, invalidPasswordError } from '../second-factor-errors.js';

export const disableTotp: NonNullable<MutationResolvers['disableTotp']> = async (_parent, { input }, context) => {
  context.oneCredentialCheck.claim();
  const outcome = await context.totpEnrollment.disable(context.viewer, input);
  switch (outcome.kind) {
    case 'Disabled':
      return { __typename: 'DisableTotpPayload', user: visibleToOwner(outcome.account) };
    case 'InvalidCredentials':
      return invalidPasswordError;
    case 'InvalidCode':
      return invalidCodeError;
  }
};
