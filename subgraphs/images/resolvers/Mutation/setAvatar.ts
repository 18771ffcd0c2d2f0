import type { MutationResolvers } from '../../__generated__/resolvers.js';

export const setAvatar: NonNullable<MutationResolvers['setAvatar']> = async (_parent, { input }, { viewer, gallery, loaders }) => {
  const result = await gallery.setAvatar(viewer, input.imageId);
  switch (result.kind) {
    case 'Set':
      // An earlier field of the same operation may have loaded the old one.
      loaders.avatar.clear(result.image.ownerId).prime(result.image.ownerId, result.image);
      return { __typename: 'SetAvatarPayload', user: { id: result.image.ownerId }, image: result.image };
    case 'ImageNotFound':
      return { __typename: 'ImageNotFoundError', code: 'IMAGE_NOT_FOUND', message: 'You have no image of this id.' };
  }
};
