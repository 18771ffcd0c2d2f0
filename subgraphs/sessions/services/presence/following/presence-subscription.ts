import type { PresenceState } from '../../../presence/presence.js';
import type { Scheduler } from '../../../presence/scheduler.js';
import { createFollowedUsers } from './followed-users.js';
import { encodeCursor } from './presence-cursor.js';
import type { PresenceFeed } from './presence-feed.js';
import { latest, reaches } from './presence-moments.js';
import type { PresenceMessage, PresenceMessages, PresenceRemovedMessage } from './presence-messages.js';
import type { PresenceMoment } from '../presence-store.js';
import { createPullIterator } from '../../pull-iterator.js';
import type { RelationKind } from '../../../../../shared/users/relation-table.js';
import { asksFor, type Following, type Sight } from './sight.js';

/** A client that does not take what waits for it is let go after this long, in ms (P9). */
export const unsentMs = 10_000;

/** What the first message says. */
export interface FirstMessage {
  readonly kind: 'Snapshot' | 'Changed' | 'Resync';
  readonly moment: PresenceMoment;
  readonly states: readonly PresenceState[];
  /** Whom the client may know and must forget, because of a change of relation. */
  readonly removed?: readonly string[];
}

export interface PresenceSubscription {
  readonly viewerId: string;
  readonly messages: AsyncIterableIterator<PresenceMessage>;
  readonly end: () => void;
  /**
   * How the viewer and the user stand is being read: nothing is told until `relate` says it. False when that may not matter to the
   * subscription: then `relate` must not be called. Not called again before that.
   */
  hold(userId: string): boolean;
  /** Whether the user, whom the subscription names, was nobody to the viewer when last looked. */
  isNobody(userId: string): boolean;
  /** Whether `relate` would tell the client a version that is not above the one that it was told last. */
  isBehind(userId: string, relation: RelationKind | undefined, state: PresenceState): boolean;
  /** How they stand, as read after `hold`, and the user's state, as read after that. */
  relate(userId: string, relation: RelationKind | undefined, state: PresenceState): void;
  /** What was told is worth nothing: nothing is told until `resync`. */
  lose(): void;
  /**
   * Reads everything anew. False when somebody is offline who `isAwaited`; then, as when it rejects because it cannot read, nothing was told,
   * and it must be called again.
   */
  resync(isAwaited: (userId: string) => boolean): Promise<boolean>;
}

export interface PresenceSubscriptionOptions {
  readonly viewerId: string;
  readonly following: Following;
  readonly requestHash: string;
  readonly feed: PresenceFeed;
  readonly messages: PresenceMessages;
  readonly scheduler: Scheduler;
  /** How the viewer looks at everyone followed. Called after changes of relation are being heard. */
  readonly readSight: () => Promise<Sight>;
  /** Reads what the first message says. Called after changes are being collected. */
  readonly readFirst: (sight: Sight) => Promise<FirstMessage>;
  readonly readAnew: (sight: Sight, kind: 'Snapshot' | 'Resync') => Promise<FirstMessage>;
  /** The relations to these users changed while they were read; called before anything is told. */
  readonly onUnsettled: (userIds: readonly string[]) => void;
  /** Called once, when the subscription has ended for whatever reason. */
  readonly onEnd: () => void;
}

