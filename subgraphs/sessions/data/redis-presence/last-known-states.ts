import { ageOf } from '../../presence/presence-view.js';
import type { PresenceState } from '../../presence/presence.js';

/** Some ten MB. */
const mostUsers = 20_000;

/** What this process last read or heard of users, for the time when Redis cannot be asked. Whoever was of interest longest ago goes. */
export interface LastKnownStates {
  remember(state: PresenceState): void;
  find(userId: string): PresenceState | undefined;
  /** What is known of the user may no longer be told. */
  forget(userId: string): void;
  /** Everybody who is known to be online. */
  online(): ReadonlySet<string>;
  clear(): void;
}

export function createLastKnownStates(limit = mostUsers): LastKnownStates {
  const states = new Map<string, PresenceState>();

  return {
    remember(state) {
      const known = states.get(state.userId);
      // An answer and the stream may tell the same in any order. The user sees every change, but no renewed versions.
      const isOlder = known !== undefined && (known.versions.own - state.versions.own || ageOf(known) - ageOf(state)) > 0;
      states.delete(state.userId);
      states.set(state.userId, isOlder ? known : state);
      if (states.size <= limit) return;
      const [oldest] = states.keys();
      if (oldest !== undefined) states.delete(oldest);
    },
    find: (userId) => states.get(userId),
    forget: (userId) => void states.delete(userId),
    online: () => new Set([...states.values()].filter(({ availability }) => availability !== 'OFFLINE').map(({ userId }) => userId)),
    clear: () => states.clear(),
  };
}
