import type { PresenceState } from '../../../presence/presence.js';
import type { Scheduler } from '../../../presence/scheduler.js';
import { createFollowedUsers, type FollowedUsers, type FollowedUsersOwner } from './followed-users.js';
import { encodeCursor } from './presence-cursor.js';
import type { PresenceFeed } from './presence-feed.js';
import { latest, reaches } from './presence-moments.js';
import type { PresenceMessage, PresenceMessages, PresenceRemovedMessage } from './presence-messages.js';
import type { PresenceMoment } from '../presence-store.js';
import { createPullIterator, type PullIterator, type PullSource } from '../../pull-iterator.js';
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

/** What all subscriptions of a process have in common. */
export interface SubscriptionGround {
  readonly feed: PresenceFeed;
  readonly messages: PresenceMessages;
  readonly scheduler: Scheduler;
  /** How the viewer looks at everyone followed. Called after changes of relation are being heard. */
  readSight(viewerId: string, following: Following): Promise<Sight>;
  readAnew(sight: Sight, kind: 'Snapshot' | 'Resync'): Promise<FirstMessage>;
  /** The relations to these users changed while they were read; called before anything is told. */
  onUnsettled(subscription: PresenceSubscription, userIds: readonly string[]): void;
}

export interface PresenceSubscriptionOptions {
  readonly viewerId: string;
  readonly following: Following;
  readonly requestHash: string;
  /** Called once, when the subscription has ended for whatever reason. */
  readonly onEnd: (subscription: PresenceSubscription) => void;
}

/** A subscription that has read nothing yet. */
export interface UnopenedSubscription extends PresenceSubscription {
  /** Reads what the first message says, after changes are being collected. Rejects when it cannot. */
  open(readFirst: (sight: Sight) => Promise<FirstMessage>): Promise<void>;
}

export function createPresenceSubscription(ground: SubscriptionGround, options: PresenceSubscriptionOptions): UnopenedSubscription {
  return new Subscription(ground, options);
}

type Removal = Pick<PresenceRemovedMessage, 'userId' | 'reason'>;

const nobody: ReadonlySet<string> = new Set();

/** A class: there are tens of thousands, and next to all of them are quiet. What is rarely needed is made when it is. */
class Subscription implements UnopenedSubscription, FollowedUsersOwner, PullSource<PresenceMessage> {
  readonly viewerId: string;
  readonly following: Following;
  readonly #ground: SubscriptionGround;
  readonly #requestHash: string;
  readonly #onEnd: PresenceSubscriptionOptions['onEnd'];
  readonly #users: FollowedUsers;
  readonly #pull: PullIterator<PresenceMessage>;
  /** Whose relation to the viewer is being read. */
  #held: Set<string> | undefined;
  /** Those whose relation has changed while everything was being read. */
  #unsettled: Set<string> | undefined;
  #removals: Removal[] | undefined;
  /** Of the reading under way, or the last one. */
  #reading = 0;
  #isReading = true;
  #hasEnded = false;
  #hasTold = false;
  #first: FirstMessage | undefined;
  /** Up to where the client knows everything, until the feed has told as much. */
  #ahead: PresenceMoment | undefined;
  #cursor = '';
  #cancelUnsent: (() => void) | undefined;

  constructor(ground: SubscriptionGround, { viewerId, following, requestHash, onEnd }: PresenceSubscriptionOptions) {
    this.#ground = ground;
    this.viewerId = viewerId;
    this.following = following;
    this.#requestHash = requestHash;
    this.#onEnd = onEnd;
    this.#users = createFollowedUsers(ground, this);
    this.#pull = createPullIterator<PresenceMessage>(this);
  }

  get messages(): AsyncIterableIterator<PresenceMessage> {
    return this.#pull.iterator;
  }

  readonly end = (): void => this.#pull.end();

  async open(readFirst: (sight: Sight) => Promise<FirstMessage>): Promise<void> {
    await this.#read(readFirst);
  }

