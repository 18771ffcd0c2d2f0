import { seesPastBlocks, type Viewer } from '../../../../shared/auth/viewer.js';
import type { ProfileRepository } from '../../data/profile-repository.js';
import type { RelationRepository } from '../../data/relation-repository.js';
import { isBlockedEitherWay, noRelation, type Relation } from '../friends/relation.js';
import { defaultProfile, type Profile } from './profile.js';
import { parseUserId } from '../user-id.js';

/** A profile with what one viewer may have of it. */
export interface AccessedProfile {
  readonly profile: Profile;
  readonly access:
    | 'OWN'
    /** All but who may read it. */
    | 'SHOWN'
    /** The name alone. */
    | 'HIDDEN'
    /** Between the two is a block: `profile` is the default one, as of a user who has stored nothing. */
    | 'BLOCKED';
}

/** The one place that says who may read whose profile. */
export interface ProfileAccess {
  /** One for each of `userIds` (of any form), in their order. A user without a stored profile, known or not, has the default one. */
  of(viewer: Viewer | null, userIds: readonly string[]): Promise<readonly AccessedProfile[]>;
}

export interface ProfileAccessOptions {
  readonly profiles: Pick<ProfileRepository, 'findByUserIds'>;
  readonly relations: Pick<RelationRepository, 'find'>;
}

export function createProfileAccess({ profiles, relations }: ProfileAccessOptions): ProfileAccess {
  return {
    async of(viewer, userIds) {
      // Entities come with whatever id the client gave; only a uuid can have a row.
      const uuids = [...new Set(userIds.map((id) => parseUserId(id)).filter((id) => id !== null))];
      const others = uuids.filter((id) => id !== viewer?.userId);
      const [stored, found] = await Promise.all([
        profiles.findByUserIds(uuids),
        viewer === null ? new Map<string, Relation>() : relations.find(viewer.userId, others),
      ]);
      const byUserId = new Map(stored.map((profile) => [profile.userId, profile]));
      return userIds.map((given) => {
        const userId = given.toLowerCase();
        const profile = byUserId.get(userId) ?? defaultProfile(given);
        if (viewer?.userId === userId) return { profile, access: 'OWN' };
        const relation = found.get(userId) ?? noRelation;
        if (isBlockedEitherWay(relation) && !seesPastBlocks(viewer)) return { profile: defaultProfile(given), access: 'BLOCKED' };
        return { profile, access: mayRead(profile, relation) ? 'SHOWN' : 'HIDDEN' };
      });
    },
  };
}

/** Whether someone who stands to the user like this may read the profile. */
function mayRead({ visibility }: Profile, { friendsSince }: Relation): boolean {
  switch (visibility) {
    case 'EVERYONE':
      return true;
    case 'FRIENDS':
      return friendsSince !== null;
    case 'NOBODY':
      return false;
  }
}
