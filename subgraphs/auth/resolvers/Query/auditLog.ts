import type { QueryResolvers } from '../../__generated__/resolvers.js';

export const auditLog: NonNullable<QueryResolvers['auditLog']> = (_parent, { userId, ...page }, context) =>
  context.auditLog.list(context.viewer, userId ?? null, page);
