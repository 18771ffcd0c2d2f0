import type { Revocations } from '../../../../../shared/auth/revocations.js';
import type { Viewer } from '../../../../../shared/auth/viewer.js';
import { invalidInput, type InvalidInput } from '../../../../../shared/errors/invalid-input.js';
import type { Logger } from '../../../../../shared/logging/logger.js';
import { defaultSettings, type PresenceSettings, type PresenceState } from '../../../presence/presence.js';
import type { PresenceView } from '../../../presence/presence-view.js';
import type { Scheduler } from '../../../presence/scheduler.js';
import { continued } from '../../../presence/user-presence.js';
import { createInputQuota } from './input-quota.js';
import { parsePresenceUpdate, type ParsedPresenceUpdate, type PresenceUpdateInput } from './presence-input.js';
import { createUpdateQuota } from './update-quota.js';
import type { PresenceReader } from '../presence-reader.js';
import type { PresenceSettingsRepository } from '../presence-settings-repository.js';
import type { PresenceStore } from '../presence-store.js';

/** The heartbeat is one connection of its session, however often it comes. */
const heartbeatId = 'heartbeat';

type Session = Pick<Viewer, 'userId' | 'sessionId'>;

/** What sessions say of themselves. */
export interface OwnPresence {
  /** What is too often (see input-quota.ts) is accepted, and takes effect a little later: the answer is what it will be. */
  update(session: Session, input: PresenceUpdateInput): Promise<{ kind: 'Updated'; presence: PresenceView } | InvalidInput>;
  heartbeat(session: Session): Promise<PresenceView>;
  goOffline(session: Session): Promise<PresenceView>;
  close(): Promise<void>;
}

export interface OwnPresenceOptions {
  readonly store: PresenceStore;
  readonly repository: PresenceSettingsRepository;
  readonly reader: PresenceReader;
  readonly revocations: Revocations;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  readonly onSeen: (userId: string) => void;
  /** Multiplies the quotas. */
  readonly rateLimitScale: number;
}

export function createOwnPresence(options: OwnPresenceOptions): OwnPresence {
  const { store, repository, reader, revocations, scheduler, logger, onSeen, rateLimitScale: scale } = options;

  const updates = createUpdateQuota<PresenceState>({
    store,
    async apply({ userId, sessionId }, { settings: patch, declaration }) {
      const settings = Object.keys(patch).length === 0 ? undefined : await repository.update(userId, patch);
      return store.update({ userId, sessionId }, { ...declaration, settings });
    },
    onFailed: (error) => logger.error({ err: error }, 'a presence update that had to wait did not take effect'),
    scheduler,
    scale,
  });
  // The next heartbeat does what one too many would have done.
  const heartbeats = createInputQuota<Session, PresenceState>({
    apply: beat,
    merge: (_earlier, later) => later,
    onFailed: (error) => logger.warn({ err: error }, 'a presence heartbeat that had to wait did not take effect'),
    scheduler,
    scale,
  });

  async function beat({ userId, sessionId }: Session): Promise<PresenceState> {
    const key = { userId, sessionId, connectionId: heartbeatId };
    await store.connect(key, await settingsOf(userId));
    onSeen(userId);
    // A session may end between the check of its token and its connection: then nothing else would take it offline again.
    if (revocations.isRevoked(sessionId)) return store.endSession(key);
    // Sent by the client itself, unlike a reconnection: it counts as a message.
    return store.update({ userId, sessionId }, {});
  }

  async function settingsOf(userId: string): Promise<PresenceSettings> {
    return (await repository.find([userId])).get(userId)?.settings ?? defaultSettings;
  }

  async function readState(userId: string): Promise<PresenceState> {
    const [state] = (await store.read([userId])).states;
    if (state === undefined) throw new Error('The presence store left out a state');
    return state;
  }

  return {
    async update({ userId, sessionId }, input) {
      const parsed = parsePresenceUpdate(input);
      if (parsed.kind === 'Invalid') return invalidInput(parsed.problems);
      const taken = await updates.take({ userId, sessionId }, parsed.update);
      if (taken.kind === 'Done') return { kind: 'Updated', presence: await reader.ownView(taken.result) };
      const [state] = await reader.complete([await readState(userId)]);
      if (state === undefined) throw new Error('The presence reader left out a state');
      return { kind: 'Updated', presence: await reader.ownView(asAccepted(state, taken.merged, scheduler.now())) };
    },

    async heartbeat({ userId, sessionId }) {
      const taken = await heartbeats.take(sessionId, { userId, sessionId });
      return reader.ownView(taken.kind === 'Done' ? taken.result : await readState(userId));
    },

    async goOffline({ userId, sessionId }) {
      heartbeats.cancel(sessionId);
      // At once, and before whatever the session asks for next; what waits is looked for meanwhile.
      const ending = store.endSession({ userId, sessionId });
      ending.catch(() => undefined);
      const settings = (await updates.cancel({ userId, sessionId }))?.settings ?? {};
      // What the session declared ends with it; what is the user's own was accepted.
      if (Object.keys(settings).length > 0) {
        const patched = await repository.update(userId, settings);
        await ending;
        return reader.ownView(await store.update({ userId, sessionId }, { settings: patched }));
      }
      return reader.ownView(await ending);
    },

    async close() {
      await Promise.all([updates.close(), heartbeats.close()]);
    },
  };
}

/** The state as it will be once the update takes effect, as far as one session can know: others of its user may say something else. */
function asAccepted(
  state: PresenceState,
  { settings: patch, declaration: { isAway, activity } }: ParsedPresenceUpdate,
  now: number,
): PresenceState {
  const settings = { ...(state.settings ?? defaultSettings), ...patch };
  return {
    ...state,
    settings,
    activity: activity === undefined ? state.activity : continued(state.activity, activity, now),
    availability: acceptedAvailability(state, settings, isAway),
  };
}

function acceptedAvailability(
  { availability, devices }: PresenceState,
  { isBusy }: PresenceSettings,
  isAway: boolean | undefined,
): PresenceState['availability'] {
  if (availability === 'OFFLINE') return 'OFFLINE';
  if (isBusy) return 'BUSY';
  if (isAway === true && devices === 1) return 'AWAY';
  return isAway === undefined && availability === 'AWAY' ? 'AWAY' : 'ONLINE';
}
