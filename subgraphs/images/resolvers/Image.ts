import type { ImageResolvers } from '../__generated__/resolvers.js';
import { imagePath, variantPath } from '../services/image.js';

export const Image: ImageResolvers = {
  __resolveReference: ({ id }, { loaders }) => loaders.image.load(id),
  url: ({ name }) => imagePath(name),
  variants: ({ name, variants }) => variants.map((variant) => ({ ...variant, url: variantPath(name, variant.name) })),
  owner: ({ ownerId }) => ({ id: ownerId }),
};
