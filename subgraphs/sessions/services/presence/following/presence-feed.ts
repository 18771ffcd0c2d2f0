import type { Audience, PresenceState } from '../../../presence/presence.js';
import type { Scheduler } from '../../../presence/scheduler.js';
import type { PresenceMoment, PresencePosition, PresenceStore } from '../presence-store.js';

/** At most one change of a user is told per this time, in ms; the first at once (P6). */
export const paceMs = 500;

export interface Follower {
  readonly viewerId: string;
  /** Called with the newest change of a followed user; not with those that only the user themself could see, or only others. */
  onChange(change: FollowedChange): void;
  /** Called once when a followed user is gone for good; nothing more is heard of them. */
  onRemoved(userId: string): void;
}

export interface FollowedChange {
  readonly state: PresenceState;
  /** By audience, the position of the last change that it saw. Whoever saw none of them must not be told that there was one. */
  readonly seenAt: Partial<Readonly<Record<Audience, PresencePosition>>>;
}

/** Tells who follows whom about the changes of the store, paced, once for all followers of this process. */
export interface PresenceFeed {
  /** Has no effect for who follows them already. Returns the id in the one string that all followers may keep. */
  follow(userId: string, follower: Follower): string;
  unfollow(userId: string, follower: Follower): void;
  /** Up to here, in every shard, all has been handed to the followers. Never goes back in one epoch; the same object until it moves. */
  settled(): PresenceMoment;
  /** How many users are followed, by anybody. */
  readonly size: number;
  close(): void;
}

/** The followers of one user, or of one user's own view of themself. */
interface Topic {
  readonly userId: string;
  readonly followers: Set<Follower>;
  /** While less than `paceMs` have passed since something was told: takes the end of that time back. */
  cancelPause: (() => void) | undefined;
  /** What waits for that time to pass, and the position of the first change that it stands for. */
  held: { readonly first: PresencePosition; readonly latest: FollowedChange } | undefined;
}

/**
 * A user's own view changes at other times than that of others, and must not delay or reveal anything to them: two topics. Those of whom
 * nobody hears, and who have told nothing lately, have none.
 */
export function createPresenceFeed({ store, scheduler }: { store: PresenceStore; scheduler: Scheduler }): PresenceFeed {
  const topics = { own: new Map<string, Topic>(), others: new Map<string, Topic>() };
  /** In the order of their first positions. */
  const holding = new Set<Topic>();
  let settled: PresenceMoment | undefined;

  const stop = store.listen({
    onChange({ position, state, changedFor }) {
      settled = undefined;
      const change: FollowedChange = { state, seenAt: Object.fromEntries(changedFor.map((audience) => [audience, position])) };
      const told = [
        ...(changedFor.includes('OWN') ? offer(topics.own, change, position) : []),
        ...(changedFor.some((audience) => audience !== 'OWN') ? offer(topics.others, change, position) : []),
      ];
      // After both were offered: whoever is told writes a cursor that must not name what the other topic holds back.
      for (const topic of told) for (const follower of topic.followers) follower.onChange(change);
    },
    onNotice(notice) {
      settled = undefined;
      if (notice.kind === 'UserDeleted') remove(notice.userId);
    },
    onLost() {
      settled = undefined;
      for (const topic of holding) release(topic);
    },
  });

  /** The topic, when the change may be told now. */
  function offer(kind: Map<string, Topic>, change: FollowedChange, position: PresencePosition): readonly Topic[] {
    const { userId } = change.state;
    const topic = kind.get(userId);
    if (topic === undefined || topic.followers.size === 0) return [];
    if (topic.cancelPause === undefined) {
      pause(kind, userId, topic);
      return [topic];
    }
    const seenAt = { ...topic.held?.latest.seenAt, ...change.seenAt };
    topic.held = { first: topic.held?.first ?? position, latest: { ...change, seenAt } };
    holding.add(topic);
    return [];
  }

  function pause(kind: Map<string, Topic>, userId: string, topic: Topic): void {
    topic.cancelPause = scheduler.after(paceMs, () => {
      topic.cancelPause = undefined;
      const next = topic.held?.latest;
      release(topic);
      if (next === undefined) {
        forgetIfIdle(kind, userId, topic);
        return;
      }
      pause(kind, userId, topic);
      for (const follower of topic.followers) follower.onChange(next);
    });
  }

  function release(topic: Topic): void {
    settled = undefined;
    topic.held = undefined;
    holding.delete(topic);
  }

  function forgetIfIdle(kind: Map<string, Topic>, userId: string, topic: Topic): void {
    if (topic.followers.size > 0) return;
    release(topic);
    if (topic.cancelPause === undefined && kind.get(userId) === topic) kind.delete(userId);
  }

  function remove(userId: string): void {
    for (const kind of [topics.own, topics.others]) {
      const topic = kind.get(userId);
      if (topic === undefined) continue;
      kind.delete(userId);
      topic.cancelPause?.();
      release(topic);
      for (const follower of topic.followers) follower.onRemoved(userId);
    }
  }

  function findSettled(): PresenceMoment {
    const heard = store.heard();
    const offsets = new Map(heard.offsets);
    for (const { held } of holding) {
      if (held === undefined) continue;
      const { shard, offset } = held.first;
      offsets.set(shard, Math.min(offset - 1, offsets.get(shard) ?? Infinity));
    }
    return { epoch: heard.epoch, offsets };
  }

  function kindOf(userId: string, { viewerId }: Follower): Map<string, Topic> {
    return userId === viewerId ? topics.own : topics.others;
  }

  return {
    follow(userId, follower) {
      const kind = kindOf(userId, follower);
      const topic = kind.get(userId) ?? { userId, followers: new Set(), cancelPause: undefined, held: undefined };
      topic.followers.add(follower);
      kind.set(topic.userId, topic);
      return topic.userId;
    },
    unfollow(userId, follower) {
      const kind = kindOf(userId, follower);
      const topic = kind.get(userId);
      if (topic?.followers.delete(follower) === true) forgetIfIdle(kind, userId, topic);
    },
    settled: () => (settled ??= findSettled()),
    get size() {
      return new Set([...topics.own.keys(), ...topics.others.keys()]).size;
    },
    close() {
      stop();
      for (const kind of [topics.own, topics.others]) {
        for (const { cancelPause } of kind.values()) cancelPause?.();
        kind.clear();
      }
      holding.clear();
    },
  };
}
