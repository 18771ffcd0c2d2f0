import { subscriptionLost } from '../../../shared/graphql/subscriptions/subscription-lost.js';
import type { PresenceMessage } from '../services/presence/following/presence-messages.js';
import { toPresenceEntry } from './to-presence-entry.js';

const typenames = { Snapshot: 'PresenceSnapshot', Changed: 'PresenceChanged', Resync: 'PresenceResync' } as const;

/** `PresenceMessage` of the schema. Throws what makes the gateway close the socket of a client that is too slow. */
export function toPresenceMessage(message: PresenceMessage) {
  switch (message.kind) {
    case 'Lost':
      throw subscriptionLost();
    case 'Removed': {
      const { cursor, userId, reason } = message;
      return { __typename: 'PresenceRemoved' as const, cursor, userId, user: { id: userId }, reason };
    }
    case 'Snapshot':
    case 'Changed':
    case 'Resync':
      return { __typename: typenames[message.kind], cursor: message.cursor, entries: message.entries.map(toPresenceEntry) };
  }
}
