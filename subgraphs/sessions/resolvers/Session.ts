import type { SessionResolvers } from '../__generated__/resolvers.js';

export const Session: SessionResolvers = {
  // Null for a session of somebody else, as for one that never was.
  __resolveReference: ({ id }, { loaders }) => loaders.session.load(id),
  user: ({ userId }) => ({ id: userId }),
  current: ({ id }, _arguments, { viewer }) => id === viewer?.sessionId,
};
