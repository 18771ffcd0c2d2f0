import DataLoader from 'dataloader';
import { NIL as nobody, validate as isUuid } from 'uuid';
import { seesPastBlocks, type Viewer } from '../../../../shared/auth/viewer.js';
import type { RelationTable } from '../../../../shared/users/relation-table.js';
import type { Account, AccountRepository } from '../../data/account-repository.js';
import { isPossibleUsername } from './username.js';
import { visibleTo, type VisibleUser } from './visible-user.js';

/**
 * Looks accounts up for one operation of one viewer; all look-ups of one tick are one query. Who blocks the viewer does not exist for
 * them, unless they see past blocks.
 */
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

export interface AccountDirectoryOptions {
  readonly accounts: Pick<AccountRepository, 'findByIds' | 'findByUsernames'>;
  readonly relations: Pick<RelationTable, 'hiddenFrom'>;
  readonly viewer: Viewer | null;
}

export function createAccountDirectory({ accounts, relations, viewer }: AccountDirectoryOptions): AccountDirectory {
  /**
   * What the viewer may see of each. Asks for the block of everybody who was looked up, also of nobody: an account that blocks the viewer
   * takes the same statements as one that does not exist, and so the same time.
   */
  async function show(lookedUp: readonly (Account | undefined)[]): Promise<(VisibleUser | null)[]> {
    const others = lookedUp.map((account) => account?.id ?? nobody).filter((id) => id !== viewer?.userId);
    const hidden =
      viewer === null || seesPastBlocks(viewer) || others.length === 0
        ? new Set<string>()
        : await relations.hiddenFrom(viewer.userId, others);
    return lookedUp.map((account) => (account === undefined || hidden.has(account.id) ? null : visibleTo(viewer, account)));
  }

  const byId = new DataLoader<string, VisibleUser | null>(async (ids) => {
    const found = new Map((await accounts.findByIds(ids)).map((account) => [account.id, account]));
    return show(ids.map((id) => found.get(id)));
  });
  const byLowerUsername = new DataLoader<string, VisibleUser | null>(async (names) => {
    const found = new Map((await accounts.findByUsernames(names)).map((account) => [account.username.toLowerCase(), account]));
    return show(names.map((name) => found.get(name)));
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
