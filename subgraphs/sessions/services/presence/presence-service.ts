import { randomUUID } from 'node:crypto';
import type { Revocations } from '../../../../shared/auth/revocations.js';
import type { Viewer } from '../../../../shared/auth/viewer.js';
import { AppError, unauthenticated } from '../../../../shared/errors/app-error.js';
import { invalidInput, type InvalidInput } from '../../../../shared/errors/invalid-input.js';
import type { Leave, SubscriptionConnection } from '../../../../shared/graphql/subgraph.js';
import type { Logger } from '../../../../shared/logging/logger.js';
import type { KnownUsers } from '../../../../shared/users/known-users.js';
import { viewPresence, type PresenceView } from '../../presence/presence-view.js';
import { defaultSettings, type Audience, type ConnectionKey, type PresenceSettings, type PresenceState } from '../../presence/presence.js';
import type { Scheduler } from '../../presence/scheduler.js';
import { createLastConnections } from './last-connections.js';
import { graceAfterLeave } from './leave-grace.js';
import { createPresenceConnections } from './presence-connections.js';
import { decodeCursor } from './presence-cursor.js';
import { createPresenceFeed } from './presence-feed.js';
import { parsePresenceUpdate, type PresenceUpdateInput } from './presence-input.js';
import type { PresenceSettingsRepository } from './presence-settings-repository.js';
import type { PresenceStore } from './presence-store.js';
import { openPresenceSubscription, type FirstMessage, type PresenceMessage } from './presence-subscription.js';
import type { RelationKind, RelationTable } from '../../../../shared/users/relation-table.js';

/** How many users one subscription may follow by id (P7). */
const followLimit = 500;
/** The heartbeat is one connection of its session, however often it comes. */
const heartbeatId = 'heartbeat';
/** The id of no user. */
const nobody = '00000000-0000-0000-0000-000000000000';

/** Whom a viewer looks at, and as what. Of those without an audience nothing may be seen, nor that it is so. */
interface Sight {
  readonly userIds: readonly string[];
  readonly audiences: ReadonlyMap<string, Audience>;
}

export interface PresenceRequest {
  readonly friends: boolean;
  readonly userIds: readonly string[];
  /** The cursor of the last message that the client received. */
  readonly since: string | null;
}

export interface PresenceService {
  /** What `viewer` may see of each user, in the given order. Users nobody knows look offline. */
  view(viewer: Viewer | null, userIds: readonly string[]): Promise<readonly PresenceView[]>;
  /**
   * Follows users for as long as the iterator is not returned, and makes the viewer's session online meanwhile. Throws `UNAUTHENTICATED`,
   * and `BAD_USER_INPUT` for nobody or too many to follow. Ids that nobody has are left out.
   */
  subscribe(
    viewer: Viewer | null,
    request: PresenceRequest,
    connection: SubscriptionConnection | undefined,
  ): Promise<AsyncIterableIterator<PresenceMessage>>;
  update(viewer: Viewer | null, input: PresenceUpdateInput): Promise<{ kind: 'Updated'; presence: PresenceView } | InvalidInput>;
  heartbeat(viewer: Viewer | null): Promise<PresenceView>;
  goOffline(viewer: Viewer | null): Promise<PresenceView>;
  /** The user's account is gone: whoever follows them is told so, and nothing after it. */
  forget(userId: string): void;
  /** The session has ended: its presence leaves at once. */
  endSession(session: { readonly userId: string; readonly sessionId: string }): Promise<void>;
  close(): Promise<void>;
}

