/** Whom auth has announced to one subgraph, as that subgraph keeps them. */
export interface KnownUserSource {
  /**
   * Those of `userIds` that are known, but for those who block `viewerId` (the id of the caller): by the same statements for everybody,
   * so that neither the answer nor its time tells a block from an id that nobody has. Ids of any form are allowed.
   */
  find(viewerId: string, userIds: readonly string[]): Promise<ReadonlySet<string>>;
}

export interface KnownUsers {
  /**
   * Those of `userIds` who have an account, as far as `viewerId` may know. Waits a moment for one that may have been registered just now;
   * as long for one who blocks `viewerId`, since it cannot tell the two apart.
   */
  among(viewerId: string, userIds: readonly string[]): Promise<ReadonlySet<string>>;
}

/** Where the wait takes its time from; virtual in tests. */
export interface PollClock {
  /** ms since the epoch. */
  now(): number;
  /** Runs `task` once, `ms` from now. */
  after(ms: number, task: () => void): unknown;
}

/** An announcement takes some milliseconds from one subgraph to the other; an id that nobody has costs who names it this wait. */
const announcementMs = 1_000;
const pollMs = 25;

/**
 * Tells an id that nobody has from one whose announcement is on its way. A subgraph that answered such an id as a `User` would make the
 * gateway null whatever holds it (GraphQL, 6.4.4), since no subgraph can tell its name.
 */
export function createKnownUsers({ repository, scheduler }: { repository: KnownUserSource; scheduler: PollClock }): KnownUsers {
  return {
    async among(viewerId, userIds) {
      const deadline = scheduler.now() + announcementMs;
      for (;;) {
        const known = await repository.find(viewerId, userIds);
        if (known.size === new Set(userIds).size || scheduler.now() >= deadline) return known;
        await new Promise<void>((resolve) => void scheduler.after(pollMs, resolve));
      }
    },
  };
}
