import { randomUUID } from 'node:crypto';
import type { Revocations } from '../../../../../shared/auth/revocations.js';
import type { Viewer } from '../../../../../shared/auth/viewer.js';
import { AppError } from '../../../../../shared/errors/app-error.js';
import type { Leave, SubscriptionConnection } from '../../../../../shared/graphql/subgraph.js';
import type { Logger } from '../../../../../shared/logging/logger.js';
import type { KnownUsers } from '../../../../../shared/users/known-users.js';
import type { ConnectionKey } from '../../../presence/presence.js';
import type { Scheduler } from '../../../presence/scheduler.js';
import { graceAfterLeave } from '../leave-grace.js';
import type { PresenceConnections } from '../presence-connections.js';
import { hashRequest } from './presence-cursor.js';
import { createPresenceFeed } from './presence-feed.js';
import { createPresenceMessages, type PresenceMessage } from './presence-messages.js';
import type { PresenceReader } from '../presence-reader.js';
import type { PresenceStore } from '../presence-store.js';
import { createPresenceSubscription, type PresenceSubscription, type SubscriptionGround } from './presence-subscription.js';
import { createRelationWatch } from './relation-watch.js';
import type { RelationHistory, Relations } from '../relations.js';
import { createPresenceResume, type ResumeRequest } from './resume.js';
import { createResyncs } from './resyncs.js';
import { sightOfFollowing } from './sight.js';

/** How many users one subscription may follow by id (P7). */
const followLimit = 500;

export interface PresenceRequest {
  readonly friends: boolean;
  readonly userIds: readonly string[];
  /** The cursor of the last message that the client received. */
  readonly since: string | null;
}

/** All open subscriptions of this process. */
export interface PresenceSubscriptions {
  subscribe(
    viewer: Viewer,
    request: PresenceRequest,
    connection: SubscriptionConnection | undefined,
  ): Promise<AsyncIterableIterator<PresenceMessage>>;
  close(): void;
}

export interface PresenceSubscriptionsOptions {
  readonly store: PresenceStore;
  readonly relations: Relations;
  readonly history: RelationHistory;
  readonly reader: PresenceReader;
  readonly connections: PresenceConnections;
  readonly knownUsers: KnownUsers;
  readonly revocations: Revocations;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  /** From 0 to 1, for spreading. */
  readonly random: () => number;
}

type ResolvedRequest = Pick<ResumeRequest, 'following' | 'requestHash' | 'namesNobody'>;

