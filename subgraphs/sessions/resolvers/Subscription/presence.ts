import type { SubscriptionResolvers } from '../../__generated__/resolvers.js';
import { toPresenceMessage } from '../to-presence-message.js';

export const presence: NonNullable<SubscriptionResolvers['presence']> = {
  subscribe: (_parent, { input, since }, context) =>
    context.presence.subscribe(
      context.viewer,
      { friends: input.friends ?? false, userIds: input.userIds ?? [], since: since ?? null },
      context.connection,
    ),
  resolve: toPresenceMessage,
};
