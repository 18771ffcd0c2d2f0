import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { imageNotFoundError } from '../image-not-found-error.js';

export const setAvatar: NonNullable<MutationResolvers['setAvatar']> = async (_parent, { input }, { viewer, gallery, loaders }) => {
  const result = await gallery.setAvatar(viewer, input.imageId);
  switch (result.kind) {
    case 'Set':
      // An earlier field of the same operation may have loaded the old one.
      loaders.avatar.clear(result.image.ownerId).prime(result.image.ownerId, result.image);
      return { __typename: 'SetAvatarPayload', user: { id: result.image.ownerId }, image: result.image };
    case 'ImageNotFound':
      return imageNotFoundError;
  }
};
