import type { QueryResolvers } from '../../__generated__/resolvers.js';

export const image: NonNullable<QueryResolvers['image']> = (_parent, { id }, { loaders }) => loaders.image.load(id);
