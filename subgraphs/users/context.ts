import DataLoader from 'dataloader';
import type { Viewer } from '../../shared/auth/viewer.js';
import type { Audience } from '../../shared/graphql/sharing/sharing.js';
import type { FriendLists } from './services/friends/friend-lists.js';
import type { FriendService } from './services/friends/friend-service.js';
import type { Friendship } from './services/friends/friendship.js';
import type { MutualFriends } from './services/friends/mutual-friends.js';
import type { ProfileAudience } from './services/profiles/profile-audience.js';
import type { ProfileService, VisibleProfile } from './services/profiles/profile-service.js';
import type { UserExport } from './services/user-export.js';
import type { UserSearch } from './services/user-search.js';

/** What every resolver of the users subgraph gets. */
export interface UsersContext {
  /** Null for an anonymous caller. */
  readonly viewer: Viewer | null;
  readonly requestId: string;
  readonly profiles: ProfileService;
  readonly profileAudience: ProfileAudience;
  readonly userSearch: UserSearch;
  readonly userExport: UserExport;
  readonly friends: FriendService;
  readonly friendLists: FriendLists;
  readonly loaders: {
    /** Profiles by the id of the user, as the viewer may see them. */
    readonly profile: DataLoader<string, VisibleProfile>;
    /** Who sees the profile of a user as an anonymous caller does. */
    readonly audience: DataLoader<string, Audience>;
    /** How the viewer and a user stand; null for an anonymous viewer and for oneself. */
    readonly friendship: DataLoader<string, Friendship | null>;
    readonly mutualFriendsCount: DataLoader<string, number | null>;
  };
}

export function createUsersContext({
  mutualFriends,
  ...parts
}: Omit<UsersContext, 'loaders'> & { readonly mutualFriends: MutualFriends }): UsersContext {
  const { viewer, profiles, profileAudience, friends } = parts;
  return {
    ...parts,
    loaders: {
      profile: new DataLoader((userIds) => profiles.view(viewer, userIds)),
      audience: new DataLoader((userIds) => profileAudience.of(userIds)),
      // Several mutations may stand in one operation, and each answers how things are after it: these batch, and remember nothing.
      friendship: new DataLoader((userIds) => friends.view(viewer, userIds), { cache: false }),
      mutualFriendsCount: new DataLoader((userIds) => mutualFriends.count(viewer, userIds), { cache: false }),
    },
  };
}
