import type { MutationResolvers } from '../../__generated__/resolvers.js';

export const removeAvatar: NonNullable<MutationResolvers['removeAvatar']> = async (_parent, _arguments, { viewer, gallery, loaders }) => {
  const userId = await gallery.removeAvatar(viewer);
  // An earlier field of the same operation may have loaded it.
  loaders.avatar.clear(userId).prime(userId, null);
  return { user: { id: userId } };
};
