import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { invalidPasswordError } from '../second-factor-errors.js';

export const deleteAccount: NonNullable<MutationResolvers['deleteAccount']> = async (_parent, { input }, context) => {
  context.oneCredentialCheck.claim();
  const outcome = await context.accountDeletion.request(context.viewer, input.password ?? null);
  switch (outcome.kind) {
    case 'Scheduled':
      return { __typename: 'AccountDeletion', deletesAt: outcome.deletesAt };
    case 'InvalidCredentials':
      return invalidPasswordError;
  }
};
