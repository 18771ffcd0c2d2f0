import { parsePage, toConnection } from '../../../../shared/graphql/connection.js';
import type { QueryResolvers } from '../../__generated__/resolvers.js';
import { toPresenceEntry } from '../to-presence-entry.js';

export const onlineFriends: NonNullable<QueryResolvers['onlineFriends']> = async (_parent, page, { presence, viewer }) => {
  const request = parsePage(page, (position) => (typeof position === 'string' ? position : undefined));
  const friends = await presence.onlineFriends(viewer, { ...request, limit: request.limit + 1 });
  const { edges, pageInfo } = toConnection(friends, request, { node: toPresenceEntry, position: ({ userId }) => userId });
  return {
    edges: edges.map(({ cursor, node: entry }) => ({ cursor, node: entry.user, entry })),
    nodes: edges.map(({ node }) => node.user),
    pageInfo,
  };
};
