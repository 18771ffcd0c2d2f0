import type { Expected } from '../actors.js';
import type { ObjectTable } from '../table.js';

/** An account's log is for its owner and for those in charge. */
const inCharge = (outcome: string): Expected => ({
  owner: outcome,
  moderator: outcome,
  admin: outcome,
  others: 'FORBIDDEN',
  anonymous: 'UNAUTHENTICATED',
});

export const auditEvent: ObjectTable = {
  ways: {
    "in the user's log": {
      query: 'query ($userId: ID) { auditLog(userId: $userId) { nodes { action ...Asked } } }',
      variables: ({ owner }) => ({ userId: owner.id }),
      path: ['auditLog', 'nodes', ({ action }) => action === 'EMAIL_CHANGED'],
    },
  },
  fields: {
    id: inCharge('value'),
    action: inCharge('value'),
    occurredAt: inCharge('value'),
    user: inCharge('the owner'),
    actor: inCharge('the owner'),
    sessionId: inCharge('value'),
    details: inCharge('value'),
  },
};
