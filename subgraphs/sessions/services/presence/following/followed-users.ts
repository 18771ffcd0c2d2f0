import { ageOf, versionFor, type PresenceView } from '../../../presence/presence-view.js';
import type { Audience, PresenceState } from '../../../presence/presence.js';
import type { FollowedChange, Follower, PresenceFeed } from './presence-feed.js';
import type { PresenceMessages } from './presence-messages.js';
import { includes } from './presence-moments.js';
import type { PresenceMoment } from '../presence-store.js';
import type { RelationKind } from '../../../../../shared/users/relation-table.js';
import { audienceFor, type Following } from './sight.js';
import { audienceOf, followedAs, toldOf, type Followed } from './followed.js';

/** What waits for a client that does not take it, above which the client is let go (P9). In bytes, about. */
export const pendingLimit = 1024 * 1024;
/** Of an entry with nothing of the user's own in it. */
const bareEntryBytes = 400;

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

/** What those of all subscriptions have in common. */
interface FollowedUsersGround {
  readonly feed: PresenceFeed;
  readonly messages: PresenceMessages;
}

/** Whose they are. */
export interface FollowedUsersOwner {
  readonly viewerId: string;
  readonly following: Following;
  onNews(): void;
  onDeleted(userId: string): void;
}

export function createFollowedUsers(ground: FollowedUsersGround, owner: FollowedUsersOwner): FollowedUsers {
  return new Followers(ground, owner);
}

/** A class: there is one for each subscription, and there are tens of thousands. What is rarely needed is made when it is. */
class Followers implements FollowedUsers, Follower {
  readonly #ground: FollowedUsersGround;
  readonly #owner: FollowedUsersOwner;
  readonly #followed = new Map<string, Followed>();
  #pending: Map<string, Pending> | undefined;
  #pendingBytes = 0;
  #deleted: Set<string> | undefined;
  /** No longer followed since everything was read: what was read of them must not be told. */
  #lost: Set<string> | undefined;

  constructor(ground: FollowedUsersGround, owner: FollowedUsersOwner) {
    this.#ground = ground;
    this.#owner = owner;
  }

  get viewerId(): string {
    return this.#owner.viewerId;
  }

  onChange({ state, seenAt }: FollowedChange): void {
    const before = this.#pending?.get(state.userId);
    if (before !== undefined && ageOf(before.state) > ageOf(state)) return;
    const isRenewal = before?.isRenewal === true;
    this.#setPending(state, { seenAt: before === undefined ? seenAt : { ...before.seenAt, ...seenAt }, isRenewal });
    this.#owner.onNews();
  }