  onEnd(): void {
    this.#hasEnded = true;
    this.#stopWatchingUnsent();
    this.#users.clear();
    for (const userId of this.#held ?? nobody) this.#users.stopHearing(userId);
    this.#removals = undefined;
    this.#first = undefined;
    this.#onEnd(this);
  }

  onNews(): void {
    this.#deliver();
  }

  onDeleted(userId: string): void {
    this.#remove(userId, 'DELETED');
  }

  hold(userId: string): boolean {
    if (this.#hasEnded || !asksFor(this.following, userId)) return false;
    if (this.#isReading) {
      this.#unsettle(userId);
      return false;
    }
    (this.#held ??= new Set()).add(userId);
    // Before their state is read, so that nothing is missed in between.
    this.#users.hear(userId);
    return true;
  }

  isNobody(userId: string): boolean {
    return this.following.nobodies.has(userId);
  }

  isBehind(userId: string, relation: RelationKind | undefined, state: PresenceState): boolean {
    return this.#users.isBehind(userId, relation, state);
  }

  relate(userId: string, relation: RelationKind | undefined, state: PresenceState): void {
    if (this.#hasEnded) return;
    this.#held?.delete(userId);
    if (relation !== 'BLOCKED') this.following.nobodies.delete(userId);
    // What is read anew began before or after this was read: nobody knows.
    if (this.#isReading) this.#unsettle(userId);
    else if (this.#users.relate(userId, relation, state) === 'Lost') this.#remove(userId, 'RELATION_CHANGED');
    this.#deliver();
  }

  lose(): void {
    this.#reading += 1;
    this.#isReading = true;
    this.#first = undefined;
    this.#removals = undefined;
    this.#stopWatchingUnsent();
    this.#users.forgetPending();
  }

  resync(isAwaited: (userId: string) => boolean): Promise<boolean> {
    // Who was told nothing yet has nothing to forget.
    return this.#read((sight) => this.#ground.readAnew(sight, this.#hasTold ? 'Resync' : 'Snapshot'), isAwaited);
  }

  take(): PresenceMessage | undefined {
    // Whoever asks is not slow, whether there is an answer yet or not.
    this.#stopWatchingUnsent();
    if (!this.#isReady()) return undefined;
    const message = this.#first === undefined ? (this.#takeRemoval() ?? this.#takePending()) : this.#takeFirst(this.#first);
    this.#watchUnsent();
    return message;
  }

  /** False = the message is not to be told yet. */
  async #read(
    readMessage: (sight: Sight) => Promise<FirstMessage>,
    isAwaited: (userId: string) => boolean = () => false,
  ): Promise<boolean> {
    const mine = ++this.#reading;
    this.#isReading = true;
    const isOver = (): boolean => this.#hasEnded || mine !== this.#reading;
    const sight = await this.#ground.readSight(this.viewerId, this.following);
    if (isOver()) return true;
    this.#users.follow(sight.audiences, this.#held ?? nobody);
    const message = await readMessage(sight);
    if (isOver()) return true;
    if (message.states.some(({ userId, availability }) => availability === 'OFFLINE' && isAwaited(userId))) return false;
    this.#first = message;
    this.#ahead = message.moment;
    for (const userId of message.removed ?? []) (this.#removals ??= []).push({ userId, reason: 'RELATION_CHANGED' });
    this.#isReading = false;
    const unsettled = [...(this.#unsettled ?? nobody)];
    this.#unsettled = undefined;
    if (unsettled.length > 0) this.#ground.onUnsettled(this, unsettled);
    this.#deliver();
    return true;
  }

  /** Wakes a reader that waits; one that does not has `unsentMs` to come. */
  #deliver(): void {
    this.#pull.wake();
    this.#watchUnsent();
  }

  #watchUnsent(): void {
    if (this.#hasEnded || !this.#hasUnsent()) return;
    if (this.#users.isPendingTooLarge()) this.#pull.end({ kind: 'Lost' });
    else this.#cancelUnsent ??= this.#ground.scheduler.after(unsentMs, () => this.#pull.end({ kind: 'Lost' }));
  }

  #stopWatchingUnsent(): void {
    this.#cancelUnsent?.();
    this.#cancelUnsent = undefined;
  }

  #hasUnsent(): boolean {
    return this.#isReady() && (this.#first !== undefined || this.#removals !== undefined || this.#users.hasPending());
  }

  #isReady(): boolean {
    return !this.#isReading && (this.#held === undefined || this.#held.size === 0);
  }

  #takeFirst({ kind, moment, states }: FirstMessage): PresenceMessage {
    this.#first = undefined;
    this.#hasTold = true;
    const entries = this.#users.firstEntries(states);
    this.#cursor = this.#cursorAt(moment);
    return { kind, cursor: this.#cursor, entries };
  }

  /** With the cursor of the message before it: what else waits is not told yet. */
  #takeRemoval(): PresenceMessage | undefined {
    const removal = this.#removals?.shift();
    if (this.#removals?.length === 0) this.#removals = undefined;
    return removal && { kind: 'Removed', cursor: this.#cursor, ...removal };
  }

  #takePending(): PresenceMessage | undefined {
    const entries = this.#users.takePending(this.#ahead);
    if (entries.length === 0) return undefined;
    // All that has settled was told, now or before; what is held back to keep the pace was not.
    this.#cursor = this.#settledCursor();
    return this.#ground.messages.changed(this.#cursor, entries);
  }

  /** A first message's own moment may be ahead of the feed: a cursor never goes back behind it. */
  #settledCursor(): string {
    const { feed, messages } = this.#ground;
    if (this.#ahead === undefined) return messages.cursor(this.#requestHash);
    const settled = feed.settled();
    if (settled.epoch === this.#ahead.epoch && reaches(settled, this.#ahead)) {
      this.#ahead = undefined;
      return messages.cursor(this.#requestHash);
    }
    // Of two epochs there is nothing between: a resync is on its way.
    if (settled.epoch === this.#ahead.epoch) this.#ahead = latest(this.#ahead, settled);
    return this.#cursorAt(this.#ahead);
  }

  #cursorAt(moment: PresenceMoment): string {
    return encodeCursor({ moment, issuedAt: this.#ground.scheduler.now(), requestHash: this.#requestHash });
  }

  #unsettle(userId: string): void {
    (this.#unsettled ??= new Set()).add(userId);
  }

  #remove(userId: string, reason: Removal['reason']): void {
    (this.#removals ??= []).push({ userId, reason });
    this.#deliver();
  }
}
