import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { imageNotFoundError } from '../image-not-found-error.js';

export const deleteImage: NonNullable<MutationResolvers['deleteImage']> = async (_parent, { input }, { viewer, gallery, loaders }) => {
  const result = await gallery.deleteImage(viewer, input.id);
  switch (result.kind) {
    case 'Deleted': {
      const { id, ownerId } = result.image;
      // An earlier field of the same operation may have loaded it.
      loaders.image.clear(id);
      loaders.avatar.clear(ownerId);
      return { __typename: 'DeleteImagePayload', imageId: id };
    }
    case 'ImageNotFound':
      return imageNotFoundError;
  }
};
