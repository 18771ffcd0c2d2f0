export type ProfileVisibility = 'EVERYONE' | 'FRIENDS' | 'NOBODY';

/** What a user tells about themselves. */
export interface Profile {
  readonly userId: string;
  /** Null shows the username. Everyone sees it, whatever the visibility. */
  readonly displayName: string | null;
  readonly bio: string | null;
  /** BCP 47, in canonical form. */
  readonly locale: string | null;
  /** IANA. */
  readonly timeZone: string | null;
  /** Who may read the rest. */
  readonly visibility: ProfileVisibility;
}

/** A change of a profile: a field left out stays. */
export type ProfileChange = Partial<Omit<Profile, 'userId'>>;

/** The profile of a user who has never changed theirs, and so has none stored. */
export function defaultProfile(userId: string): Profile {
  return { userId, displayName: null, bio: null, locale: null, timeZone: null, visibility: 'EVERYONE' };
}
