import type { QueryResolvers } from '../../__generated__/resolvers.js';

export const userByUsername: NonNullable<QueryResolvers['userByUsername']> = (_parent, { username }, { accounts }) =>
  accounts.byUsername(username);
