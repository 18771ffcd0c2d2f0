import type { RelationTable } from '../../../../shared/users/relation-table.js';

/** How users stand to each other, as far as presence asks. */
export type Relations = Pick<RelationTable, 'friendsOf' | 'among'>;

/** That somebody has come to stand to a user in another way lately. */
export interface RecentRelation {
  /** Null for friends whose accounts are gone, and with them whose they were. */
  readonly otherId: string | null;
  /** Whether they stopped being friends lately. */
  readonly wereFriends: boolean;
}

/** What those who were away must be told about their relations; it may name more than has really changed. */
export interface RelationHistory {
  /** Everyone whose standing to `userId` changed at or after `since`, in ms since the epoch, no longer ago than a day. */
  since(userId: string, since: number): Promise<readonly RecentRelation[]>;
}

export interface RelationHistoryRepository extends RelationHistory {
  /** The two, of whom each must have an account, stand to each other in another way from now on. */
  add(userIds: readonly [string, string], before: { readonly wereFriends: boolean }): Promise<void>;
  /** Forgets what was more than a day ago. */
  forgetOld(): Promise<void>;
}
