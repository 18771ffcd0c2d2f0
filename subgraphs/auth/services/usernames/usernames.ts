import type { Viewer } from '../../../../shared/auth/viewer.js';
import { unauthenticated } from '../../../../shared/errors/app-error.js';
import { invalidInput, type InvalidInput } from '../../../../shared/errors/invalid-input.js';
import { createDomainEvent } from '../../../../shared/events/domain-events.js';
import type { Account } from '../../data/account-repository.js';
import { findUsernameProblem } from '../accounts/username.js';
import { byOwner, toAuditRow } from '../audit/audit-log.js';
import type { Mailer } from '../mail/mailer.js';
import type { Throttles } from '../throttling/throttles.js';
import { usernameCooldownMs, usernameHoldMs, type UsernameHolds } from './username-holds.js';
import type { UsernameRepository } from './username-repository.js';

type UsernameChangeOutcome =
  | { readonly kind: 'Changed'; readonly userId: string }
  | { readonly kind: 'UsernameTaken'; readonly username: string }
  | { readonly kind: 'Cooldown'; readonly retryAt: Date }
  | InvalidInput;

type UsernameAvailability = { readonly available: true } | { readonly available: false; readonly code: string; readonly message: string };

export interface Usernames {
  /**
   * Gives the viewer another name. The old one stays theirs alone for 30 days; the next change is possible after 30 days, unless only
   * capitals change. Access tokens carry the new name from the next refresh on. Throws `UNAUTHENTICATED` for an anonymous viewer.
   */
  change(viewer: Viewer | null, username: string): Promise<UsernameChangeOutcome>;
  /** Whether `viewer`, or a newcomer, could take the name now. Throws `RATE_LIMITED` for a caller who asks too often. */
  availability(viewer: Viewer | null, username: string, clientIp: string | null): Promise<UsernameAvailability>;
}

export interface UsernamesOptions {
  readonly usernames: UsernameRepository;
  readonly holds: UsernameHolds;
  readonly mailer: Mailer;
  readonly throttles: Pick<Throttles, 'usernameLookUp'>;
  readonly wakeOutbox: () => void;
  readonly now?: () => number;
}

export function createUsernames({ usernames, holds, mailer, throttles, wakeOutbox, now = Date.now }: UsernamesOptions): Usernames {
  /** Stores the change, with all that tells of it. An old name is held unless only its capitals change. */
  async function store(viewer: Viewer, { id: userId, username: from, email }: Account, to: string, at: Date) {
    const isOtherName = !areAlike(from, to);
    const renamed = createDomainEvent('user.renamed', { key: userId, now, payload: { userId, username: to, previousUsername: from } });
    const until = new Date(at.getTime() + usernameHoldMs);
    return usernames.change({
      accountId: userId,
      from,
      to,
      at,
      hold: isOtherName ? { nameHash: holds.hashOf(to), previousHash: holds.hashOf(from), until } : null,
      events: [renamed],
      audit: toAuditRow({ action: 'USERNAME_CHANGED', ...byOwner(viewer), details: { from, to } }, now),
      mails: isOtherName ? await mailer.rows('username-changed', { to: email, username: to, previousUsername: from }) : [],
    });
  }

  return {
    async change(viewer, username) {
      if (viewer === null) throw unauthenticated();
      const problem = findUsernameProblem(username);
      if (problem !== null) return invalidInput([problem]);
      const owner = await usernames.find(viewer.userId);
      if (owner === null) throw unauthenticated();
      const { account, changedAt } = owner;
      if (account.username === username) return { kind: 'Changed', userId: account.id };
      const at = new Date(now());
      const retryAt = changedAt === null ? null : new Date(changedAt.getTime() + usernameCooldownMs);
      if (!areAlike(account.username, username) && retryAt !== null && at < retryAt) return { kind: 'Cooldown', retryAt };

      const outcome = await store(viewer, account, username, at);
      switch (outcome) {
        case 'taken':
          return { kind: 'UsernameTaken', username };
        case 'gone':
          // Renamed in another tab at the same moment, so that the cool-down has begun.
          return { kind: 'Cooldown', retryAt: new Date(at.getTime() + usernameCooldownMs) };
        case 'changed':
          wakeOutbox();
          mailer.wake();
          return { kind: 'Changed', userId: account.id };
      }
    },

    async availability(viewer, username, clientIp) {
      await throttles.usernameLookUp({ userId: viewer?.userId ?? null, clientIp });
      const problem = findUsernameProblem(username);
      if (problem !== null) return { available: false, code: problem.code, message: problem.message };
      const nameHash = holds.hashOf(username);
      const isFree = await usernames.isFree({ username, nameHash, accountId: viewer?.userId ?? null, at: new Date(now()) });
      return isFree ? { available: true } : { available: false, code: 'TAKEN', message: `The username "${username}" is taken.` };
    },
  };
}

/** Whether only capitals are different. */
function areAlike(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
