import { toConnection } from '../../../../shared/graphql/connection.js';
import type { QueryResolvers } from '../../__generated__/resolvers.js';

export const friendRequests: NonNullable<QueryResolvers['friendRequests']> = async (
  _parent,
  { direction, first, after },
  { friendLists, viewer },
) => {
  const { rows, page } = await friendLists.requests(viewer, direction ?? 'RECEIVED', { first, after });
  return toConnection(rows, page, {
    node: ({ fromId, toId, createdAt }) => ({ from: { id: fromId }, to: { id: toId }, createdAt }),
    position: ({ at, userId }) => ({ at, userId }) as const,
  });
};
