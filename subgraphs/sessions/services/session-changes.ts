import type { Viewer } from '../../../shared/auth/viewer.js';
import { unauthenticated } from '../../../shared/errors/app-error.js';
import { createDomainEvent } from '../../../shared/events/domain-events.js';
import type { DomainEvent } from '../../../shared/events/event-bus.js';
import { invalidInput, type InvalidInput } from '../../../shared/errors/invalid-input.js';
import type { OwnSessions } from './own-sessions.js';
import { requireViewer } from './require-viewer.js';
import { parseDevice, parseSessionData } from './session-input.js';
import type { SessionNews } from './session-news.js';
import type { ChangedSession, SessionChange, SessionRepository } from './session-repository.js';
import type { Session } from './session.js';

/** What to change of a session. Left out (undefined) = leave, null = clear. */
export interface UpdateSessionInput {
  readonly id: string;
  /** Any JSON. */
  readonly data?: unknown;
  readonly device?: string | null | undefined;
  /** The version that the change builds on; null = whichever. */
  readonly expectedVersion?: number | null | undefined;
}

/** What users keep with their own sessions. All throw `UNAUTHENTICATED`. */
export interface SessionChanges {
  /** Sets the data of the viewer's current session. `created` tells whether it had none before. */
  create(
    viewer: Viewer | null,
    input: { readonly data?: unknown },
  ): Promise<{ readonly kind: 'Created'; readonly session: Session; readonly created: boolean } | InvalidInput>;
  update(
    viewer: Viewer | null,
    input: UpdateSessionInput,
  ): Promise<
    | { readonly kind: 'Updated'; readonly session: Session }
    | { readonly kind: 'Conflict'; readonly session: Session }
    | { readonly kind: 'NotFound' }
    | InvalidInput
  >;
}

export interface SessionChangesOptions {
  readonly repository: Pick<SessionRepository, 'change'>;
  readonly own: OwnSessions;
  readonly news: SessionNews;
  /** Called after an event was committed to the outbox. */
  readonly onAnnounced: () => void;
  readonly now: () => number;
}

export function createSessionChanges({ repository, own, news, onAnnounced, now }: SessionChangesOptions): SessionChanges {
  async function change(viewer: Viewer, id: string, wanted: SessionChange): Promise<ChangedSession> {
    const key = { id, userId: viewer.userId };
    let changed = await repository.change(key, wanted, new Date(now()));
    // A new session may be on its way here: then it is worth the wait.
    if (changed.kind === 'NotFound' && (await own.find(viewer, id)) !== null)
      changed = await repository.change(key, wanted, new Date(now()));
    const isNews = wanted.data !== undefined || wanted.device !== undefined;
    if (changed.kind === 'Changed' && wanted.toEvent !== undefined) onAnnounced();
    if (changed.kind === 'Changed' && isNews) await news.changed({ userId: viewer.userId, sessionId: id });
    return changed;
  }

  /** Auth names the device in its answers as well. */
  function toRenamed({ id: sessionId, userId, device }: Session): DomainEvent {
    return createDomainEvent('session.renamed', { key: userId, payload: { sessionId, userId, device }, now });
  }

  return {
    async create(caller, input) {
      const viewer = requireViewer(caller);
      const data = parseSessionData(input.data);
      if (data.kind === 'Invalid') return invalidInput([data.problem]);
      const changed = await change(viewer, viewer.sessionId, { data: data.value });
      if (changed.kind !== 'Changed') throw unauthenticated('The session has ended: sign in again.');
      return { kind: 'Created', session: changed.session, created: !changed.hadData };
    },

    async update(caller, { id, expectedVersion, ...input }) {
      const viewer = requireViewer(caller);
      const [data, device] = [parseSessionData(input.data), parseDevice(input.device)];
      if (data.kind === 'Invalid' || device.kind === 'Invalid') {
        return invalidInput([data, device].flatMap((field) => (field.kind === 'Invalid' ? [field.problem] : [])));
      }
      const changed = await change(viewer, id, {
        data: data.value,
        device: device.value,
        expectedVersion: expectedVersion ?? undefined,
        toEvent: device.value === undefined ? undefined : toRenamed,
      });
      switch (changed.kind) {
        case 'Changed':
          return { kind: 'Updated', session: changed.session };
        case 'Conflict':
        case 'NotFound':
          return changed;
      }
    },
  };
}
