import { toConnection } from '../../../../shared/graphql/connection.js';
import type { QueryResolvers } from '../../__generated__/resolvers.js';

export const friendRequests: NonNullable<QueryResolvers['friendRequests']> = async (
  _parent,
  { direction, first, after },
  { friendLists, viewer },
) => {
  // A client may send null, whatever the types say of an argument with a default.
  const which = direction === 'SENT' ? 'SENT' : 'RECEIVED';
  const { rows, page } = await friendLists.requests(viewer, which, { first, after });
  return toConnection(rows, page, {
    node: ({ fromId, toId, createdAt }) => ({ from: { id: fromId }, to: { id: toId }, createdAt }),
    position: ({ at, userId }) => ({ at, userId }) as const,
  });
};
