import type { PresenceState } from '../../presence/presence.js';

/** Some ten MB. */
const mostUsers = 20_000;

/** What this process last read or heard of users, for the time when Redis cannot be asked. Whoever was of interest longest ago goes. */
export interface LastKnownStates {
  remember(state: PresenceState): void;
  find(userId: string): PresenceState | undefined;
  clear(): void;
}

export function createLastKnownStates(limit = mostUsers): LastKnownStates {
  const states = new Map<string, PresenceState>();

  return {
    remember(state) {
      const known = states.get(state.userId);
      // An answer and the stream may tell the same in any order.
      const isOlder = known !== undefined && known.versions.own > state.versions.own;
      states.delete(state.userId);
      states.set(state.userId, isOlder ? known : state);
      if (states.size <= limit) return;
      const [oldest] = states.keys();
      if (oldest !== undefined) states.delete(oldest);
    },
    find: (userId) => states.get(userId),
    clear: () => states.clear(),
  };
}
