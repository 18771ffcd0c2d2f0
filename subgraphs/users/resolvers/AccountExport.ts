import type { AccountExportResolvers } from '../__generated__/resolvers.js';

export const AccountExport: AccountExportResolvers = {
  __resolveReference: ({ userId }) => ({ userId }),
  profile: ({ userId }, _arguments, { viewer, userExport }) => (userId === undefined ? null : userExport.export(viewer, userId)),
};
