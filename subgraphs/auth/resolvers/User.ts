import type { UserResolvers } from '../__generated__/resolvers.js';

export const User: UserResolvers = {
  __resolveReference: ({ id }, { accounts }) => accounts.byId(id),
  mfaEnabled: ({ id, isOwn }, _arguments, { mfaStatus }) => (isOwn ? mfaStatus.isEnabled(id) : null),
};
