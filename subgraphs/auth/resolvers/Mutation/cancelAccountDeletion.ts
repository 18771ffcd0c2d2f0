import type { MutationResolvers } from '../../__generated__/resolvers.js';

export const cancelAccountDeletion: NonNullable<MutationResolvers['cancelAccountDeletion']> = async (_parent, _arguments, context) => {
  const userId = await context.accountDeletion.cancel(context.viewer);
  return { user: await context.accounts.reload(userId) };
};