export function createPresenceSubscriptions(options: PresenceSubscriptionsOptions): PresenceSubscriptions {
  const { store, relations, history, reader, connections, knownUsers, revocations, scheduler, logger, random } = options;
  /** By viewer. */
  const open = new Map<string, readonly PresenceSubscription[]>();
  const feed = createPresenceFeed({ store, scheduler });
  const now = (): number => scheduler.now();
  const messages = createPresenceMessages({ settled: () => feed.settled(), now });
  const resume = createPresenceResume({ store, history, reader, now });
  const resyncs = createResyncs({ scheduler, logger, random });
  const watch = createRelationWatch({
    relations,
    knownUsers,
    reader,
    store,
    subscriptionsOf: (viewerId) => open.get(viewerId) ?? [],
    scheduler,
    logger,
  });

  const ground: SubscriptionGround = {
    feed,
    messages,
    scheduler,
    readSight: (viewerId, following) => sightOfFollowing(relations, viewerId, following),
    readAnew: (sight, kind) => resume.snapshot(kind, sight),
    onUnsettled: (subscription, userIds) => userIds.forEach((userId) => watch.settle(subscription, userId)),
  };

  const stop = store.listen({
    onNotice(notice) {
      if (notice.kind === 'RelationChanged') watch.changed(notice.userId, notice.otherId);
    },
    onLost(loss) {
      const subscriptions = [...open.values()].flat();
      // Nothing of before may reach them; and whom they follow must be online again before they read it.
      for (const subscription of subscriptions) subscription.lose();
      resyncs.begin(subscriptions, connections.reassert(), (userId) => loss.wasOnline(userId));
    },
  });

  function add(subscription: PresenceSubscription): void {
    // Not spread, which would leave room for 16 more.
    open.set(subscription.viewerId, (open.get(subscription.viewerId) ?? []).concat(subscription));
  }

  function forget(subscription: PresenceSubscription): void {
    const { viewerId } = subscription;
    const others = (open.get(viewerId) ?? []).filter((each) => each !== subscription);
    if (others.length > 0) open.set(viewerId, others);
    else open.delete(viewerId);
    resyncs.forget(subscription);
  }

  /**
   * What is done when the subscription behind `key` has ended. Like the next one a function of its own: what is needed only to begin must
   * not live as long as the subscription.
   */
  function whenLeft(key: ConnectionKey, connection: SubscriptionConnection | undefined) {
    return (subscription: PresenceSubscription): void => {
      connection?.signal.removeEventListener('abort', subscription.end);
      forget(subscription);
      const grace = graceAfterLeave(leaveCode(connection?.signal), revocations.isRevoked(key.sessionId));
      // Leaving must not wait for the store: the iterator's `return()` acts at once.
      connections.close(key, grace).catch((error: unknown) => {
        logger.warn({ err: error }, 'a presence was not taken offline; its lease runs out by itself');
      });
    };
  }

  async function resolveRequest(viewerId: string, request: PresenceRequest): Promise<ResolvedRequest> {
    const ids = checkIds(request);
    const known = await knownUsers.among(
      viewerId,
      [...ids].filter((id) => id !== viewerId),
    );
    const nobodies = new Set([...ids].filter((id) => !known.has(id) && id !== viewerId));
    const { friends } = request;
    return {
      following: { friends, userIds: ids, nobodies },
      requestHash: hashRequest({ friends, userIds: ids }),
      namesNobody: nobodies.size > 0,
    };
  }

  return {
    async subscribe(viewer, request, connection) {
      const { userId: viewerId, sessionId } = viewer;
      const { following, requestHash, namesNobody } = await resolveRequest(viewerId, request);
      const key = { userId: viewerId, sessionId, connectionId: `${connection?.id ?? ''}/${randomUUID()}` };
      const subscription = createPresenceSubscription(ground, { viewerId, following, requestHash, onEnd: whenLeft(key, connection) });
      await connections.open(key);
      // A session may end between the check of its token and its connection: then nothing else would take it offline again.
      if (revocations.isRevoked(sessionId)) await store.endSession(key);
      add(subscription);
      try {
        const { since } = request;
        await subscription.open((sight) => resume.first(sight, { viewerId, following, requestHash, since, namesNobody }));
      } catch (error) {
        subscription.end();
        throw error;
      }
      connection?.signal.addEventListener('abort', subscription.end, { once: true });
      if (connection?.signal.aborted === true) subscription.end();
      return subscription.messages;
    },

    close() {
      stop();
      watch.close();
      resyncs.close();
      feed.close();
    },
  };
}

function checkIds({ friends, userIds }: PresenceRequest): ReadonlySet<string> {
  if (!friends && userIds.length === 0) throw new AppError('BAD_USER_INPUT', 'Follow "friends", "userIds" or both.');
  const ids = new Set(userIds);
  if (ids.size > followLimit) {
    throw new AppError('BAD_USER_INPUT', `"userIds" may have at most ${followLimit} different ids; it had ${ids.size}.`);
  }
  return ids;
}

/** The code of the `Leave` that the signal was aborted with. */
function leaveCode(signal: AbortSignal | undefined): number | undefined {
  const reason: Partial<Leave> | undefined = signal?.aborted === true ? (signal.reason as Partial<Leave>) : undefined;
  return typeof reason?.code === 'number' ? reason.code : undefined;
}
