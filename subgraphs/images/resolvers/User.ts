import type { UserResolvers } from '../__generated__/resolvers.js';

/** A user as other subgraphs name them. */
export interface UserReference {
  readonly id: string;
}

export const User: UserResolvers = {
  // Nothing to look up until a field asks; the loader then batches.
  __resolveReference: ({ id }) => ({ id }),
  avatar: ({ id }, _arguments, { loaders }) => loaders.avatar.load(id),
};
