import { actors, everyone, type Expected } from '../actors.js';
import type { FieldEntry, ObjectTable } from '../table.js';
import { hiddenFromBlocked } from './hidden-from-blocked.js';
import { shown } from './presence.js';

const ownerAlone: Expected = { owner: 'value', others: 'null' };

/** What a profile tells, by `profileVisibility`. To whoever blocks the owner it looks like the profile of nobody. */
const profile: FieldEntry = {
  EVERYONE: { others: 'value', blocker: 'null' },
  FRIENDS: { owner: 'value', friend: 'value', others: 'null' },
  NOBODY: ownerAlone,
};

export const user: ObjectTable = {
  ways: {
    'by id': { query: 'query ($id: ID!) { user(id: $id) { ...Asked } }', variables: ({ owner }) => ({ id: owner.id }), path: ['user'] },
    'by name': {
      query: 'query ($username: String!) { userByUsername(username: $username) { ...Asked } }',
      variables: ({ owner }) => ({ username: owner.username.toUpperCase() }),
      path: ['userByUsername'],
    },
    'by search': {
      query: 'query ($query: String!) { searchUsers(query: $query) { nodes { ...Asked } } }',
      variables: ({ owner }) => ({ query: owner.username }),
      path: ['searchUsers', 'nodes', ({ id }, { owner }) => id === owner.id],
      // They do not find each other: see Query.searchUsers.
      except: ['blocked', 'blocker'],
    },
    'as owner of a public image': {
      query: '{ images(first: 100) { nodes { owner { id ...Asked } } } }',
      path: ['images', 'nodes', ({ owner: shown }, { owner }) => (shown as { id: string }).id === owner.id, 'owner'],
      // Others see no image of theirs, nor does who blocks them: see the table of Image.
      of: ['EVERYONE'],
      except: ['blocker'],
    },
    'as the other of a friendship': {
      query: 'query ($id: ID!) { user(id: $id) { friendship { user { ...Asked } } } }',
      variables: ({ owner }) => ({ id: owner.id }),
      path: ['user', 'friendship', 'user'],
      except: ['owner', 'anonymous'],
    },
    'as one of their friends': {
      query: '{ friends(first: 100) { nodes { id ...Asked } } }',
      path: ['friends', 'nodes', ({ id }, { owner }) => id === owner.id],
      except: actors.filter((actor) => actor !== 'friend'),
    },
    'in the audit log': {
      query: 'query ($userId: ID!) { auditLog(userId: $userId) { nodes { user { ...Asked } } } }',
      variables: ({ owner }) => ({ userId: owner.id }),
      path: ['auditLog', 'nodes', () => true, 'user'],
      except: actors.filter((actor) => !['owner', 'moderator', 'admin'].includes(actor)),
    },
    'on a socket, following their presence': {
      query: `subscription ($userIds: [ID!]) {
        presence(input: { userIds: $userIds }) { ... on PresenceSnapshot { entries { user { ...Asked } } } }
      }`,
      variables: ({ owner }) => ({ userIds: [owner.id] }),
      path: ['presence', 'entries', () => true, 'user'],
      except: ['anonymous'],
    },
  },
  fields: hiddenFromBlocked({
    // Usernames are public in a game (SECURITY 10), and so is when somebody joined.
    id: everyone('the owner'),
    username: everyone('value'),
    createdAt: everyone('value'),
    guest: everyone('false'),

    email: ownerAlone,
    emailVerified: { owner: 'false', others: 'null' },
    // By a passkey.
    mfaEnabled: { owner: 'true', others: 'null' },
    roles: { owner: 'value', admin: 'value', others: 'null' },
    // Nobody here is disabled or about to be deleted: see user-states.ts.
    disabledAt: everyone('null'),
    deletesAt: everyone('null'),

    // To who may not know the name that the user chose, it is the username.
    displayName: everyone('value'),
    bio: profile,
    locale: profile,
    timeZone: profile,
    profileVisibility: {
      EVERYONE: { owner: 'EVERYONE', others: 'null' },
      FRIENDS: { owner: 'FRIENDS', others: 'null' },
      NOBODY: { owner: 'NOBODY', others: 'null' },
    },
    // As the rest of the profile.
    avatar: profile,

    friendship: { owner: 'null', anonymous: 'null', others: 'value' },
    // Everyone here has one friend in common with the owner. Where a block is, it is as with a user whom nobody knows.
    mutualFriendsCount: {
      EVERYONE: { others: '1', owner: 'null', blocker: '0', anonymous: 'null' },
      FRIENDS: { friend: '1', others: 'null', blocker: '0' },
      NOBODY: { others: 'null', blocker: '0' },
    },

    // Always there: what hides is told by its fields, see the table of Presence.
    presence: everyone('value'),
    lastConnectionAt: shown('value', 'null'),
  }),
};
