import { toConnection } from '../../../../shared/graphql/connection.js';
import type { QueryResolvers } from '../../__generated__/resolvers.js';

export const friends: NonNullable<QueryResolvers['friends']> = async (_parent, { first, after }, { friendLists, viewer }) => {
  const { rows, page } = await friendLists.friends(viewer, { first, after });
  return toConnection(rows, page, {
    node: ({ userId }) => ({ id: userId }),
    position: ({ name, userId }) => ({ name, userId }) as const,
  });
};
