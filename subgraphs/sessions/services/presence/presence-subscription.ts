import { versionFor, viewPresence, type PresenceView } from '../../presence/presence-view.js';
import type { Audience, PresenceState } from '../../presence/presence.js';
import { encodeCursor } from './presence-cursor.js';
import type { FollowedChange, PresenceFeed } from './presence-feed.js';
import type { PresenceMoment } from './presence-store.js';
import { createPullIterator } from '../pull-iterator.js';

/** A message of the subscription. */
export type PresenceMessage = PresenceEntriesMessage | PresenceRemovedMessage;

/** An entry replaces the entry before it of the same user. */
export interface PresenceEntriesMessage {
  readonly kind: 'Snapshot' | 'Changed' | 'Resync';
  readonly cursor: string;
  readonly entries: readonly PresenceView[];
}

/** The account of a followed user is gone: nothing more is told of them. */
export interface PresenceRemovedMessage {
  readonly kind: 'Removed';
  readonly cursor: string;
  readonly userId: string;
}

/** What the first message says. */
export interface FirstMessage {
  readonly kind: PresenceEntriesMessage['kind'];
  readonly moment: PresenceMoment;
  readonly states: readonly PresenceState[];
}

export interface PresenceSubscription {
  readonly messages: AsyncIterableIterator<PresenceMessage>;
  readonly end: () => void;
}

export interface PresenceSubscriptionOptions {
  readonly feed: PresenceFeed;
  readonly viewerId: string;
  /** Everyone followed, and as what the viewer looks at them. */
  readonly audiences: ReadonlyMap<string, Audience>;
  /** Reads what the first message says. Called after changes are being collected. */
  readonly readFirst: () => Promise<FirstMessage>;
  readonly now: () => number;
  /** Called once, when the subscription has ended for whatever reason. */
  readonly onEnd: () => void;
}

/**
 * Follows many users without missing anything (P7): collects changes first, then reads the first message, and afterwards tells only
 * what is newer than what was told. Per followed user one change at most waits to be taken, the latest.
 */
export async function openPresenceSubscription(options: PresenceSubscriptionOptions): Promise<PresenceSubscription> {
  const { feed, viewerId, audiences, readFirst, now, onEnd } = options;
  const pending = new Map<string, FollowedChange>();
  const toldVersions = new Map<string, number>();
  const removed = new Set<string>();
  const untoldRemovals: string[] = [];
  let wake = (): void => undefined;

  const unfollow = feed.follow({
    viewerId,
    userIds: audiences.keys(),
    onChange(change) {
      pending.set(change.state.userId, change);
      wake();
    },
    onRemoved(userId) {
      pending.delete(userId);
      removed.add(userId);
      untoldRemovals.push(userId);
      wake();
    },
  });

  let first: FirstMessage | undefined;
  try {
    first = await readFirst();
  } catch (error) {
    unfollow();
    throw error;
  }
  const { epoch, position: firstPosition } = first.moment;
  let position = firstPosition;

  const pull = createPullIterator<PresenceMessage>({
    take: () => (first === undefined ? (takeRemoval() ?? takePending()) : takeFirst(first)),
    onEnd() {
      unfollow();
      pending.clear();
      onEnd();
    },
  });
  wake = pull.wake;

  function takeFirst({ kind, states }: FirstMessage): PresenceMessage {
    first = undefined;
    const remaining = states.filter(({ userId }) => !removed.has(userId));
    return toMessage(kind, remaining);
  }

  function takeRemoval(): PresenceMessage | undefined {
    const userId = untoldRemovals.shift();
    return userId === undefined ? undefined : { kind: 'Removed', cursor: cursorNow(), userId };
  }

  function cursorNow(): string {
    return encodeCursor({ epoch, position }, now());
  }

  function takePending(): PresenceMessage | undefined {
    const isNews = ({ position: changedAt, state }: FollowedChange): boolean =>
      changedAt > firstPosition && version(state) > (toldVersions.get(state.userId) ?? 0);
    const states = [...pending.values()].filter(isNews).map(({ state }) => state);
    pending.clear();
    // All up to here was told, now or before; what is held back to keep the pace was not.
    position = Math.max(position, feed.settledPosition());
    return states.length === 0 ? undefined : toMessage('Changed', states);
  }

  function toMessage(kind: PresenceEntriesMessage['kind'], states: readonly PresenceState[]): PresenceMessage {
    for (const state of states) toldVersions.set(state.userId, version(state));
    const entries = states.map((state) => viewPresence(state, audienceOf(state.userId), now()));
    return { kind, cursor: cursorNow(), entries };
  }

  function version(state: PresenceState): number {
    return versionFor(state, audienceOf(state.userId));
  }

  function audienceOf(userId: string): Audience {
    return audiences.get(userId) ?? 'STRANGER';
  }

  return { messages: pull.iterator, end: pull.end };
}
