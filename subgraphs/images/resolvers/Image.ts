import type { ImageResolvers } from '../__generated__/resolvers.js';
import { imagePath } from '../services/image.js';

export const Image: ImageResolvers = {
  __resolveReference: ({ id }, { loaders }) => loaders.image.load(id),
  url: ({ name }) => imagePath(name),
  owner: ({ ownerId }) => ({ id: ownerId }),
};
