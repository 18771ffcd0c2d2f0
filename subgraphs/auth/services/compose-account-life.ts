import type { Logger } from '../../../shared/logging/logger.js';
import type { AccountRepository } from '../data/account-repository.js';
import type { AccountDeletionRepository } from './account-deletion/account-deletion-repository.js';
import { createAccountDeletion, type AccountDeletion } from './account-deletion/account-deletion.js';
import { createAccountEraser } from './account-deletion/account-eraser.js';
import { createAccountExport, type AccountExport, type AccountExportRepository } from './account-deletion/account-export.js';
import { createAccountWorker } from './account-deletion/account-worker.js';
import type { AuditLog } from './audit/audit-log.js';
import { createCredentialLinking, type CredentialLinking } from './guests/credential-linking.js';
import { createGuestDevices } from './guests/guest-devices.js';
import { createGuestExpiry } from './guests/guest-expiry.js';
import type { GuestRepository } from './guests/guest-repository.js';
import { createGuestSignIn, type GuestSignIn } from './guests/guest-sign-in.js';
import { deriveKey } from './keys/derive-key.js';
import type { Mailer } from './mail/mailer.js';
import type { TokenMails } from './mail/token-mails.js';
import type { ModerationRepository } from './moderation/moderation-repository.js';
import { createModeration, type Moderation } from './moderation/moderation.js';
import type { PasswordHasher } from './passwords/password-hasher.js';
import type { PasswordPolicy } from './passwords/password-policy.js';
import type { Reauthentication } from './passwords/reauthentication.js';
import type { SessionEnder } from './sessions/session-ender.js';
import type { SessionOpener } from './sessions/session-opener.js';
import type { SignIn } from './sessions/sign-in.js';
import type { KnownDevices } from './throttling/known-devices.js';
import type { Throttles } from './throttling/throttles.js';
import type { UsernameHolds } from './usernames/username-holds.js';
import type { UsernameRepository } from './usernames/username-repository.js';
import { createUsernames, type Usernames } from './usernames/usernames.js';

/** What becomes of an account after it was made: guests, names, moderation, export, deletion, and the log of it all. */
export interface AccountLifeServices {
  readonly auditLog: AuditLog;
  readonly guestSignIn: GuestSignIn;
  readonly credentialLinking: CredentialLinking;
  readonly usernames: Usernames;
  readonly moderation: Moderation;
  readonly accountExport: AccountExport;
  readonly accountDeletion: AccountDeletion;
}

export interface AccountLifeOptions {
  readonly repositories: {
    readonly accounts: AccountRepository;
    readonly guests: GuestRepository;
    readonly usernames: UsernameRepository;
    readonly moderation: ModerationRepository;
    readonly exports: AccountExportRepository;
    readonly deletions: AccountDeletionRepository;
  };
  /** Of the subgraph: keys for one purpose each are made of it. */
  readonly encryptionKey: Uint8Array;
  readonly holds: UsernameHolds;
  readonly auditLog: AuditLog;
  readonly hasher: PasswordHasher;
  readonly passwordPolicy: PasswordPolicy;
  readonly reauthentication: Reauthentication;
  readonly opener: SessionOpener;
  readonly signIn: SignIn;
  readonly sessionEnder: SessionEnder;
  readonly throttles: Throttles;
  readonly knownDevices: KnownDevices;
  readonly mailer: Mailer;
  readonly tokenMails: TokenMails;
  readonly guestRetentionDays: number;
  readonly wakeOutbox: () => void;
  readonly logger: Logger;
  readonly now: () => number;
}

/** `close` waits for the deletion under way: close it before the outbox and the database. */
export function composeAccountLife({ repositories, encryptionKey, guestRetentionDays, logger, ...common }: AccountLifeOptions): {
  services: AccountLifeServices;
  close(): Promise<void>;
} {
  const { auditLog, now } = common;
  const { accounts, guests, usernames, deletions } = repositories;
  const devices = createGuestDevices(deriveKey(encryptionKey, 'guest devices'));
  const eraser = createAccountEraser({ ...common, deletions, logger });
  const accountDeletion = createAccountDeletion({ ...common, deletions, eraser });
  const guestExpiry = createGuestExpiry({ deletions, eraser, retentionDays: guestRetentionDays, now });
  const worker = createAccountWorker({
    tasks: [() => accountDeletion.carryOut(), () => guestExpiry.carryOut(), () => usernames.removeEndedHolds(new Date(now()))],
    logger,
  });
  return {
    services: {
      auditLog,
      guestSignIn: createGuestSignIn({ ...common, accounts, guests, devices }),
      credentialLinking: createCredentialLinking({ ...common, guests }),
      usernames: createUsernames({ ...common, usernames }),
      moderation: createModeration({ ...common, repository: repositories.moderation }),
      accountExport: createAccountExport({ ...common, exports: repositories.exports }),
      accountDeletion,
    },
    close: () => worker.close(),
  };
}
