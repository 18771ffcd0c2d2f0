import type { Scheduler } from '../../presence/scheduler.js';

/** Who has an account, as auth announced it. */
export interface KnownUserRepository {
  add(userId: string): Promise<void>;
  /** Those of `userIds` that are known. */
  find(userIds: readonly string[]): Promise<ReadonlySet<string>>;
}

export interface KnownUsers {
  /** Those of `userIds` who have an account. Waits a moment for one that may have been registered just now. */
  among(userIds: readonly string[]): Promise<ReadonlySet<string>>;
}

/** An announcement takes some milliseconds from one subgraph to the other; an id that nobody has costs its follower this wait. */
const announcementMs = 1_000;
const pollMs = 25;

/**
 * An id that nobody has must not be followed: its entry would have a `User` whose name no subgraph can tell, and the gateway would have
 * to null the whole message (GraphQL, 6.4.4).
 */
export function createKnownUsers({ repository, scheduler }: { repository: KnownUserRepository; scheduler: Scheduler }): KnownUsers {
  return {
    async among(userIds) {
      const deadline = scheduler.now() + announcementMs;
      for (;;) {
        const known = await repository.find(userIds);
        if (known.size === new Set(userIds).size || scheduler.now() >= deadline) return known;
        await new Promise<void>((resolve) => void scheduler.after(pollMs, resolve));
      }
    },
  };
}
