import { everyone } from '../actors.js';
import type { ObjectTable } from '../table.js';
import { hiddenFromBlocked } from './hidden-from-blocked.js';

/** How the caller and the owner stand: each sees their own side. */
export const friendship: ObjectTable = {
  ways: {
    'of a user': {
      query: 'query ($id: ID!) { user(id: $id) { friendship { ...Asked } } }',
      variables: ({ owner }) => ({ id: owner.id }),
      path: ['user', 'friendship'],
      except: ['owner', 'anonymous'],
    },
  },
  fields: hiddenFromBlocked({
    status: { friend: 'FRIENDS', blocker: 'BLOCKED', others: 'NONE' },
    user: everyone('the owner'),
    since: { friend: 'value', blocker: 'value', others: 'null' },
  }),
};

/** Requests are for the two alone; here somebody waits for the owner's answer. */
export const friendRequest: ObjectTable = {
  ways: {
    'received by oneself': {
      query: '{ friendRequests { nodes { to { id } ...Asked } } }',
      path: ['friendRequests', 'nodes', ({ to }, { owner }) => (to as { id: string }).id === owner.id],
      except: ['anonymous'],
    },
  },
  fields: {
    from: { owner: 'value', others: 'nobody' },
    to: { owner: 'the owner', others: 'nobody' },
    createdAt: { owner: 'value', others: 'nobody' },
  },
};
