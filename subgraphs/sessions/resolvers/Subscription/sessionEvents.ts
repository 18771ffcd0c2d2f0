import type { SubscriptionResolvers } from '../../__generated__/resolvers.js';
import type { SessionEvent } from '../../services/session-subscription.js';

export const sessionEvents: NonNullable<SubscriptionResolvers['sessionEvents']> = {
  subscribe: (_parent, _arguments, { sessionEvents: events, viewer, connection }) => events.subscribe(viewer, connection),
  resolve(event: SessionEvent) {
    switch (event.kind) {
      case 'Snapshot':
        return { __typename: 'SessionSnapshot' as const, sessions: [...event.sessions] };
      case 'Started':
        return { __typename: 'SessionStarted' as const, session: event.session };
      case 'Updated':
        return { __typename: 'SessionUpdated' as const, session: event.session };
      case 'Ended':
        return { __typename: 'SessionEnded' as const, sessionId: event.sessionId, reason: event.reason };
    }
  },
};
