import type { Revocations } from '../../shared/auth/revocations.js';
import type { QueueLoad } from '../../shared/background/queue-load.js';
import type { NetworkRates } from '../../shared/config/network-rate-settings.js';
import type { Logger } from '../../shared/logging/logger.js';
import type { RateLimits } from '../../shared/rate-limits/rate-limits.js';
import type { AuthServices } from './context.js';
import type { AuthRepositories } from './data/repositories.js';
import { composeAccountLife } from './services/compose-account-life.js';
import { createRegistration } from './services/accounts/registration.js';
import { createAuditLog } from './services/audit/audit-log.js';
import { createAccessTokenIssuer } from './services/keys/access-token-issuer.js';
import { deriveKey } from './services/keys/derive-key.js';
import { composeMail, type MailOptions } from './services/mail/compose-mail.js';
import { createTokenMails } from './services/mail/token-mails.js';
import { composeMfa } from './services/mfa/compose-mfa.js';
import { createMfaTokens } from './services/mfa/mfa-token.js';
import { composePasskeys } from './services/passkeys/compose-passkeys.js';
import type { RelyingPartySettings } from './services/passkeys/relying-party.js';
import { composePasswords, type BreachCheckSettings } from './services/passwords/compose-passwords.js';
import type { Argon2Parameters } from './services/passwords/password-hasher.js';
import { createPasswordChange } from './services/passwords/password-change.js';
import { composeRecovery } from './services/recovery/compose-recovery.js';
import { createPasswordSignIn } from './services/sessions/password-sign-in.js';
import { createRefreshTokens } from './services/sessions/refresh-token.js';
import { createSessionCleaning } from './services/sessions/session-cleaning.js';
import { createSessionEnder } from './services/sessions/session-ender.js';
import { createSessionOpener } from './services/sessions/session-opener.js';
import { createSessionRefresher } from './services/sessions/session-refresher.js';
import { createUsernameHolds } from './services/usernames/username-holds.js';
import { createSignIn } from './services/sessions/sign-in.js';
import { composeThrottling } from './services/throttling/compose-throttling.js';

/** What operators choose for accounts. */
export interface ServiceSettings {
  /** 32 bytes that encrypt the signing keys at rest; the same at every start and in every process of this subgraph. */
  readonly encryptionKey: Uint8Array;
  /** Where people reach the product, without a trailing slash. Asked when it is needed: with any free port it is known only later. */
  readonly publicUrl: () => string;
  readonly mail: MailOptions;
  /** What a password hash costs; the default is what protects people, less is for tests. */
  readonly passwordCost?: Argon2Parameters | undefined;
  /** Refuses new passwords that a range service knows from breaches; undefined asks nobody. */
  readonly breachCheck?: BreachCheckSettings | undefined;
  /** `UV_THREADPOOL_SIZE`, when it is set: it bounds how many passwords are hashed at once. */
  readonly threadPoolSize?: number | undefined;
  /** `GUEST_RETENTION_DAYS`: after how many days without a sign of life guests are deleted; 0 keeps them for ever. */
  readonly guestRetentionDays?: number;
  /** What one network may do; undefined for the defaults. */
  readonly networkRates?: NetworkRates | undefined;
  /** What passkeys are bound to; undefined means the public address. */
  readonly webAuthn?: RelyingPartySettings | undefined;
}

export interface ServiceOptions extends ServiceSettings {
  readonly repositories: AuthRepositories;
  readonly signingKey: Parameters<typeof createAccessTokenIssuer>[0]['signingKey'];
  readonly revocations: Revocations;
  readonly rateLimits: RateLimits;
  readonly wakeOutbox: () => void;
  readonly logger: Logger;
  readonly now: () => number;
}

/** Wires the rules of accounts to each other. `close` ends what runs in the background and waits for what is under way. */
export function composeServices(options: ServiceOptions): {
  readonly services: AuthServices;
  readonly hashingLoad: () => QueueLoad;
  close(): Promise<void>;
} {
  const { repositories, webAuthn, guestRetentionDays = 30, logger, now } = options;
  const { families, knownDevices, mfa, passkeys, passwords, recovery } = repositories;
  const { closeMail, ...common } = composeCommon(options);
  const accountRecovery = composeRecovery({ ...common, recovery });
  const accountLife = composeAccountLife({ ...common, repositories, guestRetentionDays });
  const passkeyServices = composePasskeys({ ...common, repository: passkeys, challenges: mfa, webAuthn });
  const cleaning = createSessionCleaning({ families, expiring: [mfa, passkeys, recovery, knownDevices], logger, now });
  return {
    services: {
      registration: createRegistration(common),
      reauthentication: common.reauthentication,
      passwordChange: createPasswordChange({ ...common, passwords }),
      passwordSignIn: createPasswordSignIn(common),
      sessionRefresher: createSessionRefresher({ ...common, families }),
      sessionEnder: common.sessionEnder,
      throttles: common.throttles,
      ...accountRecovery.services,
      ...accountLife.services,
      ...passkeyServices,
      ...composeMfa({ ...common, repository: mfa, confirmation: passkeyServices.passkeyConfirmation }),
    },
    hashingLoad: common.hashingLoad,
    async close() {
      await accountRecovery.close();
      await common.hasher.close();
      await accountLife.close();
      await cleaning.close();
      await closeMail();
    },
  };
}

/** What more than one of the rules is made of, by the names under which they take it. */
function composeCommon(options: ServiceOptions) {
  const { repositories, signingKey, revocations, encryptionKey, publicUrl, rateLimits, wakeOutbox, logger, now } = options;
  const { accounts, audit, families, knownDevices, mails, passwords, signIns } = repositories;
  const mail = composeMail({
    ...options.mail,
    mails,
    key: deriveKey(encryptionKey, 'mails'),
    publicUrl,
    logger,
    now,
  });
  const { mailer } = mail;
  const auditLog = createAuditLog({ events: audit, now });
  const throttling = composeThrottling({
    repository: knownDevices,
    rateLimits,
    networkRates: options.networkRates,
    encryptionKey,
    now,
  });
  const passwordServices = composePasswords({
    accounts,
    passwords,
    throttles: throttling.throttles,
    auditLog,
    threadPoolSize: options.threadPoolSize,
    breachCheck: options.breachCheck,
    parameters: options.passwordCost,
    logger,
    now,
  });
  const refreshTokens = createRefreshTokens(deriveKey(encryptionKey, 'refresh tokens'));
  const issuer = createAccessTokenIssuer({ signingKey, now });
  const opener = createSessionOpener({ issuer, refreshTokens, now });
  const mfaTokens = createMfaTokens();
  return {
    ...{ accounts, encryptionKey, publicUrl, wakeOutbox, logger, now },
    ...{ mailer, auditLog, ...throttling, ...passwordServices, refreshTokens, issuer, opener, mfaTokens },
    closeMail: () => mail.close(),
    tokenMails: createTokenMails({ mailer, key: deriveKey(encryptionKey, 'token mails'), now }),
    holds: createUsernameHolds(deriveKey(encryptionKey, 'username holds')),
    sessionEnder: createSessionEnder({ families, refreshTokens, revocations, wakeOutbox, now }),
    signIn: createSignIn({ ...throttling, repository: signIns, opener, mfaTokens, mailer, wakeOutbox, now }),
  };
}
