import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { invalidPasswordError } from '../second-factor-errors.js';

export const exportAccount: NonNullable<MutationResolvers['exportAccount']> = async (_parent, { input }, context) => {
  context.oneCredentialCheck.claim();
  const outcome = await context.accountExport.export(context.viewer, input.password ?? null);
  switch (outcome.kind) {
    case 'Exported':
      return { __typename: 'AccountExport', userId: outcome.userId, createdAt: outcome.createdAt, account: outcome.account };
    case 'InvalidCredentials':
      return invalidPasswordError;
  }
};
