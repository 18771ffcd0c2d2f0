import { ageOf, versionFor, viewPresence, type PresenceView } from '../../../presence/presence-view.js';
import type { Audience, PresenceState } from '../../../presence/presence.js';
import type { FollowedChange, Follower, PresenceFeed } from './presence-feed.js';
import type { PresenceMessages } from './presence-messages.js';
import { includes } from './presence-moments.js';
import type { PresenceMoment } from '../presence-store.js';
import type { RelationKind } from '../../../../../shared/users/relation-table.js';
import { audienceFor, type Following } from './sight.js';

/** What waits for a client that does not take it, above which the client is let go (P9). In bytes, about. */
export const pendingLimit = 1024 * 1024;
/** Of an entry with nothing of the user's own in it. */
const bareEntryBytes = 400;

interface Followed {
  readonly audience: Audience;
  /** The version that the client was told last; 0 = none by this subscription, but perhaps by one before it. */
  told: number;
}

/** The one slot of a user: what the client has not taken yet, the latest of it. */
interface Pending {
  readonly state: PresenceState;
  /** Undefined for what was read, not heard. */
  readonly seenAt: FollowedChange['seenAt'] | undefined;
  /** The viewer sees them with other eyes than before, so that this is news whatever its version. */
  readonly isRenewal: boolean;
  readonly bytes: number;
}

/** Whom one subscription follows, as what, and what waits to be told of each. */
export interface FollowedUsers {
  /** Follows these and nobody else; hears on of those in `held`. Nothing counts as told. */
  follow(audiences: ReadonlyMap<string, Audience>, held: ReadonlySet<string>): void;
  /** Collects the changes of somebody who may be one to follow. */
  hear(userId: string): void;
  stopHearing(userId: string): void;
  /** The viewer and the user, whose changes have been heard since before `state` was read, stand like this. `Lost`: no longer followed. */
  relate(userId: string, relation: RelationKind | undefined, state: PresenceState): 'Lost' | undefined;
  /** Whether `relate` would tell the client a version that is not above the one that it was told last. */
  isBehind(userId: string, relation: RelationKind | undefined, state: PresenceState): boolean;
  /** Of these states, in their order, those that may still be told. */
  firstEntries(states: readonly PresenceState[]): readonly PresenceView[];
  /** What is newer than what was told. What happened before the moment `ahead` is known to the client. */
  takePending(ahead: PresenceMoment | undefined): readonly PresenceView[];
  hasPending(): boolean;
  isPendingTooLarge(): boolean;
  forgetPending(): void;
  clear(): void;
}

export interface FollowedUsersOptions {
  readonly viewerId: string;
  readonly following: Following;
  readonly feed: PresenceFeed;
  readonly messages: PresenceMessages;
  readonly now: () => number;
  readonly onNews: () => void;
  readonly onDeleted: (userId: string) => void;
}

