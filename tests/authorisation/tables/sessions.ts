import type { Expected } from '../actors.js';
import type { ObjectTable } from '../table.js';

const ownerAlone: Expected = { owner: 'value', others: 'nobody' };

/** A session is its owner's alone: not even administrators see it; they can only end it. */
export const session: ObjectTable = {
  ways: {
    'by id': {
      query: 'query ($id: ID!) { session(id: $id) { ...Asked } }',
      variables: ({ owner }) => ({ id: owner.sessionId }),
      path: ['session'],
      except: ['anonymous'],
    },
    'in the list': {
      query: '{ mySessions { id ...Asked } }',
      path: ['mySessions', ({ id }, { owner }) => id === owner.sessionId],
      except: ['anonymous'],
    },
    'of the subscription': {
      query: 'subscription { sessionEvents { ... on SessionSnapshot { sessions { id ...Asked } } } }',
      path: ['sessionEvents', 'sessions', ({ id }, { owner }) => id === owner.sessionId],
      except: ['anonymous'],
    },
  },
  fields: {
    id: ownerAlone,
    user: { owner: 'the owner', others: 'nobody' },
    device: ownerAlone,
    startedAt: ownerAlone,
    lastSeenAt: ownerAlone,
    expiresAt: ownerAlone,
    current: { owner: 'true', others: 'nobody' },
    data: ownerAlone,
    version: ownerAlone,
  },
};

/** A passkey is its owner's alone. */
export const passkey: ObjectTable = {
  ways: { 'in the list': { query: '{ passkeys { ...Asked } }', path: ['passkeys', () => true], except: ['anonymous'] } },
  fields: {
    id: ownerAlone,
    name: ownerAlone,
    createdAt: ownerAlone,
    // Registered, and not used yet.
    lastUsedAt: { owner: 'null', others: 'nobody' },
  },
};
