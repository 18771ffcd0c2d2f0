import DataLoader from 'dataloader';
import type { Viewer } from '../../shared/auth/viewer.js';
import type { ProfileService, VisibleProfile } from './services/profile-service.js';
import type { UserSearch } from './services/user-search.js';

/** What every resolver of the users subgraph gets. */
export interface UsersContext {
  /** Null for an anonymous caller. */
  readonly viewer: Viewer | null;
  readonly requestId: string;
  readonly profiles: ProfileService;
  readonly userSearch: UserSearch;
  readonly loaders: {
    /** Profiles by the id of the user, as the viewer may see them. */
    readonly profile: DataLoader<string, VisibleProfile>;
  };
}

export function createUsersContext({ viewer, requestId, profiles, userSearch }: Omit<UsersContext, 'loaders'>): UsersContext {
  return {
    viewer,
    requestId,
    profiles,
    userSearch,
    loaders: { profile: new DataLoader((userIds) => profiles.view(viewer, userIds)) },
  };
}