export function createFollowedUsers(options: FollowedUsersOptions): FollowedUsers {
  const { viewerId, following, feed, messages, now, onNews, onDeleted } = options;
  const followed = new Map<string, Followed>();
  const pending = new Map<string, Pending>();
  let pendingBytes = 0;
  const deleted = new Set<string>();
  /** No longer followed since everything was read: what was read of them must not be told. */
  const lost = new Set<string>();

  const follower: Follower = {
    viewerId,
    onChange({ state, seenAt }: FollowedChange) {
      const before = pending.get(state.userId);
      if (before !== undefined && ageOf(before.state) > ageOf(state)) return;
      setPending(state, { seenAt: before === undefined ? seenAt : { ...before.seenAt, ...seenAt }, isRenewal: before?.isRenewal === true });
      onNews();
    },
    onRemoved(userId) {
      deleted.add(userId);
      dropPending(userId);
      if (followed.delete(userId)) onDeleted(userId);
    },
  };

  function setPending(state: PresenceState, { seenAt, isRenewal }: Pick<Pending, 'seenAt' | 'isRenewal'>): void {
    dropPending(state.userId);
    const bytes = bytesOf(state);
    pendingBytes += bytes;
    pending.set(state.userId, { state, seenAt, isRenewal, bytes });
  }

  /** Of what was read of the user, and what was heard meanwhile. */
  function newest(userId: string, read: PresenceState): PresenceState {
    const heard = pending.get(userId)?.state;
    return heard !== undefined && ageOf(heard) > ageOf(read) ? heard : read;
  }

  function dropPending(userId: string): void {
    pendingBytes -= pending.get(userId)?.bytes ?? 0;
    pending.delete(userId);
  }

  function forgetPending(): void {
    pending.clear();
    pendingBytes = 0;
  }

  return {
    follow(audiences, held) {
      for (const userId of followed.keys()) if (!audiences.has(userId) && !held.has(userId)) feed.unfollow(userId, follower);
      followed.clear();
      lost.clear();
      forgetPending();
      for (const [userId, audience] of audiences) {
        if (deleted.has(userId)) continue;
        feed.follow(userId, follower);
        followed.set(userId, { audience, told: 0 });
      }
    },

    hear(userId) {
      if (!deleted.has(userId)) feed.follow(userId, follower);
    },

    stopHearing: (userId) => feed.unfollow(userId, follower),

    isBehind(userId, relation, state) {
      const before = followed.get(userId);
      const audience = audienceFor(following, userId, relation);
      if (before === undefined || audience === undefined || audience === before.audience) return false;
      // What the client was told before it came back, nobody here knows.
      return before.told === 0 || versionFor(newest(userId, state), audience) <= before.told;
    },

    relate(userId, relation, state) {
      const before = followed.get(userId);
      const audience = deleted.has(userId) ? undefined : audienceFor(following, userId, relation);
      if (audience === undefined) {
        feed.unfollow(userId, follower);
        dropPending(userId);
        if (!followed.delete(userId)) return undefined;
        lost.add(userId);
        return 'Lost';
      }
      if (audience === before?.audience) return undefined;
      followed.set(userId, { audience, told: before?.told ?? 0 });
      setPending(newest(userId, state), { seenAt: undefined, isRenewal: true });
      return undefined;
    },

    firstEntries(states) {
      const known = states.filter(({ userId }) => !deleted.has(userId) && !lost.has(userId));
      return known.map((read) => {
        const { userId } = read;
        const user = followed.get(userId);
        // Seen with other eyes than when it was read: told at once, not again right after it.
        const isRenewal = pending.get(userId)?.isRenewal === true;
        const view = viewPresence(isRenewal ? newest(userId, read) : read, user?.audience ?? 'STRANGER', now());
        if (isRenewal) dropPending(userId);
        if (user !== undefined) user.told = view.version;
        return view;
      });
    },

    takePending(ahead) {
      const views: PresenceView[] = [];
      for (const { state, seenAt, isRenewal } of pending.values()) {
        const user = followed.get(state.userId);
        if (user === undefined) continue;
        const { audience } = user;
        if (!isRenewal) {
          const position = seenAt?.[audience];
          // Even an entry that says nothing new would tell a stranger that somebody hidden has come.
          if (position === undefined || (ahead !== undefined && includes(ahead, position))) continue;
          if (versionFor(state, audience) <= user.told) continue;
        }
        const view = isRenewal ? viewPresence(state, audience, now()) : messages.view(state, audience);
        user.told = view.version;
        views.push(view);
      }
      forgetPending();
      return views;
    },

    hasPending: () => pending.size > 0,
    isPendingTooLarge: () => pendingBytes > pendingLimit,
    forgetPending,

    clear() {
      for (const userId of followed.keys()) feed.unfollow(userId, follower);
      followed.clear();
      forgetPending();
    },
  };
}

function bytesOf({ activity, settings }: PresenceState): number {
  let bytes = bareEntryBytes + textBytes(settings?.statusMessage);
  if (activity === null) return bytes;
  bytes += textBytes(activity.text) + textBytes(activity.gameId);
  for (const { key, value } of activity.data) bytes += textBytes(key) + textBytes(value);
  return bytes;
}

function textBytes(text: string | null | undefined): number {
  return text === null || text === undefined ? 0 : Buffer.byteLength(text);
}