/** A subscription that has read nothing yet: `open` does, and rejects when it cannot. */
export function createPresenceSubscription(options: PresenceSubscriptionOptions): PresenceSubscription & { open(): Promise<void> } {
  const { viewerId, following, requestHash, feed, messages, scheduler, readSight, readFirst, readAnew, onUnsettled, onEnd } = options;
  const users = createFollowedUsers({
    viewerId,
    following,
    feed,
    messages,
    now: () => scheduler.now(),
    onNews: () => deliver(),
    onDeleted: (id) => remove(id, 'DELETED'),
  });
  /** Whose relation to the viewer is being read. */
  const held = new Set<string>();
  /** Those whose relation has changed while everything was being read. */
  const unsettled = new Set<string>();
  const removals: Pick<PresenceRemovedMessage, 'userId' | 'reason'>[] = [];
  /** Of the reading under way, or the last one. */
  let reading = 0;
  let isReading = true;
  let hasEnded = false;
  let hasTold = false;
  let first: FirstMessage | undefined;
  /** Up to where the client knows everything, until the feed has told as much. */
  let ahead: PresenceMoment | undefined;
  let cursor = '';
  let cancelUnsent: (() => void) | undefined;

  const pull = createPullIterator<PresenceMessage>({
    take,
    onEnd() {
      hasEnded = true;
      cancelUnsent?.();
      users.clear();
      for (const userId of held) users.stopHearing(userId);
      removals.length = 0;
      first = undefined;
      onEnd();
    },
  });

  /** False = the message is not to be told yet. */
  async function read(
    readMessage: (sight: Sight) => Promise<FirstMessage>,
    isAwaited: (userId: string) => boolean = () => false,
  ): Promise<boolean> {
    const mine = ++reading;
    isReading = true;
    const isOver = (): boolean => hasEnded || mine !== reading;
    const sight = await readSight();
    if (isOver()) return true;
    users.follow(sight.audiences, held);
    const message = await readMessage(sight);
    if (isOver()) return true;
    if (message.states.some(({ userId, availability }) => availability === 'OFFLINE' && isAwaited(userId))) return false;
    first = message;
    ahead = message.moment;
    for (const userId of message.removed ?? []) removals.push({ userId, reason: 'RELATION_CHANGED' });
    isReading = false;
    if (unsettled.size > 0) onUnsettled([...unsettled]);
    unsettled.clear();
    deliver();
    return true;
  }

  /** Wakes a reader that waits; one that does not has `unsentMs` to come. */
  function deliver(): void {
    pull.wake();
    watchUnsent();
  }

  function watchUnsent(): void {
    if (hasEnded || !hasUnsent()) return;
    if (users.isPendingTooLarge()) pull.end({ kind: 'Lost' });
    else cancelUnsent ??= scheduler.after(unsentMs, () => pull.end({ kind: 'Lost' }));
  }

  function hasUnsent(): boolean {
    return isReady() && (first !== undefined || removals.length > 0 || users.hasPending());
  }

  function isReady(): boolean {
    return !isReading && held.size === 0;
  }

  function take(): PresenceMessage | undefined {
    // Whoever asks is not slow, whether there is an answer yet or not.
    cancelUnsent?.();
    cancelUnsent = undefined;
    if (!isReady()) return undefined;
    const message = first === undefined ? (takeRemoval() ?? takePending()) : takeFirst(first);
    watchUnsent();
    return message;
  }

  function takeFirst({ kind, moment, states }: FirstMessage): PresenceMessage {
    first = undefined;
    hasTold = true;
    const entries = users.firstEntries(states);
    cursor = encodeCursor({ moment, issuedAt: scheduler.now(), requestHash });
    return { kind, cursor, entries };
  }

  /** With the cursor of the message before it: what else waits is not told yet. */
  function takeRemoval(): PresenceMessage | undefined {
    const removal = removals.shift();
    return removal && { kind: 'Removed', cursor, ...removal };
  }

  function takePending(): PresenceMessage | undefined {
    const entries = users.takePending(ahead);
    if (entries.length === 0) return undefined;
    // All that has settled was told, now or before; what is held back to keep the pace was not.
    cursor = settledCursor();
    return messages.changed(cursor, entries);
  }

  /** A first message's own moment may be ahead of the feed: a cursor never goes back behind it. */
  function settledCursor(): string {
    if (ahead === undefined) return messages.cursor(requestHash);
    const settled = feed.settled();
    if (settled.epoch === ahead.epoch && reaches(settled, ahead)) {
      ahead = undefined;
      return messages.cursor(requestHash);
    }
    // Of two epochs there is nothing between: a resync is on its way.
    if (settled.epoch === ahead.epoch) ahead = latest(ahead, settled);
    return encodeCursor({ moment: ahead, issuedAt: scheduler.now(), requestHash });
  }

  function remove(userId: string, reason: PresenceRemovedMessage['reason']): void {
    removals.push({ userId, reason });
    deliver();
  }

  return {
    viewerId,
    messages: pull.iterator,
    end: () => pull.end(),
    async open() {
      await read(readFirst);
    },
    hold(userId) {
      if (hasEnded || !asksFor(following, userId)) return false;
      if (isReading) {
        unsettled.add(userId);
        return false;
      }
      held.add(userId);
      // Before their state is read, so that nothing is missed in between.
      users.hear(userId);
      return true;
    },
    isNobody: (userId) => following.nobodies.has(userId),
    isBehind: (userId, relation, state) => users.isBehind(userId, relation, state),
    relate(userId, relation, state) {
      if (hasEnded) return;
      held.delete(userId);
      if (relation !== 'BLOCKED') following.nobodies.delete(userId);
      // What is read anew began before or after this was read: nobody knows.
      if (isReading) unsettled.add(userId);
      else if (users.relate(userId, relation, state) === 'Lost') remove(userId, 'RELATION_CHANGED');
      deliver();
    },
    lose() {
      reading += 1;
      isReading = true;
      first = undefined;
      removals.length = 0;
      cancelUnsent?.();
      cancelUnsent = undefined;
      users.forgetPending();
    },
    // Who was told nothing yet has nothing to forget.
    resync: (isAwaited) => read((sight) => readAnew(sight, hasTold ? 'Resync' : 'Snapshot'), isAwaited),
  };
}
