import type { UserResolvers } from '../__generated__/resolvers.js';
import { toFriendship } from './to-friendship.js';

/** A user as other subgraphs name them. */
export interface UserReference {
  readonly id: string;
  /** Only when the gateway was asked for a field that `@requires` it. */
  readonly username?: string | undefined;
}

export const User: UserResolvers = {
  // Every user has a profile, if only the default one, so there is nothing to look up until a field asks; the loader then batches.
  __resolveReference: ({ id, username }) => ({ id, username }),
  displayName: async ({ id, username }, _arguments, { loaders }) => (await loaders.profile.load(id)).displayName ?? username ?? null,
  bio: async ({ id }, _arguments, { loaders }) => (await loaders.profile.load(id)).bio,
  locale: async ({ id }, _arguments, { loaders }) => (await loaders.profile.load(id)).locale,
  timeZone: async ({ id }, _arguments, { loaders }) => (await loaders.profile.load(id)).timeZone,
  profileVisibility: async ({ id }, _arguments, { loaders }) => (await loaders.profile.load(id)).visibility,
  async friendship({ id }, _arguments, { loaders }) {
    const friendship = await loaders.friendship.load(id);
    return friendship === null ? null : toFriendship(friendship);
  },
  mutualFriendsCount: ({ id }, _arguments, { loaders }) => loaders.mutualFriendsCount.load(id),
};
