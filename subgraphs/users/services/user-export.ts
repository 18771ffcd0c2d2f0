import type { Viewer } from '../../../shared/auth/viewer.js';
import type { Profile } from './profiles/profile.js';

/** Everything that this subgraph keeps about a person. */
interface ExportedUser {
  /** Null for a user who has never changed the default profile. */
  readonly profile: Omit<Profile, 'userId'> | null;
  readonly friends: readonly { readonly userId: string; readonly since: Date }[];
  readonly requestsSent: readonly { readonly userId: string; readonly createdAt: Date }[];
  readonly requestsReceived: readonly { readonly userId: string; readonly createdAt: Date }[];
  /** Whom they block; who blocks them is nobody's business but those people's. */
  readonly blocked: readonly { readonly userId: string; readonly createdAt: Date }[];
}

export interface UserExportRepository {
  read(userId: string): Promise<ExportedUser>;
}

export interface UserExport {
  /** What is kept about the user `userId`, for themself alone; null for everyone else. */
  export(viewer: Viewer | null, userId: string): Promise<ExportedUser | null>;
}

export function createUserExport({ repository }: { repository: UserExportRepository }): UserExport {
  return { export: async (viewer, userId) => (viewer?.userId === userId ? repository.read(userId) : null) };
}
