import { viewPresence, type PresenceView } from '../../../presence/presence-view.js';
import type { Audience, PresenceState } from '../../../presence/presence.js';
import { encodeCursor } from './presence-cursor.js';
import type { PresenceMoment } from '../presence-store.js';

/** A message of the subscription. */
export type PresenceMessage = PresenceEntriesMessage | PresenceRemovedMessage | PresenceLostMessage;

/** An entry replaces the entry before it of the same user. */
export interface PresenceEntriesMessage {
  readonly kind: 'Snapshot' | 'Changed' | 'Resync';
  readonly cursor: string;
  readonly entries: readonly PresenceView[];
}

/** Nothing more is told of the user, unless they become one to follow again. */
export interface PresenceRemovedMessage {
  readonly kind: 'Removed';
  readonly cursor: string;
  readonly userId: string;
  readonly reason: 'DELETED' | 'RELATION_CHANGED';
}

/** The last one: the client did not keep up. It comes back with its last cursor. */
export interface PresenceLostMessage {
  readonly kind: 'Lost';
}

/** How long one time of issue may stand in all cursors of an unchanged feed, in ms. */
const restampMs = 1_000;
const minute = 60_000;
/** Messages of one state of the feed that are kept to be told again: one for each audience, and some for who was slow. */
const sharedMessages = 8;

/**
 * Makes what many subscriptions tell alike one and the same object with one cursor: whoever sends it on can share the work. Subscriptions
 * of equal requests get equal cursors at the same state of the feed, and equal entries for the same audience.
 */
export interface PresenceMessages {
  /** The cursor for everything that the feed has told. `requestHash` as of `hashRequest`. */
  cursor(requestHash: string): string;
  /** What the audience sees now. */
  view(state: PresenceState, audience: Audience): PresenceView;
  changed(cursor: string, entries: readonly PresenceView[]): PresenceEntriesMessage;
}

/** `settled` answers the same object for as long as nothing new has settled. */
export function createPresenceMessages({ settled, now }: { settled: () => PresenceMoment; now: () => number }): PresenceMessages {
  let stamp: { readonly moment: PresenceMoment; readonly issuedAt: number; readonly cursors: Map<string, string> } | undefined;
  const views = new WeakMap<PresenceState, Partial<Record<Audience, { readonly minute: number; readonly view: PresenceView }>>>();
  let shared: PresenceEntriesMessage[] = [];

  function currentStamp(): NonNullable<typeof stamp> {
    const moment = settled();
    if (stamp?.moment !== moment || now() - stamp.issuedAt >= restampMs) {
      stamp = { moment, issuedAt: now(), cursors: new Map() };
    }
    return stamp;
  }

  return {
    cursor(requestHash) {
      const { moment, issuedAt, cursors } = currentStamp();
      const known = cursors.get(requestHash);
      if (known !== undefined) return known;
      const cursor = encodeCursor({ moment, issuedAt, requestHash });
      cursors.set(requestHash, cursor);
      return cursor;
    },

    view(state, audience) {
      const known = views.get(state) ?? {};
      const currentMinute = Math.floor(now() / minute);
      const found = known[audience];
      if (found?.minute === currentMinute) return found.view;
      const view = viewPresence(state, audience, now());
      views.set(state, { ...known, [audience]: { minute: currentMinute, view } });
      return view;
    },

    changed(cursor, entries) {
      const isEqual = (message: PresenceEntriesMessage): boolean =>
        message.cursor === cursor &&
        message.entries.length === entries.length &&
        message.entries.every((entry, index) => entry === entries[index]);
      const found = shared.find(isEqual);
      if (found !== undefined) return found;
      const message: PresenceEntriesMessage = { kind: 'Changed', cursor, entries };
      shared = [message, ...shared.slice(0, sharedMessages - 1)];
      return message;
    },
  };
}
