import type { AccountDeletionRepository } from '../account-deletion/account-deletion-repository.js';
import type { AccountEraser } from '../account-deletion/account-eraser.js';
import { sessionLifetime } from '../sessions/session-lifetime.js';

const hourMs = 60 * 60_000;
const dayMs = 24 * hourMs;
const batchSize = 100;

export interface GuestExpiry {
  /**
   * Erases guests who were not seen for the time that they are kept, as `deleteAccount` does and with the same event, but without a
   * cool-off: nobody is there to take it back. Whoever has a session that can still be refreshed is kept, and so is a disabled guest, who
   * would otherwise be a new one on the same device. Looks at most once an hour, unless there was more than it could do. Answers how many
   * this process erased.
   */
  carryOut(): Promise<number>;
}

export function createGuestExpiry({
  deletions,
  eraser,
  retentionDays,
  now = Date.now,
}: {
  deletions: Pick<AccountDeletionRepository, 'findUnseenGuests'>;
  eraser: AccountEraser;
  /** 0 keeps guests for ever. */
  retentionDays: number;
  now?: () => number;
}): GuestExpiry {
  let nextAt = -Infinity;
  return {
    async carryOut() {
      const at = now();
      if (retentionDays === 0 || at < nextAt) return 0;
      const ground = {
        kind: 'guest-unseen',
        since: new Date(at - retentionDays * dayMs),
        idleSince: new Date(at - sessionLifetime.idleMs),
      } as const;
      const unseen = await deletions.findUnseenGuests(new Date(at), ground, batchSize);
      nextAt = unseen.length < batchSize ? at + hourMs : at;
      return eraser.eraseAll(unseen, ground);
    },
  };
}
