import { describe, expect, it } from '@jest/globals';
import { toFriendship } from './friendship.js';
import { createRelationRules, defaultRelationLimits, noRelation, type Relation, type RelationCounts, type Standing } from './relation.js';

const at = new Date(1_000);
const before = new Date(0);
const rules = createRelationRules();
const nothingCounts: RelationCounts = { ownFriends: 0, otherFriends: 0, ownSentRequests: 0, otherReceivedRequests: 0, ownBlocks: 0 };

function standing(relation: Partial<Relation>, counts: Partial<RelationCounts> = {}, areKnown = true): Standing {
  return { relation: { ...noRelation, ...relation }, counts: { ...nothingCounts, ...counts }, areKnown };
}

const become = (relation: Partial<Relation>) => ({ kind: 'Become', relation: { ...noRelation, ...relation } });

describe('Asking somebody to be friends', () => {
  it('SECURITY 46: answers for somebody who has blocked the caller as for an id that nobody has', () => {
    expect(rules.request(standing({ blockedByOtherAt: before }), at)).toEqual(rules.request(standing({}, {}, false), at));
  });

  it.each([
    ['friends', { friendsSince: before }, 'ALREADY_FRIENDS'],
    ['somebody asked before', { requestSentAt: before }, 'ALREADY_REQUESTED'],
    ['somebody whom the caller has blocked', { blockedAt: before }, 'BLOCKED_BY_YOU'],
    ['somebody where each has blocked the other', { blockedAt: before, blockedByOtherAt: before }, 'BLOCKED_BY_YOU'],
  ] as const)('is refused for %s', (_whom, relation, code) => {
    expect(rules.request(standing(relation), at)).toEqual({ kind: 'FriendshipConflict', code });
  });

  it.each([
    ['ownFriends', 'friends', 'OWN_FRIENDS'],
    ['ownSentRequests', 'sentRequests', 'SENT_REQUESTS'],
    ['otherReceivedRequests', 'receivedRequests', 'RECEIVED_REQUESTS'],
  ] as const)('is allowed just below the limit of %s, and not at it', (count, limit, told) => {
    const most = defaultRelationLimits[limit];
    expect(rules.request(standing({}, { [count]: most }), at)).toEqual({ kind: 'FriendLimitReached', limit: told });
    expect(rules.request(standing({}, { [count]: most - 1 }), at)).toEqual(become({ requestSentAt: at }));
  });

  it('sends a request, or makes friends of two who ask each other', () => {
    expect(rules.request(standing({}), at)).toEqual(become({ requestSentAt: at }));
    expect(rules.request(standing({ requestReceivedAt: before }), at)).toEqual(become({ friendsSince: at }));
  });

  it.each([
    ['ownFriends', 'OWN_FRIENDS'],
    ['otherFriends', 'OTHER_FRIENDS'],
  ] as const)('makes no friends of two who ask each other when %s is at the limit', (count, limit) => {
    const crossing = standing({ requestReceivedAt: before }, { [count]: defaultRelationLimits.friends });
    expect(rules.request(crossing, at)).toEqual({ kind: 'FriendLimitReached', limit });
  });
});

describe('Answering a request', () => {
  it.each([
    ['that the caller sent', { requestSentAt: before }],
    ['that does not exist', {}],
    ['of friends', { friendsSince: before }],
    ['of somebody blocked', { blockedAt: before }],
    ['of somebody who has blocked the caller', { blockedByOtherAt: before }],
  ])('SECURITY 46: is refused for one %s', (_which, relation) => {
    expect(rules.accept(standing(relation), at)).toEqual({ kind: 'FriendRequestNotFound' });
    expect(rules.decline(standing(relation))).toEqual({ kind: 'FriendRequestNotFound' });
  });

  it.each([
    ['ownFriends', 'OWN_FRIENDS'],
    ['otherFriends', 'OTHER_FRIENDS'],
  ] as const)('makes friends just below the limit of %s, and not at it', (count, limit) => {
    const most = defaultRelationLimits.friends;
    expect(rules.accept(standing({ requestReceivedAt: before }, { [count]: most }), at)).toEqual({ kind: 'FriendLimitReached', limit });
    expect(rules.accept(standing({ requestReceivedAt: before }, { [count]: most - 1 }), at)).toEqual(become({ friendsSince: at }));
  });

  it('leaves nothing of a request that was declined', () => {
    expect(rules.decline(standing({ requestReceivedAt: before }))).toEqual(become({}));
  });
});

