import { everyone, type Expected } from '../actors.js';
import type { FieldEntry, ObjectTable } from '../table.js';
import { hiddenFromBlocked } from './hidden-from-blocked.js';

/** Who is online shows only to whom `visibility` allows; to whoever blocks them it looks like OFFLINE (PRESENCE P8). */
export function shown(value: string, hidden: string): FieldEntry {
  return {
    EVERYONE: { others: value, blocker: hidden },
    FRIENDS: { owner: value, friend: value, others: hidden },
    NOBODY: { owner: value, others: hidden },
  };
}

const common: Readonly<Record<string, FieldEntry>> = {
  availability: shown('ONLINE', 'OFFLINE'),
  activity: shown('value', 'null'),
  statusMessage: shown('value', 'null'),
  lastSeenAt: shown('value', 'null'),
  version: everyone('value'),
};

const ownerAlone: Expected = { owner: 'value', others: 'null' };

export const presence: ObjectTable = {
  ways: {
    'of a user': {
      query: 'query ($id: ID!) { user(id: $id) { presence { ...Asked } } }',
      variables: ({ owner }) => ({ id: owner.id }),
      path: ['user', 'presence'],
    },
  },
  fields: hiddenFromBlocked({
    ...common,
    devices: ownerAlone,
    visibility: {
      EVERYONE: { owner: 'EVERYONE', others: 'null' },
      FRIENDS: { owner: 'FRIENDS', others: 'null' },
      NOBODY: { owner: 'NOBODY', others: 'null' },
    },
  }),
};

/** The same over the subscription, which is asked on a socket. */
export const presenceEntry: ObjectTable = {
  ways: {
    'of a subscription': {
      query:
        'subscription ($userIds: [ID!]) { presence(input: { userIds: $userIds }) { ... on PresenceSnapshot { entries { ...Asked } } } }',
      variables: ({ owner }) => ({ userIds: [owner.id] }),
      path: ['presence', 'entries', () => true],
      except: ['anonymous'],
    },
  },
  fields: hiddenFromBlocked({ user: everyone('the owner'), ...common }),
};
