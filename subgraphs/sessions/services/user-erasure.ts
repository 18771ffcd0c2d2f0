import { accessTokenLifetimeMs } from '../../../shared/auth/revocations.js';
import type { Viewer } from '../../../shared/auth/viewer.js';
import type { SessionNews } from './session-news.js';

/** Everything that this subgraph keeps about a person. */
interface ExportedSessions {
  readonly sessions: readonly {
    readonly id: string;
    readonly device: string | null;
    readonly startedAt: Date;
    readonly lastSeenAt: Date;
    readonly expiresAt: Date;
    readonly endedAt: Date | null;
    readonly endReason: string | null;
    readonly data: unknown;
    readonly version: number;
  }[];
  readonly presence: {
    readonly isBusy: boolean;
    readonly statusMessage: string | null;
    readonly visibility: string;
    readonly lastConnectionAt: Date | null;
  } | null;
}

export interface UserErasureRepository {
  /**
   * Erases what is kept about the user; of sessions that ended after `keptSince`, or end now, the id and the time stay, which tell other
   * processes that their tokens are good no more. Answers the ids of those that had not ended before. Needs no inbox: a repetition finds
   * nothing.
   */
  erase(erasure: { userId: string; at: Date; keptSince: Date }): Promise<readonly string[]>;
  read(userId: string): Promise<ExportedSessions>;
}

export interface UserErasure {
  /** Ends what is left of the user's sessions, and erases them with everything else. `deletedAt` is in ms since the epoch. */
  erase(userId: string, deletedAt: number): Promise<void>;
  /** What is kept about the user `userId`, for themself alone; null for everyone else. */
  export(viewer: Viewer | null, userId: string): Promise<ExportedSessions | null>;
}

export function createUserErasure({
  repository,
  forgetPresence,
  news,
}: {
  repository: UserErasureRepository;
  /** Before the sessions end, so that nobody is told of somebody who has no name any more. */
  forgetPresence: (userId: string) => Promise<void>;
  news: Pick<SessionNews, 'ended'>;
}): UserErasure {
  return {
    async erase(userId, deletedAt) {
      const ended = await repository.erase({
        userId,
        at: new Date(deletedAt),
        // Other processes ask for what has ended since a token lives; twice that, for their clocks.
        keptSince: new Date(deletedAt - 2 * accessTokenLifetimeMs),
      });
      try {
        await forgetPresence(userId);
      } finally {
        // Also when the presence store is away: a repetition finds none of them any more, and their tokens have to stop.
        const sessions = ended.map((sessionId) => ({ userId, sessionId }));
        await news.ended(sessions, new Date(deletedAt));
      }
    },
    export: async (viewer, userId) => (viewer?.userId === userId ? repository.read(userId) : null),
  };
}
