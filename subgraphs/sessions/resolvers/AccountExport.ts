import type { AccountExportResolvers } from '../__generated__/resolvers.js';

export const AccountExport: AccountExportResolvers = {
  __resolveReference: ({ userId }) => ({ userId }),
  sessions: ({ userId }, _arguments, { viewer, userErasure }) => (userId === undefined ? null : userErasure.export(viewer, userId)),
};
