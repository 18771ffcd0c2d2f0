import type { AuditEventResolvers } from '../__generated__/resolvers.js';

export const AuditEvent: AuditEventResolvers = {
  // Null as well for an account that was erased: its events carry an id that is nobody's.
  user: ({ accountId }, _arguments, { accounts }) => (accountId === null ? null : accounts.byId(accountId)),
  actor: ({ actorId }, _arguments, { accounts }) => (actorId === null ? null : accounts.byId(actorId)),
};
