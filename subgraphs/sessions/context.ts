import DataLoader from 'dataloader';
import type { Viewer } from '../../shared/auth/viewer.js';
import type { SubscriptionConnection } from '../../shared/graphql/subgraph.js';
import type { SessionServices } from './compose-sessions.js';
import type { PresenceView } from './presence/presence-view.js';
import type { PresenceService } from './services/presence/presence-service.js';
import type { Session } from './services/session.js';

/** What every resolver of the sessions subgraph gets. */
export interface SessionsContext extends SessionServices {
  /** Null for an anonymous caller. */
  readonly viewer: Viewer | null;
  readonly requestId: string;
  /** The socket behind a subscription. */
  readonly connection: SubscriptionConnection | undefined;
  readonly presence: PresenceService;
  readonly loaders: {
    /** The viewer's own sessions by id; null for all others. */
    readonly session: DataLoader<string, Session | null>;
    /** Presences by the id of the user, as the viewer may see them. */
    readonly presence: DataLoader<string, PresenceView>;
  };
}

export function createSessionsContext(parts: Omit<SessionsContext, 'loaders'>): SessionsContext {
  const { viewer, sessions, presence } = parts;
  return {
    ...parts,
    loaders: {
      session: new DataLoader(
        async (ids) => {
          const found = new Map((await sessions.findOwn(viewer, [...new Set(ids)])).map((session) => [session.id, session]));
          return ids.map((id) => found.get(id) ?? null);
        },
        { cache: false },
      ),
      // A subscription has one context for all its events, and a mutation reads after it wrote: loaders batch, and remember nothing.
      presence: new DataLoader((userIds) => presence.view(viewer, userIds), { cache: false }),
    },
  };
}
