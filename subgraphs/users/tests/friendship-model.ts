import type { RelationLimits } from '../services/friends/relation.js';

export const operations = ['request', 'accept', 'decline', 'cancel', 'remove', 'block', 'unblock'] as const;
export type Operation = (typeof operations)[number];

/** One of a few users does something about another. */
export interface Command {
  readonly operation: Operation;
  readonly actor: number;
  readonly target: number;
}

/** Friends, requests and blocks as three sets of pairs `a>b`; a friendship stands in both directions. Immutable. */
export interface Model {
  readonly friends: ReadonlySet<string>;
  readonly requests: ReadonlySet<string>;
  readonly blocks: ReadonlySet<string>;
}

export const emptyModel: Model = { friends: new Set(), requests: new Set(), blocks: new Set() };

export interface Step {
  readonly model: Model;
  /** What the actor is told, in one word or two. */
  readonly told: string;
}

/** What the schema says that a command does, written down without a look at the code. */
export function applyToModel(model: Model, { operation, actor, target }: Command, limits: RelationLimits): Step {
  const there = `${String(actor)}>${String(target)}`;
  const back = `${String(target)}>${String(actor)}`;
  const { friends, requests, blocks } = model;
  const refuse = (told: string): Step => ({ model, told });
  const tell = (next: Model): Step => ({ model: next, told: statusIn(next, actor, target) });
  const countOf = (pairs: ReadonlySet<string>, test: (from: string, to: string) => boolean): number =>
    [...pairs].filter((pair) => test(...(pair.split('>') as [string, string]))).length;
  const friendsOf = (user: number): number => countOf(friends, (from) => from === String(user));
  const isSelf = actor === target;

  function befriend(): Step {
    if (friendsOf(actor) >= limits.friends) return refuse('OWN_FRIENDS');
    if (friendsOf(target) >= limits.friends) return refuse('OTHER_FRIENDS');
    return tell({ ...model, friends: plus(friends, there, back), requests: minus(requests, there, back) });
  }

  switch (operation) {
    case 'request':
      if (isSelf) return refuse('SELF');
      if (blocks.has(there)) return refuse('BLOCKED_BY_YOU');
      if (blocks.has(back)) return refuse('UserNotFound');
      if (friends.has(there)) return refuse('ALREADY_FRIENDS');
      if (requests.has(there)) return refuse('ALREADY_REQUESTED');
      if (requests.has(back)) return befriend();
      if (friendsOf(actor) >= limits.friends) return refuse('OWN_FRIENDS');
      if (countOf(requests, (from) => from === String(actor)) >= limits.sentRequests) return refuse('SENT_REQUESTS');
      if (countOf(requests, (_from, to) => to === String(target)) >= limits.receivedRequests) return refuse('RECEIVED_REQUESTS');
      return tell({ ...model, requests: plus(requests, there) });
    case 'accept':
      return requests.has(back) ? befriend() : refuse('FriendRequestNotFound');
    case 'decline':
      return requests.has(back) ? tell({ ...model, requests: minus(requests, back) }) : refuse('FriendRequestNotFound');
    case 'cancel':
      return requests.has(there) ? tell({ ...model, requests: minus(requests, there) }) : refuse('FriendRequestNotFound');
    case 'remove':
      return friends.has(there) ? tell({ ...model, friends: minus(friends, there, back) }) : refuse('NotFriends');
    case 'block':
      if (isSelf) return refuse('UserNotFound');
      if (blocks.has(there)) return tell(model);
      if (blocks.has(back)) return refuse('UserNotFound');
      if (countOf(blocks, (from) => from === String(actor)) >= limits.blocks) return refuse('BlockLimitReached');
      return tell({ friends: minus(friends, there, back), requests: minus(requests, there, back), blocks: plus(blocks, there) });
    case 'unblock':
      if (isSelf || (blocks.has(back) && !blocks.has(there))) return refuse('UserNotFound');
      return tell({ ...model, blocks: minus(blocks, there) });
  }
}

/** How `user` and `other` stand, as `user` sees it. */
export function statusIn({ friends, requests, blocks }: Model, user: number, other: number): string {
  const there = `${String(user)}>${String(other)}`;
  const back = `${String(other)}>${String(user)}`;
  if (blocks.has(there)) return 'BLOCKED';
  if (friends.has(there)) return 'FRIENDS';
  if (requests.has(there)) return 'REQUEST_SENT';
  if (requests.has(back)) return 'REQUEST_RECEIVED';
  return 'NONE';
}

/** As text, to compare two. */
export function describeModel({ friends, requests, blocks }: Model): string {
  return JSON.stringify([[...friends].sort(), [...requests].sort(), [...blocks].sort()]);
}

function plus(pairs: ReadonlySet<string>, ...added: readonly string[]): ReadonlySet<string> {
  return new Set([...pairs, ...added]);
}

function minus(pairs: ReadonlySet<string>, ...removed: readonly string[]): ReadonlySet<string> {
  return new Set([...pairs].filter((pair) => !removed.includes(pair)));
}
