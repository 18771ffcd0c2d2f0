import { v7 as uuidv7 } from 'uuid';
import { invalidInput, type InvalidInput } from '../../../../shared/errors/invalid-input.js';
import { createDomainEvent } from '../../../../shared/events/domain-events.js';
import { newAccountState, type Account, type AccountRepository } from '../../data/account-repository.js';
import { byOwner, toAuditRow } from '../audit/audit-log.js';
import type { Mailer } from '../mail/mailer.js';
import type { TokenMails } from '../mail/token-mails.js';
import type { PasswordHasher } from '../passwords/password-hasher.js';
import type { PasswordPolicy } from '../passwords/password-policy.js';
import { deviceLabel, findDeviceProblem } from '../sessions/device.js';
import type { SessionOpener } from '../sessions/session-opener.js';
import type { SignedIn } from '../sessions/signed-in.js';
import type { UsernameHolds } from '../usernames/username-holds.js';
import type { KnownDevices } from '../throttling/known-devices.js';
import { findEmailProblem, tidyEmail } from './email.js';
import { findUsernameProblem } from './username.js';

export interface NewAccount {
  readonly username: string;
  readonly password: string;
  readonly email?: string | null | undefined;
  readonly device?: string | null | undefined;
  readonly userAgent: string | undefined;
  readonly clientIp: string | null;
}

export type RegistrationOutcome = SignedIn | InvalidInput | { readonly kind: 'UsernameTaken'; readonly username: string };

export interface Registration {
  /**
   * Creates an account, mails a token to verify its address, and signs it in. Answers alike whether or not the address is known, and its
   * owner gets the same mail: it is unique only once verified.
   * Throws an `UNAVAILABLE` `AppError` when too many passwords wait to be hashed.
   */
  register(input: NewAccount): Promise<RegistrationOutcome>;
}

export interface RegistrationOptions {
  readonly accounts: AccountRepository;
  readonly holds: UsernameHolds;
  readonly hasher: PasswordHasher;
  readonly passwordPolicy: PasswordPolicy;
  readonly opener: SessionOpener;
  readonly knownDevices: KnownDevices;
  readonly tokenMails: TokenMails;
  readonly mailer: Pick<Mailer, 'wake'>;
  readonly wakeOutbox: () => void;
  readonly now?: () => number;
  readonly newId?: () => string;
}

export function createRegistration({
  accounts,
  holds,
  hasher,
  passwordPolicy,
  opener,
  knownDevices,
  tokenMails,
  mailer,
  wakeOutbox,
  now = Date.now,
  newId = uuidv7,
}: RegistrationOptions): Registration {
  return {
    async register({ username, password, device, userAgent, clientIp, ...input }) {
      const email = tidyEmail(input.email);
      const problems = [
        findUsernameProblem(username),
        email === null ? null : findEmailProblem(email),
        await passwordPolicy.findProblem(password, { username, email }),
        findDeviceProblem(device),
      ].filter((problem) => problem !== null);
      if (problems.length > 0) return invalidInput(problems);

      const passwordHash = await hasher.hash(password);
      const createdAt = new Date(now());
      const account: Account = { ...newAccountState, id: newId(), username, email, roles: ['USER'], createdAt };
      const { family, started, signedIn } = opener.open(account, deviceLabel(device, userAgent), ['pwd']);
      const registered = createDomainEvent('user.registered', {
        key: account.id,
        now,
        payload: { userId: account.id, username, createdAt: createdAt.toISOString() },
      });
      const who = byOwner({ userId: account.id, sessionId: family.id });
      const outcome = await accounts.register({
        account,
        nameHash: holds.hashOf(username),
        credential: { kind: 'password', hash: passwordHash },
        family,
        events: [registered, started],
        audit: [toAuditRow({ action: 'REGISTERED', ...who, details: { device: family.device } }, now)],
        mails: [],
        tokenMail: await tokenMails.prepare('email-verification', account, email),
      });
      if (outcome !== 'registered') return { kind: 'UsernameTaken', username };
      await knownDevices.remember(account.id, { device, userAgent, clientIp });
      wakeOutbox();
      mailer.wake();
      return signedIn;
    },
  };
}
