/** Who is no stranger to somebody, as far as presence must know. Blocked either way is the same. */
export type RelationKind = 'FRIEND' | 'BLOCKED';

/** How somebody has come to stand to a user lately. */
export interface RecentRelation {
  readonly otherId: string;
  /** Undefined = strangers. */
  readonly kind: RelationKind | undefined;
  /** Whether they stopped being friends lately. */
  readonly wereFriends: boolean;
}

/** How users stand to each other, as the users subgraph announces it. */
export interface Relations {
  friendsOf(userId: string): Promise<ReadonlySet<string>>;
  /** Those of `otherIds` (of any form) who are no strangers to `userId`. */
  among(userId: string, otherIds: readonly string[]): Promise<ReadonlyMap<string, RelationKind>>;
  /** Everyone whose standing to `userId` changed at or after `since`, in ms since the epoch, no longer ago than a day. */
  changedSince(userId: string, since: number): Promise<readonly RecentRelation[]>;
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
  /** Forgets relations that came to nothing more than a day ago. */
  forgetEnded(): Promise<void>;
}
