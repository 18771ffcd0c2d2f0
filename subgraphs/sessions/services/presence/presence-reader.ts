import { viewPresence, type PresenceView } from '../../presence/presence-view.js';
import type { PresenceState } from '../../presence/presence.js';
import type { PresenceSettingsRepository } from './presence-settings-repository.js';
import type { PresenceMoment, PresenceStore } from './presence-store.js';
import type { Sight } from './following/sight.js';

/** The id of no user. */
const nobody = '00000000-0000-0000-0000-000000000000';

export interface ReadPresences {
  readonly moment: PresenceMoment;
  readonly states: readonly PresenceState[];
}

/** Presences from the store, completed by what only the database remembers. */
export interface PresenceReader {
  /** The state of each user in sight, in the given order; that of nobody for who must look like nobody, in every field. */
  read(sight: Sight): Promise<ReadPresences>;
  /** What may be seen of each user, in the given order. */
  view(sight: Sight): Promise<readonly PresenceView[]>;
  ownView(state: PresenceState): Promise<PresenceView>;
  complete(states: readonly PresenceState[]): Promise<readonly PresenceState[]>;
}

export function createPresenceReader({
  store,
  repository,
  now,
}: {
  readonly store: PresenceStore;
  readonly repository: PresenceSettingsRepository;
  readonly now: () => number;
}): PresenceReader {
  /** The store knows what has happened since it began; the rest is as the database remembers it. */
  async function complete(states: readonly PresenceState[]): Promise<readonly PresenceState[]> {
    const unknown = states.filter((state) => state.settings === null || state.lastSeenAt === null).map(({ userId }) => userId);
    if (unknown.length === 0) return states;
    const stored = await repository.find(unknown);
    return states.map((state) => {
      const found = stored.get(state.userId);
      if (found === undefined) return state;
      return { ...state, settings: state.settings ?? found.settings, lastSeenAt: state.lastSeenAt ?? found.lastConnectionAt };
    });
  }

  async function read({ userIds, audiences }: Sight): Promise<ReadPresences> {
    const { moment, states } = await store.read([...audiences.keys(), nobody]);
    const byUserId = new Map((await complete(states)).map((state) => [state.userId, state]));
    const absent = byUserId.get(nobody);
    if (absent === undefined) throw new Error('The presence store left out a state');
    // Who is blocked, either way, is not looked up at all.
    return { moment, states: userIds.map((userId) => byUserId.get(userId) ?? { ...absent, userId }) };
  }

  return {
    read,
    complete,
    async view(sight) {
      const { states } = await read(sight);
      return states.map((state) => viewPresence(state, sight.audiences.get(state.userId) ?? 'STRANGER', now()));
    },
    async ownView(state) {
      const [completed = state] = await complete([state]);
      return viewPresence(completed, 'OWN', now());
    },
  };
}
