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
  readonly loaders: SessionLoaders;
}

interface SessionLoaders {
  /** The viewer's own sessions by id; null for all others. */
  readonly session: DataLoader<string, Session | null>;
  /** Presences by the id of the user, as the viewer may see them. */
  readonly presence: DataLoader<string, PresenceView>;
}

export function createSessionsContext(parts: Omit<SessionsContext, 'loaders'>): SessionsContext {
  return { ...parts, loaders: new Loaders(parts.viewer, parts.sessions, parts.presence) };
}

/**
 * A class, and loaders only when they are asked for: next to all subscriptions never do, and keep their context for as long as they run. A
 * subscription has one context for all its events, and a mutation reads after it wrote: loaders batch, and remember nothing.
 */
class Loaders implements SessionLoaders {
  readonly #viewer: Viewer | null;
  readonly #sessions: SessionServices['sessions'];
  readonly #presences: PresenceService;
  #session: SessionLoaders['session'] | undefined;
  #presence: SessionLoaders['presence'] | undefined;

  constructor(viewer: Viewer | null, sessions: SessionServices['sessions'], presences: PresenceService) {
    this.#viewer = viewer;
    this.#sessions = sessions;
    this.#presences = presences;
  }

  get session(): SessionLoaders['session'] {
    const [viewer, sessions] = [this.#viewer, this.#sessions];
    this.#session ??= new DataLoader(
      async (ids) => {
        const found = new Map((await sessions.findOwn(viewer, [...new Set(ids)])).map((session) => [session.id, session]));
        return ids.map((id) => found.get(id) ?? null);
      },
      { cache: false },
    );
    return this.#session;
  }

  get presence(): SessionLoaders['presence'] {
    const [viewer, presences] = [this.#viewer, this.#presences];
    this.#presence ??= new DataLoader((userIds) => presences.view(viewer, userIds), { cache: false });
    return this.#presence;
  }
}
