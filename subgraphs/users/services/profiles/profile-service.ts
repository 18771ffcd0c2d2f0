import type { Viewer } from '../../../../shared/auth/viewer.js';
import { unauthenticated } from '../../../../shared/errors/app-error.js';
import type { InvalidInput } from '../../../../shared/errors/invalid-input.js';
import type { ProfileRepository } from '../../data/profile-repository.js';
import type { AccessedProfile, ProfileAccess } from './profile-access.js';
import { parseProfileInput, type ProfileInput } from './profile-input.js';
import type { Profile, ProfileVisibility } from './profile.js';

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

export interface ProfileServiceOptions {
  readonly profiles: Pick<ProfileRepository, 'update'>;
  readonly access: ProfileAccess;
  /** Called after an announcement may have been committed to the outbox. */
  readonly onAnnounced: () => void;
  readonly now: () => number;
}

export function createProfileService({ profiles, access, onAnnounced, now }: ProfileServiceOptions): ProfileService {
  return {
    async view(viewer, userIds) {
      return (await access.of(viewer, userIds)).map(toVisible);
    },
    async update(viewer, input) {
      if (viewer === null) throw unauthenticated();
      const parsed = parseProfileInput(input);
      if (parsed.kind === 'InvalidInput') return parsed;
      if (Object.keys(parsed.change).length > 0) {
        await profiles.update({ userId: viewer.userId, username: viewer.username, change: parsed.change, at: new Date(now()) });
        onAnnounced();
      }
      return { kind: 'Updated', userId: viewer.userId };
    },
  };
}

function toVisible({ profile, access }: AccessedProfile): VisibleProfile {
  switch (access) {
    case 'OWN':
      return profile;
    case 'SHOWN':
    case 'BLOCKED':
      return { ...profile, visibility: null };
    case 'HIDDEN':
      return { ...profile, bio: null, locale: null, timeZone: null, visibility: null };
  }
}
