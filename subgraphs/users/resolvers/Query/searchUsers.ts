import { toConnection } from '../../../../shared/graphql/connection.js';
import type { QueryResolvers } from '../../__generated__/resolvers.js';

export const searchUsers: NonNullable<QueryResolvers['searchUsers']> = async (_parent, { query, first, after }, { userSearch, viewer }) => {
  const { names, page } = await userSearch.search(viewer, query, { first, after });
  return toConnection(names, page, {
    node: ({ userId }) => ({ id: userId }),
    position: ({ name, userId }) => ({ name, userId }) as const,
  });
};