export interface PresenceServiceOptions {
  readonly store: PresenceStore;
  readonly settings: PresenceSettingsRepository;
  readonly relations: Pick<RelationTable, 'friendsOf' | 'among'>;
  readonly knownUsers: KnownUsers;
  readonly revocations: Revocations;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

export function createPresenceService(options: PresenceServiceOptions): PresenceService {
  const { store, settings: repository, relations, knownUsers, revocations, scheduler, logger } = options;
  const feed = createPresenceFeed({ store, scheduler });
  const lastConnections = createLastConnections({ store, repository, scheduler, logger });
  const connections = createPresenceConnections({ store, loadSettings, scheduler, logger });

  const stopRevocations = revocations.onRevoked((sessionId) => {
    const userId = connections.ownerOf(sessionId);
    if (userId !== undefined) inBackground(endSession({ userId, sessionId }));
  });

  async function loadSettings(userId: string): Promise<PresenceSettings> {
    return (await repository.find([userId])).get(userId)?.settings ?? defaultSettings;
  }

  async function endSession(session: { readonly userId: string; readonly sessionId: string }): Promise<void> {
    await store.endSession(session);
  }

  /** Leaving must not wait for the store: the iterator's `return()` acts at once. */
  function inBackground(work: Promise<unknown>): void {
    work.catch((error: unknown) => logger.warn({ err: error }, 'a presence was not taken offline; its lease runs out by itself'));
  }

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

  async function ownView(state: PresenceState): Promise<PresenceView> {
    const [completed = state] = await complete([state]);
    return viewPresence(completed, 'OWN', scheduler.now());
  }

  async function sightOf(viewer: Viewer | null, userIds: readonly string[]): Promise<Sight> {
    const known = viewer === null ? new Map<string, RelationKind>() : await relations.among(viewer.userId, userIds);
    const audiences = new Map<string, Audience>();
    for (const userId of userIds) {
      if (userId === viewer?.userId) audiences.set(userId, 'OWN');
      else if (known.get(userId) !== 'BLOCKED') audiences.set(userId, known.get(userId) === 'FRIEND' ? 'FRIEND' : 'STRANGER');
    }
    return { userIds, audiences };
  }

  /** Who is blocked, either way, is not looked up at all: the state of nobody stands for theirs, in every field. */
  async function read({ userIds, audiences }: Sight): Promise<Omit<FirstMessage, 'kind'>> {
    const { moment, states } = await store.read([...audiences.keys(), nobody]);
    const byUserId = new Map((await complete(states)).map((state) => [state.userId, state]));
    const absent = byUserId.get(nobody);
    if (absent === undefined) throw new Error('The presence store left out a state');
    return { moment, states: userIds.map((userId) => byUserId.get(userId) ?? { ...absent, userId }) };
  }

  async function readSnapshot(kind: 'Snapshot' | 'Resync', sight: Sight): Promise<FirstMessage> {
    return { kind, ...(await read(sight)) };
  }

  async function readFirst(sight: Sight, since: string | null): Promise<FirstMessage> {
    const { audiences } = sight;
    if (since === null) return readSnapshot('Snapshot', sight);
    const cursor = decodeCursor(since, scheduler.now());
    if (cursor.kind === 'Unknown') return readSnapshot('Resync', sight);
    if (cursor.kind === 'TooOld') return readSnapshot('Snapshot', sight);
    const changes = await store.readChanges(audiences, cursor.moment);
    switch (changes.kind) {
      case 'Changes':
        return { kind: 'Changed', moment: changes.moment, states: await complete(changes.states) };
      case 'TooOld':
        return readSnapshot('Snapshot', sight);
      case 'UnknownEpoch':
        return readSnapshot('Resync', sight);
    }
  }

  /** A session may end between the check of its token and its connection: then nothing else would take it offline again. */
  async function leaveIfEnded(key: ConnectionKey): Promise<void> {
    if (revocations.isRevoked(key.sessionId)) await endSession(key);
  }

  return {
    async view(viewer, userIds) {
      const sight = await sightOf(viewer, userIds);
      const { states } = await read(sight);
      return states.map((state) => viewPresence(state, sight.audiences.get(state.userId) ?? 'STRANGER', scheduler.now()));
    },

    async subscribe(caller, request, connection) {
      const viewer = requireViewer(caller);
      const { userIds, since } = request;
      if (!request.friends && userIds.length === 0) throw new AppError('BAD_USER_INPUT', 'Follow "friends", "userIds" or both.');
      const ids = new Set(userIds);
      if (ids.size > followLimit)
        throw new AppError('BAD_USER_INPUT', `"userIds" may have at most ${followLimit} different ids; it had ${ids.size}.`);
      const [friends, known] = await Promise.all([
        request.friends ? relations.friendsOf(viewer.userId) : new Set<string>(),
        knownUsers.among(
          viewer.userId,
          [...ids].filter((id) => id !== viewer.userId),
        ),
      ]);
      const followed = [...ids].filter((id) => known.has(id) || id === viewer.userId);
      const sight = await sightOf(viewer, [...new Set([...followed, ...friends])]);

      const key = { userId: viewer.userId, sessionId: viewer.sessionId, connectionId: `${connection?.id ?? ''}/${randomUUID()}` };
      const leave = (): void => {
        const grace = graceAfterLeave(leaveCode(connection?.signal), revocations.isRevoked(viewer.sessionId));
        inBackground(connections.close(key, grace));
      };
      await connections.open(key);
      await leaveIfEnded(key);
      let subscription: Awaited<ReturnType<typeof openPresenceSubscription>>;
      try {
        subscription = await openPresenceSubscription({
          feed,
          viewerId: viewer.userId,
          audiences: sight.audiences,
          readFirst: () => readFirst(sight, since),
          now: () => scheduler.now(),
          onEnd() {
            connection?.signal.removeEventListener('abort', subscription.end);
            leave();
          },
        });
      } catch (error) {
        leave();
        throw error;
      }
      connection?.signal.addEventListener('abort', subscription.end, { once: true });
      if (connection?.signal.aborted === true) subscription.end();
      return subscription.messages;
    },

    async update(caller, input) {
      const viewer = requireViewer(caller);
      const parsed = parsePresenceUpdate(input, scheduler.now());
      if (parsed.kind === 'Invalid') return invalidInput(parsed.problems);
      const { settings: patch, declaration } = parsed.update;
      const settings = Object.keys(patch).length === 0 ? undefined : await repository.update(viewer.userId, patch);
      const state = await store.update(viewer, { ...declaration, settings });
      return { kind: 'Updated', presence: await ownView(state) };
    },

    async heartbeat(caller) {
      const { userId, sessionId } = requireViewer(caller);
      const key = { userId, sessionId, connectionId: heartbeatId };
      await store.connect(key, await loadSettings(userId));
      await leaveIfEnded(key);
      // Sent by the client itself, unlike a reconnection: it counts as a message.
      return ownView(await store.update({ userId, sessionId }, {}));
    },

    async goOffline(caller) {
      return ownView(await store.endSession(requireViewer(caller)));
    },

    forget: (userId) => feed.remove(userId),

    endSession,

    async close() {
      stopRevocations();
      connections.stop();
      feed.close();
      await lastConnections.close();
    },
  };
}

function requireViewer(viewer: Viewer | null): Viewer {
  if (viewer === null) throw unauthenticated();
  return viewer;
}

/** The code of the `Leave` that the signal was aborted with. */
function leaveCode(signal: AbortSignal | undefined): number | undefined {
  const reason: Partial<Leave> | undefined = signal?.aborted === true ? (signal.reason as Partial<Leave>) : undefined;
  return typeof reason?.code === 'number' ? reason.code : undefined;
}
