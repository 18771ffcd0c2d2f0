import type { Viewer } from '../../../shared/auth/viewer.js';
import { unauthenticated } from '../../../shared/errors/app-error.js';
import { createDomainEvent } from '../../../shared/events/domain-events.js';
import type { Logger } from '../../../shared/logging/logger.js';
import type { OwnSessions } from './own-sessions.js';
import { requireViewer } from './require-viewer.js';
import type { SessionEndRepository, SessionEnding, SessionKey } from './session-end-repository.js';
import type { SessionNews } from './session-news.js';

/** Ends sessions of the viewer's own: their tokens stop working, and their presence leaves. All throw `UNAUTHENTICATED`. */
export interface SessionEnds {
  end(viewer: Viewer | null, id: string): Promise<{ readonly kind: 'Ended'; readonly sessionId: string } | { readonly kind: 'NotFound' }>;
  /** Ends all that live now but the viewer's current one. Returns their ids. */
  endOthers(viewer: Viewer | null): Promise<readonly string[]>;
}

export interface SessionEndsOptions {
  readonly repository: SessionEndRepository;
  readonly own: OwnSessions;
  readonly news: SessionNews;
  /** Called after an event was committed to the outbox. */
  readonly onAnnounced: () => void;
  readonly logger: Logger;
  readonly now: () => number;
}

export function createSessionEnds({ repository, own, news, onAnnounced, logger, now }: SessionEndsOptions): SessionEnds {
  function endingNow(): SessionEnding {
    const endedAt = new Date(now());
    return {
      endedAt,
      reason: 'ENDED',
      toEvent: ({ sessionId, userId }) =>
        createDomainEvent('session.ended', {
          key: userId,
          payload: { sessionId, userId, endedAt: endedAt.toISOString(), reason: 'ENDED' },
          now,
        }),
    };
  }

  async function follow(ended: readonly SessionKey[], endedAt: Date): Promise<void> {
    onAnnounced();
    try {
      await news.ended(ended, endedAt);
    } catch (error) {
      // They have ended, and this process hears of it once more by the event, which comes until it was taken.
      logger.warn({ err: error, sessions: ended.length }, 'the presence of ended sessions was not ended yet');
    }
  }

  return {
    async end(caller, id) {
      const viewer = requireViewer(caller);
      // First, because nothing that is no session may be announced: an id can be any text.
      if ((await own.find(viewer, id)) === null) return { kind: 'NotFound' };
      const session = { sessionId: id, userId: viewer.userId };
      const ending = endingNow();
      if (!(await repository.end(session, ending))) return { kind: 'NotFound' };
      await follow([session], ending.endedAt);
      return { kind: 'Ended', sessionId: id };
    },

    async endOthers(caller) {
      const viewer = requireViewer(caller);
      const ending = endingNow();
      // The row of this session must be there: it decides who wins when two sessions end each other.
      const ended = (await own.find(viewer, viewer.sessionId)) === null ? null : await repository.endOthers(viewer, ending);
      if (ended === null) throw unauthenticated('The session has ended: sign in again.');
      if (ended.length > 0) await follow(ended, ending.endedAt);
      return ended.map(({ sessionId }) => sessionId);
    },
  };
}
