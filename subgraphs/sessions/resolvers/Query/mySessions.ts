import type { QueryResolvers } from '../../__generated__/resolvers.js';

export const mySessions: NonNullable<QueryResolvers['mySessions']> = async (_parent, _arguments, { sessions, viewer }) => [
  ...(await sessions.listOwn(viewer)),
];
