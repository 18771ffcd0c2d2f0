import type { Revocations } from '../../../../shared/auth/revocations.js';
import type { Viewer } from '../../../../shared/auth/viewer.js';
import type { InvalidInput } from '../../../../shared/errors/invalid-input.js';
import type { SubscriptionConnection } from '../../../../shared/graphql/subgraph.js';
import type { Logger } from '../../../../shared/logging/logger.js';
import type { KnownUsers } from '../../../../shared/users/known-users.js';
import type { PresenceView } from '../../presence/presence-view.js';
import type { Scheduler } from '../../presence/scheduler.js';
import { requireViewer } from '../require-viewer.js';
import { createLastConnections } from './last-connections.js';
import { findOnlineFriends } from './online-friends.js';
import { createOwnPresence } from './own/own-presence.js';
import { createPresenceConnections, type PresenceCounts } from './presence-connections.js';
import type { PresenceUpdateInput } from './own/presence-input.js';
import type { PresenceMessage } from './following/presence-messages.js';
import { createPresenceReader } from './presence-reader.js';
import type { PresenceSettingsRepository } from './presence-settings-repository.js';
import type { PresenceStore } from './presence-store.js';
import { createPresenceSubscriptions, type PresenceRequest } from './following/presence-subscriptions.js';
import { withRefusals } from './reachable-store.js';
import type { RelationHistory, Relations } from './relations.js';
import { sightOf } from './following/sight.js';

export interface PresenceService {
  /** What `viewer` may see of each user, in the given order. Users nobody knows look offline. */
  view(viewer: Viewer | null, userIds: readonly string[]): Promise<readonly PresenceView[]>;
  /**
   * The viewer's friends who are online and let the viewer see it, in the order of their ids: the first `limit` after the id `after`. Throws
   * `UNAUTHENTICATED`.
   */
  onlineFriends(viewer: Viewer | null, page: { readonly limit: number; readonly after: string | null }): Promise<readonly PresenceView[]>;
  /**
   * Follows users for as long as the iterator is not returned, and makes the viewer's session online meanwhile. Throws `UNAUTHENTICATED`,
   * `UNAVAILABLE`, and `BAD_USER_INPUT` for nobody or too many to follow. Ids that nobody has are left out.
   */
  subscribe(
    viewer: Viewer | null,
    request: PresenceRequest,
    connection: SubscriptionConnection | undefined,
  ): Promise<AsyncIterableIterator<PresenceMessage>>;
  update(viewer: Viewer | null, input: PresenceUpdateInput): Promise<{ kind: 'Updated'; presence: PresenceView } | InvalidInput>;
  heartbeat(viewer: Viewer | null): Promise<PresenceView>;
  goOffline(viewer: Viewer | null): Promise<PresenceView>;
  /** The user's account is gone: whoever follows them, in whatever process, is told so, and nothing after it. */
  forget(userId: string): Promise<void>;
  /** The session has ended: its presence leaves at once. */
  endSession(session: { readonly userId: string; readonly sessionId: string }): Promise<void>;
  /** Connections of this process, for operators. */
  count(): PresenceCounts;
  close(): Promise<void>;
}

export interface PresenceServiceOptions {
  readonly store: PresenceStore;
  readonly settings: PresenceSettingsRepository;
  readonly relations: Relations;
  readonly history: RelationHistory;
  readonly knownUsers: KnownUsers;
  readonly revocations: Revocations;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  /** Multiplies the input quotas. */
  readonly rateLimitScale?: number;
  /** From 0 to 1, for spreading what many would do at the same moment. */
  readonly random?: () => number;
}

export function createPresenceService(options: PresenceServiceOptions): PresenceService {
  const { settings: repository, relations, revocations, scheduler, logger, rateLimitScale = 1, random = Math.random } = options;
  const store = withRefusals(options.store, logger);
  const now = (): number => scheduler.now();
  const reader = createPresenceReader({ store, repository, now });
  const connections = createPresenceConnections({ store, loadSettings, scheduler, logger, random });
  const lastConnections = createLastConnections({ store, repository, connected: () => connections.userIds(), scheduler, logger });
  const subscriptions = createPresenceSubscriptions({ ...options, store, reader, connections, random });
  const own = createOwnPresence({
    store,
    repository,
    reader,
    revocations,
    scheduler,
    logger,
    onSeen: (userId) => lastConnections.seen(userId),
    rateLimitScale,
  });

  const stopRevocations = revocations.onRevoked((sessionId) => {
    const userId = connections.ownerOf(sessionId);
    if (userId === undefined) return;
    endSession({ userId, sessionId }).catch((error: unknown) => {
      logger.warn({ err: error }, 'a presence was not taken offline; its lease runs out by itself');
    });
  });

  async function loadSettings(userIds: readonly string[]) {
    const stored = await repository.find(userIds);
    return new Map(
      userIds.flatMap((userId) => {
        const found = stored.get(userId);
        return found === undefined ? [] : [[userId, found.settings] as const];
      }),
    );
  }

  async function endSession(session: { readonly userId: string; readonly sessionId: string }): Promise<void> {
    await store.endSession(session);
  }

  return {
    view: async (viewer, userIds) => reader.view(await sightOf(relations, viewer?.userId ?? null, userIds)),
    onlineFriends: async (viewer, page) => findOnlineFriends({ relations, reader, now }, requireViewer(viewer).userId, page),
    async subscribe(caller, request, connection) {
      const viewer = requireViewer(caller);
      const messages = await subscriptions.subscribe(viewer, request, connection);
      lastConnections.seen(viewer.userId);
      return messages;
    },
    update: async (viewer, input) => own.update(requireViewer(viewer), input),
    heartbeat: async (viewer) => own.heartbeat(requireViewer(viewer)),
    goOffline: async (viewer) => own.goOffline(requireViewer(viewer)),
    forget: (userId) => store.announce({ kind: 'UserDeleted', userId }),
    endSession,
    count: () => connections.count(),

    async close() {
      stopRevocations();
      await own.close();
      subscriptions.close();
      await lastConnections.close();
      connections.stop();
    },
  };
}
