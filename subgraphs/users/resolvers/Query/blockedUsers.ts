import { toConnection } from '../../../../shared/graphql/connection.js';
import type { QueryResolvers } from '../../__generated__/resolvers.js';

export const blockedUsers: NonNullable<QueryResolvers['blockedUsers']> = async (_parent, { first, after }, { friendLists, viewer }) => {
  const { rows, page } = await friendLists.blocked(viewer, { first, after });
  return toConnection(rows, page, {
    node: ({ userId }) => ({ id: userId }),
    position: ({ at, userId }) => ({ at, userId }) as const,
  });
};
