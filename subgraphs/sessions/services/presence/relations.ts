/** Who is no stranger to somebody, as far as presence must know. Blocked either way is the same. */
export type RelationKind = 'FRIEND' | 'BLOCKED';

/** How users stand to each other, as the users subgraph announces it. */
export interface Relations {
  friendsOf(userId: string): Promise<ReadonlySet<string>>;
  /** Those of `otherIds` (of any form) who are no strangers to `userId`. */
  among(userId: string, otherIds: readonly string[]): Promise<ReadonlyMap<string, RelationKind>>;
}

/** How two users stand from now on. */
export interface RelationChange {
  /** The lower one first. */
  readonly userIds: readonly [string, string];
  readonly friends: boolean;
  /** Those of the two who block the other. */
  readonly blockers: readonly string[];
}

export interface RelationRepository extends Relations {
  /** Has no effect for an event that was taken before. */
  take(eventId: string, change: RelationChange): Promise<void>;
}

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
