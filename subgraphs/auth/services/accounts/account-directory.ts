import DataLoader from 'dataloader';
import { validate as isUuid } from 'uuid';
import type { Viewer } from '../../../../shared/auth/viewer.js';
import type { AccountRepository } from '../../data/account-repository.js';
import { isPossibleUsername } from './username.js';
import { visibleTo, type VisibleUser } from './visible-user.js';

/** Looks accounts up for one operation of one viewer; all look-ups of one tick are one query. */
export interface AccountDirectory {
  /** Null for an anonymous viewer, and when the account is gone. */
  me(): Promise<VisibleUser | null>;
  /** Null when there is none; also for what is not an id at all. */
  byId(id: string): Promise<VisibleUser | null>;
  /** The same after a change, whatever was read before. Throws when there is none: it was there a moment ago. */
  reload(id: string): Promise<VisibleUser>;
  /** Without regard to case; null when there is none. */
  byUsername(username: string): Promise<VisibleUser | null>;
}

export function createAccountDirectory(
  accounts: Pick<AccountRepository, 'findByIds' | 'findByUsernames'>,
  viewer: Viewer | null,
): AccountDirectory {
  const byId = new DataLoader<string, VisibleUser | null>(async (ids) => {
    const found = new Map((await accounts.findByIds(ids)).map((account) => [account.id, visibleTo(viewer, account)]));
    return ids.map((id) => found.get(id) ?? null);
  });
  const byLowerUsername = new DataLoader<string, VisibleUser | null>(async (names) => {
    const found = new Map(
      (await accounts.findByUsernames(names)).map((account) => [account.username.toLowerCase(), visibleTo(viewer, account)]),
    );
    return names.map((name) => found.get(name) ?? null);
  });

  return {
    me: async () => (viewer === null ? null : byId.load(viewer.userId)),
    // What cannot exist is not asked for: Postgres would refuse the whole batch for one malformed uuid.
    byId: async (id) => (isUuid(id) ? byId.load(id.toLowerCase()) : null),
    async reload(id) {
      const user = await byId.clear(id).load(id);
      if (user === null) throw new Error('an account was gone right after it was changed');
      return user;
    },
    byUsername: async (username) => (isPossibleUsername(username) ? byLowerUsername.load(username.toLowerCase()) : null),
  };
}
