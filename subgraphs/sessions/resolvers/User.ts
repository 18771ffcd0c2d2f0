import type { UserResolvers } from '../__generated__/resolvers.js';
import { toPresence } from './to-presence.js';

/** A user as other subgraphs name them. */
export interface UserReference {
  readonly id: string;
}

export const User: UserResolvers = {
  // Whether there is such a user is not this subgraph's to say: one whom nobody knows looks offline. The loader batches.
  __resolveReference: ({ id }) => ({ id }),
  presence: async ({ id }, _arguments, { loaders }) => toPresence(await loaders.presence.load(id)),
  lastConnectionAt: async ({ id }, _arguments, { loaders }) => {
    const { lastSeenAt } = await loaders.presence.load(id);
    return lastSeenAt === null ? null : new Date(lastSeenAt);
  },
};
