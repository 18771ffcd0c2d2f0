import type { Viewer } from '../../../../shared/auth/viewer.js';
import { unauthenticated } from '../../../../shared/errors/app-error.js';
import { invalidInput, type InvalidInput } from '../../../../shared/errors/invalid-input.js';
import { createDomainEvent } from '../../../../shared/events/domain-events.js';
import { findEmailProblem, tidyEmail } from '../accounts/email.js';
import { findUsernameProblem } from '../accounts/username.js';
import { byOwner, toAuditRow } from '../audit/audit-log.js';
import type { Mailer } from '../mail/mailer.js';
import type { TokenMails } from '../mail/token-mails.js';
import type { PasswordHasher } from '../passwords/password-hasher.js';
import type { PasswordPolicy } from '../passwords/password-policy.js';
import type { UsernameHolds } from '../usernames/username-holds.js';
import type { GuestRepository } from './guest-repository.js';

interface NewCredentials {
  readonly username: string;
  readonly password: string;
  readonly email?: string | null | undefined;
}

type LinkOutcome =
  | { readonly kind: 'Linked'; readonly userId: string }
  | { readonly kind: 'AlreadyLinked' }
  | { readonly kind: 'UsernameTaken'; readonly username: string }
  | InvalidInput;

export interface CredentialLinking {
  /**
   * Makes a full account of the viewer's guest, by the rules of a registration; id, profile, sessions and device stay. Throws
   * `UNAUTHENTICATED` for an anonymous viewer, `UNAVAILABLE` when too many passwords wait to be hashed.
   */
  link(viewer: Viewer | null, credentials: NewCredentials): Promise<LinkOutcome>;
}

export interface CredentialLinkingOptions {
  readonly guests: Pick<GuestRepository, 'find' | 'link'>;
  readonly holds: UsernameHolds;
  readonly hasher: Pick<PasswordHasher, 'hash'>;
  readonly passwordPolicy: PasswordPolicy;
  readonly tokenMails: TokenMails;
  readonly mailer: Pick<Mailer, 'wake'>;
  readonly wakeOutbox: () => void;
  readonly now?: () => number;
}

export function createCredentialLinking({
  guests,
  holds,
  hasher,
  passwordPolicy,
  tokenMails,
  mailer,
  wakeOutbox,
  now = Date.now,
}: CredentialLinkingOptions): CredentialLinking {
  return {
    async link(viewer, { username, password, ...input }) {
      if (viewer === null) throw unauthenticated();
      const guest = await guests.find(viewer.userId);
      if (guest === null) throw unauthenticated();
      if (!guest.isGuest) return { kind: 'AlreadyLinked' };
      const email = tidyEmail(input.email);
      const problems = [
        // A name that the guest chose already stays good even if it is reserved by now.
        username === guest.username ? null : findUsernameProblem(username),
        email === null ? null : findEmailProblem(email),
        await passwordPolicy.findProblem(password, { username, email }),
      ].filter((problem) => problem !== null);
      if (problems.length > 0) return invalidInput(problems);

      const passwordHash = await hasher.hash(password);
      const renamed = createDomainEvent('user.renamed', {
        key: guest.id,
        now,
        payload: { userId: guest.id, username, previousUsername: guest.username },
      });
      const details = { from: guest.username, to: username };
      const outcome = await guests.link({
        account: { ...guest, username, email },
        nameHash: holds.hashOf(username),
        passwordHash,
        at: new Date(now()),
        events: guest.username === username ? [] : [renamed],
        audit: toAuditRow({ action: 'CREDENTIALS_LINKED', ...byOwner(viewer), details }, now),
        tokenMail: await tokenMails.prepare('email-verification', { id: guest.id, username }, email),
      });
      switch (outcome) {
        case 'username-taken':
          return { kind: 'UsernameTaken', username };
        case 'already-linked':
          return { kind: 'AlreadyLinked' };
        case 'linked':
          wakeOutbox();
          mailer.wake();
          return { kind: 'Linked', userId: guest.id };
      }
    },
  };
}
