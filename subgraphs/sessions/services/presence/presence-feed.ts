import type { PresenceState } from '../../presence/presence.js';
import type { Scheduler } from '../../presence/scheduler.js';
import type { PresenceChange, PresenceStore } from './presence-store.js';

/** At most one change of a user is told per this time, in ms; the first at once (P6). */
export const paceMs = 500;

export interface Follower {
  readonly viewerId: string;
  readonly userIds: Iterable<string>;
  /** Called with the newest change of a followed user; not with those that only the user themself could see, or only others. */
  readonly onChange: (change: FollowedChange) => void;
  /** Called once when a followed user is gone for good; nothing more is heard of them. */
  readonly onRemoved: (userId: string) => void;
}

export interface FollowedChange {
  readonly position: number;
  readonly state: PresenceState;
}

/** Tells who follows whom about the changes of the store, paced, once for all followers of this process. */
export interface PresenceFeed {
  /** Returns a function that stops it. */
  follow(follower: Follower): () => void;
  /** Nobody is followed by this id any more. */
  remove(userId: string): void;
  /** Every change up to this position has been handed to the followers. */
  settledPosition(): number;
  close(): void;
}

/** A change that waits for its turn, and the position of the first one that it stands for. */
interface Held {
  readonly firstPosition: number;
  readonly latest: FollowedChange;
}

export function createPresenceFeed({ store, scheduler }: { store: PresenceStore; scheduler: Scheduler }): PresenceFeed {
  const topics = new Map<string, Set<Follower>>();
  /** The topics that told something less than `paceMs` ago, and how to stop their timers. */
  const pacing = new Map<string, () => void>();
  /** By topic, in the order of their first positions. */
  const held = new Map<string, Held>();
  let latestPosition = 0;

  const stop = store.onChange((change: PresenceChange) => {
    latestPosition = change.position;
    if (change.changedFor.includes('OWN')) offer(topicOf(change.state.userId, true), change);
    if (change.changedFor.some((audience) => audience !== 'OWN')) offer(topicOf(change.state.userId, false), change);
  });

  function offer(topic: string, change: FollowedChange): void {
    if (!topics.has(topic)) return;
    if (pacing.has(topic)) held.set(topic, { firstPosition: held.get(topic)?.firstPosition ?? change.position, latest: change });
    else tell(topic, change);
  }

  function tell(topic: string, change: FollowedChange): void {
    pacing.set(
      topic,
      scheduler.after(paceMs, () => {
        pacing.delete(topic);
        const next = held.get(topic);
        held.delete(topic);
        if (next !== undefined) tell(topic, next.latest);
      }),
    );
    for (const { onChange } of topics.get(topic) ?? []) onChange(change);
  }

  return {
    follow(follower) {
      const followed = [...follower.userIds].map((userId) => topicOf(userId, userId === follower.viewerId));
      for (const topic of followed) {
        topics.set(topic, (topics.get(topic) ?? new Set<Follower>()).add(follower));
      }
      return () => {
        for (const topic of followed) {
          const followers = topics.get(topic);
          followers?.delete(follower);
          if (followers?.size === 0) topics.delete(topic);
        }
      };
    },
    remove(userId) {
      for (const topic of [topicOf(userId, true), topicOf(userId, false)]) {
        const followers = topics.get(topic) ?? [];
        topics.delete(topic);
        held.delete(topic);
        for (const { onRemoved } of followers) onRemoved(userId);
      }
    },
    settledPosition() {
      const [oldest] = held.values();
      return oldest === undefined ? latestPosition : oldest.firstPosition - 1;
    },
    close() {
      stop();
      for (const cancel of pacing.values()) cancel();
      pacing.clear();
      held.clear();
      topics.clear();
    },
  };
}

/** What a user sees of themself changes at other times than what others see, and must not delay or reveal it. */
function topicOf(userId: string, isOwn: boolean): string {
  return isOwn ? `own:${userId}` : `of:${userId}`;
}
