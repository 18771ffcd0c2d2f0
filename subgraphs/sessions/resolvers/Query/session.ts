import type { QueryResolvers } from '../../__generated__/resolvers.js';

export const session: NonNullable<QueryResolvers['session']> = (_parent, { id }, { loaders }) => loaders.session.load(id);
