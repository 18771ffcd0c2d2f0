import { everyone, signedIn, type Expected } from '../actors.js';
import type { RootTable } from '../table.js';

/** What is the caller's own: everybody with an account gets theirs, and never the owner's. */
const ownAlone = signedIn('not shown', { owner: 'shown' });

/** The owner, who does not exist for whom they have blocked. */
const existing: Expected = { others: 'the owner', blocked: 'null' };

export const queries: RootTable = {
  'Query.me': { select: '{ id }', gets: { others: 'the caller', anonymous: 'null' } },
  'Query.user': { given: ({ owner }) => ({ id: owner.id }), select: '{ id }', gets: existing },
  'Query.userByUsername': { given: ({ owner }) => ({ username: owner.username }), select: '{ id }', gets: existing },
  'Query.usernameAvailability': {
    given: ({ owner }) => ({ username: owner.username }),
    select: '{ available }',
    // Taken, for everyone; the table of its fields is `noIdentity`.
    gets: everyone('value'),
  },
  'Query.searchUsers': {
    given: ({ owner }) => ({ query: owner.username }),
    select: '{ nodes { id } }',
    shows: ({ owner }) => owner.id,
    gets: { others: 'shown', blocked: 'not shown', blocker: 'not shown' },
  },
  'Query.friends': {
    select: '(first: 100) { nodes { id } }',
    // One's friends: for the friend the owner is one of them, for the owner the friend.
    shows: ({ actor, owner, stage }) => (actor === 'owner' ? stage.others.friend.id : owner.id),
    gets: signedIn('not shown', { owner: 'shown', friend: 'shown' }),
  },
  'Query.friendRequests': {
    select: '(direction: RECEIVED) { nodes { from { id } to { id } } }',
    shows: ({ stage }) => stage.petitioner.id,
    gets: ownAlone,
  },
  'Query.blockedUsers': {
    select: '(first: 100) { nodes { id } }',
    shows: ({ actor, owner, stage }) => (actor === 'owner' ? stage.others.blocked.id : owner.id),
    gets: signedIn('not shown', { owner: 'shown', blocker: 'shown' }),
  },
  'Query.auditLog': {
    given: ({ owner }) => ({ userId: owner.id }),
    select: '{ nodes { id user { id } } }',
    shows: ({ owner }) => owner.id,
    gets: signedIn('FORBIDDEN', { owner: 'shown', moderator: 'shown', admin: 'shown' }),
  },
  'Query.passkeys': { select: '{ id }', shows: ({ stage }) => stage.owners.EVERYONE.passkeyId, gets: ownAlone },
  'Query.mySessions': { select: '{ id }', shows: ({ owner }) => owner.sessionId, gets: ownAlone },
  'Query.session': {
    given: ({ owner }) => ({ id: owner.sessionId }),
    select: '{ id }',
    // For nobody there is no such session either.
    gets: { owner: 'value', others: 'null' },
  },
  'Query.image': {
    given: ({ stage }) => ({ id: stage.owners.EVERYONE.imageId }),
    select: '{ id }',
    gets: { others: 'value', blocked: 'null', blocker: 'null' },
  },
  'Query.imageUsage': { select: '{ images }', gets: signedIn('value') },
  'Query.verifySession': { select: '{ user { id } }', gets: { others: 'the caller', anonymous: 'null' } },
  'Query.onlineFriends': {
    select: '(first: 100) { nodes { id } }',
    shows: ({ owner }) => owner.id,
    // Nobody is their own friend; of the others one is the owner's.
    gets: signedIn('not shown', { friend: 'shown' }),
  },
  'Query.images': {
    select: '(first: 100) { nodes { owner { id } } }',
    shows: ({ owner }) => owner.id,
    gets: { others: 'shown', blocked: 'not shown', blocker: 'not shown' },
  },
  'Query.myImages': { select: '{ nodes { owner { id } } }', shows: ({ owner }) => owner.id, gets: ownAlone },
};

/** Asked on a socket. */
export const subscriptions: RootTable = {
  'Subscription.sessionEvents': {
    select: '{ ... on SessionSnapshot { sessions { id } } }',
    shows: ({ owner }) => owner.sessionId,
    gets: ownAlone,
  },
  'Subscription.presence': {
    given: ({ owner }) => ({ input: { userIds: [owner.id] } }),
    select: '{ ... on PresenceSnapshot { entries { user { id } } } }',
    shows: ({ owner }) => owner.id,
    // Following is for everyone; what it shows is the table of PresenceEntry. Ids of nobody are left out.
    gets: signedIn('shown', { blocked: 'not shown' }),
  },
};
