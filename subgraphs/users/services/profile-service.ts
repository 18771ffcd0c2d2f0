import { validate as isUuid } from 'uuid';
import type { Viewer } from '../../../shared/auth/viewer.js';
import { unauthenticated } from '../../../shared/errors/app-error.js';
import type { InvalidInput } from '../../../shared/errors/invalid-input.js';
import type { ProfileRepository } from '../data/profile-repository.js';
import { parseProfileInput, type ProfileInput } from './profile-input.js';
import { defaultProfile, type Profile, type ProfileVisibility } from './profile.js';

/** A profile as one viewer may see it: what is hidden from them is null. */
export interface VisibleProfile extends Omit<Profile, 'visibility'> {
  /** Null for everyone but the user. */
  readonly visibility: ProfileVisibility | null;
}

export interface ProfileService {
  /** One profile for each of `userIds`, in their order. A user without a stored one, known or not, has the default profile. */
  view(viewer: Viewer | null, userIds: readonly string[]): Promise<readonly VisibleProfile[]>;
  /** Changes the viewer's own profile. Throws `UNAUTHENTICATED` for an anonymous caller. */
  update(viewer: Viewer | null, input: ProfileInput): Promise<{ readonly kind: 'Updated'; readonly userId: string } | InvalidInput>;
}

export function createProfileService({ profiles, now }: { profiles: ProfileRepository; now: () => number }): ProfileService {
  return {
    async view(viewer, userIds) {
      // Entities come with whatever id the client gave; only a uuid can have a row.
      const stored = await profiles.findByUserIds(userIds.filter((id) => isUuid(id)));
      const byUserId = new Map(stored.map((profile) => [profile.userId, profile]));
      return userIds.map((userId) => visibleTo(viewer, byUserId.get(userId.toLowerCase()) ?? defaultProfile(userId)));
    },
    async update(viewer, input) {
      if (viewer === null) throw unauthenticated();
      const parsed = parseProfileInput(input);
      if (parsed.kind === 'InvalidInput') return parsed;
      if (Object.keys(parsed.change).length > 0) {
        await profiles.update({ userId: viewer.userId, username: viewer.username, change: parsed.change, at: new Date(now()) });
      }
      return { kind: 'Updated', userId: viewer.userId };
    },
  };
}

function visibleTo(viewer: Viewer | null, profile: Profile): VisibleProfile {
  if (viewer?.userId === profile.userId) return profile;
  const isShown = mayRead(profile.visibility);
  return { ...profile, bio: isShown ? profile.bio : null, locale: isShown ? profile.locale : null, visibility: null };
}

/** Whether someone other than the user may read a profile of this visibility. */
function mayRead(visibility: ProfileVisibility): boolean {
  switch (visibility) {
    case 'EVERYONE':
      return true;
    // Nobody has friends until friendships exist.
    case 'FRIENDS':
    case 'NOBODY':
      return false;
  }
}