describe('Taking back', () => {
  it.each([
    ['received', { requestReceivedAt: before }],
    ['answered', { friendsSince: before }],
    ['never sent', {}],
  ])('SECURITY 46: is refused for a request that was %s', (_what, relation) => {
    expect(rules.cancel(standing(relation))).toEqual({ kind: 'FriendRequestNotFound' });
  });

  it.each([{}, { requestSentAt: before }, { requestReceivedAt: before }, { blockedAt: before }])(
    'a friendship needs one: %j',
    (relation) => {
      expect(rules.remove(standing(relation))).toEqual({ kind: 'NotFriends' });
    },
  );

  it('leaves nothing', () => {
    expect(rules.cancel(standing({ requestSentAt: before }))).toEqual(become({}));
    expect(rules.remove(standing({ friendsSince: before }))).toEqual(become({}));
  });
});

describe('Blocking', () => {
  it('is refused for nobody, and at the limit of blocks, but not just below', () => {
    const most = defaultRelationLimits.blocks;
    expect(rules.block(standing({}, {}, false), at)).toEqual({ kind: 'UserNotFound' });
    expect(rules.block(standing({}, { ownBlocks: most }), at)).toEqual({ kind: 'BlockLimitReached' });
    expect(rules.block(standing({}, { ownBlocks: most - 1 }), at)).toEqual(become({ blockedAt: at }));
  });

  it.each([
    ['a friendship', { friendsSince: before }],
    ['a request that was sent', { requestSentAt: before }],
    ['a request that was received', { requestReceivedAt: before }],
  ])('ends %s', (_what, relation) => {
    expect(rules.block(standing(relation), at)).toEqual(become({ blockedAt: at }));
  });

  it('SECURITY 46: answers for somebody who has blocked the caller as for an id that nobody has', () => {
    expect(rules.block(standing({ blockedByOtherAt: before }), at)).toEqual(rules.block(standing({}, {}, false), at));
    expect(rules.unblock(standing({ blockedByOtherAt: before }))).toEqual(rules.unblock(standing({}, {}, false)));
    // So two block each other only where that was so before this rule.
    const shown = (relation: Relation) => toFriendship('bob', relation);
    expect(shown({ ...noRelation, blockedAt: at, blockedByOtherAt: before })).toEqual(shown({ ...noRelation, blockedAt: at }));
  });

  it('a second time changes nothing, not even at the limit', () => {
    const blocked = standing({ blockedAt: before }, { ownBlocks: defaultRelationLimits.blocks });
    expect(rules.block(blocked, at)).toEqual(become({ blockedAt: before }));
  });

  it('is taken back alone, and the block of the other stays', () => {
    expect(rules.unblock(standing({}, {}, false))).toEqual({ kind: 'UserNotFound' });
    expect(rules.unblock(standing({ blockedAt: before, blockedByOtherAt: before }))).toEqual(become({ blockedByOtherAt: before }));
    expect(rules.unblock(standing({}))).toEqual(become({}));
  });
});

describe('How two users stand', () => {
  it('SECURITY 46: is nothing to somebody who is blocked', () => {
    expect(toFriendship('bob', { ...noRelation, blockedByOtherAt: before })).toEqual(toFriendship('bob', noRelation));
  });

  it.each([
    ['NONE', {}, null],
    ['FRIENDS', { friendsSince: before }, before],
    ['REQUEST_SENT', { requestSentAt: before }, before],
    ['REQUEST_RECEIVED', { requestReceivedAt: before }, before],
    ['BLOCKED', { blockedAt: before }, before],
  ] as const)('is %s with its time', (status, relation, since) => {
    expect(toFriendship('bob', { ...noRelation, ...relation })).toEqual({ userId: 'bob', status, since });
  });
});