  onRemoved(userId: string): void {
    (this.#deleted ??= new Set()).add(userId);
    this.#dropPending(userId);
    if (this.#followed.delete(userId)) this.#owner.onDeleted(userId);
  }

  follow(audiences: ReadonlyMap<string, Audience>, held: ReadonlySet<string>): void {
    const { feed } = this.#ground;
    for (const userId of this.#followed.keys()) if (!audiences.has(userId) && !held.has(userId)) feed.unfollow(userId, this);
    this.#followed.clear();
    this.#lost = undefined;
    this.forgetPending();
    for (const [userId, audience] of audiences) {
      if (!this.#isDeleted(userId)) this.#followed.set(feed.follow(userId, this), followedAs(audience, 0));
    }
  }

  hear(userId: string): void {
    if (!this.#isDeleted(userId)) this.#ground.feed.follow(userId, this);
  }

  stopHearing(userId: string): void {
    this.#ground.feed.unfollow(userId, this);
  }

  isBehind(userId: string, relation: RelationKind | undefined, state: PresenceState): boolean {
    const before = this.#followed.get(userId);
    const audience = audienceFor(this.#owner.following, userId, relation);
    if (before === undefined || audience === undefined || audience === audienceOf(before)) return false;
    // What the client was told before it came back, nobody here knows.
    return toldOf(before) === 0 || versionFor(this.#newest(userId, state), audience) <= toldOf(before);
  }

  relate(userId: string, relation: RelationKind | undefined, state: PresenceState): 'Lost' | undefined {
    const { feed } = this.#ground;
    const before = this.#followed.get(userId);
    const audience = this.#isDeleted(userId) ? undefined : audienceFor(this.#owner.following, userId, relation);
    if (audience === undefined) {
      feed.unfollow(userId, this);
      this.#dropPending(userId);
      if (!this.#followed.delete(userId)) return undefined;
      (this.#lost ??= new Set()).add(userId);
      return 'Lost';
    }
    if (before !== undefined && audience === audienceOf(before)) return undefined;
    this.#followed.set(userId, followedAs(audience, before === undefined ? 0 : toldOf(before)));
    this.#setPending(this.#newest(userId, state), { seenAt: undefined, isRenewal: true });
    return undefined;
  }

  firstEntries(states: readonly PresenceState[]): readonly PresenceView[] {
    const known = states.filter(({ userId }) => !this.#isDeleted(userId) && this.#lost?.has(userId) !== true);
    return known.map((read) => {
      const { userId } = read;
      const user = this.#followed.get(userId);
      // Seen with other eyes than when it was read: told at once, not again right after it.
      const isRenewal = this.#pending?.get(userId)?.isRenewal === true;
      const audience = user === undefined ? 'STRANGER' : audienceOf(user);
      const view = this.#ground.messages.view(isRenewal ? this.#newest(userId, read) : read, audience);
      if (isRenewal) this.#dropPending(userId);
      if (user !== undefined) this.#followed.set(userId, followedAs(audience, view.version));
      return view;
    });
  }

  takePending(ahead: PresenceMoment | undefined): readonly PresenceView[] {
    const { messages } = this.#ground;
    const views: PresenceView[] = [];
    for (const [userId, { state, seenAt, isRenewal }] of this.#pending ?? []) {
      const user = this.#followed.get(userId);
      if (user === undefined) continue;
      const audience = audienceOf(user);
      if (!isRenewal) {
        const position = seenAt?.[audience];
        // Even an entry that says nothing new would tell a stranger that somebody hidden has come.
        if (position === undefined || (ahead !== undefined && includes(ahead, position))) continue;
        if (versionFor(state, audience) <= toldOf(user)) continue;
      }
      const view = messages.view(state, audience);
      this.#followed.set(userId, followedAs(audience, view.version));
      views.push(view);
    }
    this.forgetPending();
    return views;
  }

  hasPending(): boolean {
    return this.#pending !== undefined && this.#pending.size > 0;
  }

  isPendingTooLarge(): boolean {
    return this.#pendingBytes > pendingLimit;
  }

  forgetPending(): void {
    this.#pending = undefined;
    this.#pendingBytes = 0;
  }

  clear(): void {
    for (const userId of this.#followed.keys()) this.#ground.feed.unfollow(userId, this);
    this.#followed.clear();
    this.forgetPending();
  }

  #isDeleted(userId: string): boolean {
    return this.#deleted?.has(userId) === true;
  }

  #setPending(state: PresenceState, { seenAt, isRenewal }: Pick<Pending, 'seenAt' | 'isRenewal'>): void {
    this.#dropPending(state.userId);
    const bytes = bytesOf(state);
    this.#pendingBytes += bytes;
    (this.#pending ??= new Map()).set(state.userId, { state, seenAt, isRenewal, bytes });
  }

  /** Of what was read of the user, and what was heard meanwhile. */
  #newest(userId: string, read: PresenceState): PresenceState {
    const heard = this.#pending?.get(userId)?.state;
    return heard !== undefined && ageOf(heard) > ageOf(read) ? heard : read;
  }

  #dropPending(userId: string): void {
    this.#pendingBytes -= this.#pending?.get(userId)?.bytes ?? 0;
    this.#pending?.delete(userId);
  }
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
