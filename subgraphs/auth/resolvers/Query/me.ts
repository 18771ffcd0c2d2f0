import type { QueryResolvers } from '../../__generated__/resolvers.js';

export const me: NonNullable<QueryResolvers['me']> = (_parent, _args, { accounts }) => accounts.me();
