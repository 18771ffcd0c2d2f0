import type { Viewer } from '../../../../shared/auth/viewer.js';
import type { RelationRepository } from '../../data/relation-repository.js';
import type { ProfileAccess } from '../profiles/profile-access.js';
import { parseUserId } from '../user-id.js';

export interface MutualFriends {
  /** One count for each of `userIds`, in their order; null for an anonymous viewer, for oneself, and where the profile is hidden. */
  count(viewer: Viewer | null, userIds: readonly string[]): Promise<readonly (number | null)[]>;
}

export interface MutualFriendsOptions {
  readonly relations: Pick<RelationRepository, 'countMutualFriends'>;
  readonly access: ProfileAccess;
}

export function createMutualFriends({ relations, access }: MutualFriendsOptions): MutualFriends {
  return {
    async count(viewer, userIds) {
      if (viewer === null) return userIds.map(() => null);
      const accessed = await access.of(viewer, userIds);
      const ids = userIds.map((id) => parseUserId(id));
      const readable = ids.filter((id, index): id is string => id !== null && accessed[index]?.access === 'SHOWN');
      const counts = await relations.countMutualFriends(viewer.userId, [...new Set(readable)]);
      return accessed.map(({ access: allowed }, index) => {
        switch (allowed) {
          case 'OWN':
          case 'HIDDEN':
            return null;
          case 'SHOWN':
            return counts.get(ids[index] ?? '') ?? 0;
          // As with a user who does not exist.
          case 'BLOCKED':
            return 0;
        }
      });
    },
  };
}
