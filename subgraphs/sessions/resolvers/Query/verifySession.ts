import type { QueryResolvers } from '../../__generated__/resolvers.js';

export const verifySession: NonNullable<QueryResolvers['verifySession']> = (_parent, _arguments, { sessions, viewer }) =>
  sessions.verify(viewer);
