import type { AccountExportResolvers } from '../__generated__/resolvers.js';

export const AccountExport: AccountExportResolvers = {
  __resolveReference: ({ userId }) => ({ userId }),
  images: ({ userId }, _arguments, { viewer, userImages }) => (userId === undefined ? null : userImages.export(viewer, userId)),
};
