import type { QueryResolvers } from '../../__generated__/resolvers.js';

export const user: NonNullable<QueryResolvers['user']> = (_parent, { id }, { accounts }) => accounts.byId(id);
