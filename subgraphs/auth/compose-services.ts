import type { Revocations } from '../../shared/auth/revocations.js';
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

export interface ServiceOptions {
  readonly repositories: AuthRepositories;
  readonly signingKey: Parameters<typeof createAccessTokenIssuer>[0]['signingKey'];
  readonly revocations: Revocations;
  readonly encryptionKey: Uint8Array;
  readonly publicUrl: () => string;
  readonly mail: MailOptions;
  readonly breachCheck: BreachCheckSettings | undefined;
  readonly passwordCost: Argon2Parameters | undefined;
  readonly threadPoolSize: number | undefined;
  readonly webAuthn: RelyingPartySettings | undefined;
  readonly guestRetentionDays: number;
  readonly rateLimits: RateLimits;
  readonly wakeOutbox: () => void;
  readonly logger: Logger;
  readonly now: () => number;
}

/** Wires the rules of accounts to each other. `close` ends what runs in the background and waits for what is under way. */
export function composeServices(options: ServiceOptions): { readonly services: AuthServices; close(): Promise<void> } {
  const { repositories, signingKey, revocations, encryptionKey, rateLimits, wakeOutbox, logger, now, threadPoolSize } = options;
  const { accounts, families, mfa, passkeys, passwords, recovery } = repositories;
  const { mailer, ...mail } = composeMail({
    ...options.mail,
    mails: repositories.mails,
    key: deriveKey(encryptionKey, 'mails'),
    publicUrl: options.publicUrl,
    logger,
    now,
  });
  const auditLog = createAuditLog({ events: repositories.audit, now });
  const { throttles, knownDevices } = composeThrottling({
    repository: repositories.knownDevices,
    rateLimits,
    encryptionKey,
    now,
  });
  const { hasher, passwordPolicy, reauthentication } = composePasswords({
    accounts,
    passwords,
    throttles,
    auditLog,
    threadPoolSize,
    breachCheck: options.breachCheck,
    parameters: options.passwordCost,
    logger,
    now,
  });
  const refreshTokens = createRefreshTokens(deriveKey(encryptionKey, 'refresh tokens'));
  const issuer = createAccessTokenIssuer({ signingKey, now });
  const opener = createSessionOpener({ issuer, refreshTokens, now });
  const sessionEnder = createSessionEnder({ families, refreshTokens, revocations, wakeOutbox, now });
  const mfaTokens = createMfaTokens();
  const signIn = createSignIn({
    repository: repositories.signIns,
    opener,
    mfaTokens,
    mailer,
    knownDevices,
    wakeOutbox,
    now,
  });
  const tokenMails = createTokenMails({ mailer, key: deriveKey(encryptionKey, 'token mails'), now });
  const accountRecovery = composeRecovery({
    accounts,
    recovery,
    tokenMails,
    mailer,
    hasher,
    policy: passwordPolicy,
    reauthentication,
    ender: sessionEnder,
    throttles,
    logger,
    now,
  });
  const holds = createUsernameHolds(deriveKey(encryptionKey, 'username holds'));
  const accountLife = composeAccountLife({
    repositories,
    encryptionKey,
    holds,
    auditLog,
    hasher,
    passwordPolicy,
    reauthentication,
    opener,
    signIn,
    sessionEnder,
    throttles,
    knownDevices,
    mailer,
    tokenMails,
    guestRetentionDays: options.guestRetentionDays,
    wakeOutbox,
    logger,
    now,
  });
  const passkeyServices = composePasskeys({
    repository: passkeys,
    challenges: mfa,
    accounts,
    encryptionKey,
    reauthentication,
    mfaTokens,
    signIn,
    auditLog,
    mailer,
    publicUrl: options.publicUrl,
    webAuthn: options.webAuthn,
    now,
  });
  const services = {
    registration: createRegistration({
      accounts,
      holds,
      hasher,
      passwordPolicy,
      opener,
      knownDevices,
      tokenMails,
      mailer,
      wakeOutbox,
      now,
    }),
    reauthentication,
    passwordChange: createPasswordChange({ passwords, hasher, policy: passwordPolicy, reauthentication, mailer, sessionEnder, now }),
    passwordSignIn: createPasswordSignIn({ accounts, hasher, signIn, throttles, auditLog }),
    sessionRefresher: createSessionRefresher({ families, refreshTokens, issuer, ender: sessionEnder, mailer, wakeOutbox, now }),
    sessionEnder,
    ...accountRecovery.services,
    ...accountLife.services,
    throttles,
    ...composeMfa({
      confirmation: passkeyServices.passkeyConfirmation,
      repository: mfa,
      accounts,
      encryptionKey,
      reauthentication,
      mfaTokens,
      signIn,
      auditLog,
      mailer,
      now,
    }),
    ...passkeyServices,
  };
  const cleaning = createSessionCleaning({ families, expiring: [mfa, passkeys, recovery, repositories.knownDevices], logger, now });

  return {
    services,
    async close() {
      await accountRecovery.close();
      await hasher.close();
      await accountLife.close();
      await cleaning.close();
      await mail.close();
    },
  };
}
