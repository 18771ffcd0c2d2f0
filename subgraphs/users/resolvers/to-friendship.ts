import type { UsersContext } from '../context.js';
import type { Friendship } from '../services/friends/friendship.js';

export function toFriendship({ userId, status, since }: Friendship) {
  return { status, since, user: { id: userId } };
}

/** After a change: an earlier field of the same operation may have loaded what the viewer could read before. */
export function toChangedFriendship(friendship: Friendship, { loaders }: UsersContext) {
  loaders.profile.clear(friendship.userId);
  return toFriendship(friendship);
}
