import type { SubscriptionResolvers } from '../../__generated__/resolvers.js';
import type { PresenceMessage } from '../../services/presence/presence-subscription.js';
import { toPresence } from '../to-presence.js';

const typenames = { Snapshot: 'PresenceSnapshot', Changed: 'PresenceChanged', Resync: 'PresenceResync' } as const;

export const presence: NonNullable<SubscriptionResolvers['presence']> = {
  subscribe: (_parent, { input, since }, context) =>
    context.presence.subscribe(
      context.viewer,
      { friends: input.friends ?? false, userIds: input.userIds ?? [], since: since ?? null },
      context.connection,
    ),
  resolve(message: PresenceMessage) {
    const { kind, cursor } = message;
    if (kind === 'Removed') {
      return { __typename: 'PresenceRemoved' as const, cursor, user: { id: message.userId }, reason: 'DELETED' as const };
    }
    const entries = message.entries.map((entry) => ({ ...toPresence(entry), user: { id: entry.userId } }));
    return { __typename: typenames[kind], cursor, entries };
  },
};
