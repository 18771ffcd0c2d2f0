import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose';
import { v7 as uuidv7 } from 'uuid';
import { createAccessTokenVerifier } from '../../shared/auth/access-token.js';
import type { Revocations } from '../../shared/auth/revocations.js';
import { projectRoot } from '../../shared/config/project-root.js';
import type { Database } from '../../shared/database/database.js';
import { createConsumer } from '../../shared/events/consumer.js';
import type { EventBus } from '../../shared/events/event-bus.js';
import { createOutboxRelay } from '../../shared/events/outbox.js';
import type { Subgraph } from '../../shared/graphql/subgraph.js';
import { checkDependency } from '../../shared/http/health.js';
import type { Logger } from '../../shared/logging/logger.js';
import type { RateLimits } from '../../shared/rate-limits/rate-limits.js';
import type { AuthContext, AuthServices } from './context.js';
import { createAccountDeletionRepository } from './data/account-deletion-repository.js';
import { createAccountExportRepository } from './data/account-export-repository.js';
import { createAccountRepository } from './data/account-repository.js';
import { createAuditRepository } from './data/audit-repository.js';
import { createKnownDeviceRepository } from './data/known-device-repository.js';
import { createMfaRepository } from './data/mfa-repository.js';
import { createPasskeyRepository } from './data/passkey-repository.js';
import { createAuthPrisma } from './data/prisma.js';
import { createMailRepository } from './data/mail-repository.js';
import { createPasswordRepository } from './data/password-repository.js';
import { createRecoveryRepository } from './data/recovery-repository.js';
import { createRefreshFamilyRepository } from './data/refresh-family-repository.js';
import { createSignInRepository } from './data/sign-in-repository.js';
import { createSigningKeyRepository } from './data/signing-key-repository.js';
import { createGuestRepository } from './data/guest-repository.js';
import { createModerationRepository } from './data/moderation-repository.js';
import { createUsernameRepository } from './data/username-repository.js';
import { resolvers } from './resolvers/resolvers.js';
import { accountPages } from './routes/account-pages.js';
import { browserSessionRoutes } from './routes/browser-sessions.js';
import { jwksRoute } from './routes/jwks.js';
import { createAccountDirectory } from './services/accounts/account-directory.js';
import { composeAccountLife } from './services/compose-account-life.js';
import { createRegistration } from './services/accounts/registration.js';
import { createAuditLog } from './services/audit/audit-log.js';
import { createAccessTokenIssuer } from './services/keys/access-token-issuer.js';
import { deriveKey } from './services/keys/derive-key.js';
import { createSigningKeys } from './services/keys/signing-keys.js';
import { composeMail, type MailOptions } from './services/mail/compose-mail.js';
import { createTokenMails } from './services/mail/token-mails.js';
import { composeMfa } from './services/mfa/compose-mfa.js';
import { createMfaStatus } from './services/mfa/mfa-status.js';
import { createMfaTokens } from './services/mfa/mfa-token.js';
import { composePasskeys } from './services/passkeys/compose-passkeys.js';
import type { RelyingPartySettings } from './services/passkeys/relying-party.js';
import { createOneCredentialCheck } from './services/one-credential-check.js';
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

export interface AuthSubgraphOptions {
  readonly database: Database;
  readonly bus: EventBus;
  readonly revocations: Revocations;
  /** 32 bytes that encrypt the signing keys at rest; the same at every start and in every process of this subgraph. */
  readonly encryptionKey: Uint8Array;
  /** Where people reach the product, without a trailing slash. Asked when it is needed: with any free port it is known only later. */
  readonly publicUrl: () => string;
  readonly mail: MailOptions;
  /** What a password hash costs; the default is what protects people, less is for tests. */
  readonly passwordCost?: Argon2Parameters | undefined;
  /** Refuses new passwords that a range service knows from breaches; undefined asks nobody. */
  readonly breachCheck?: BreachCheckSettings | undefined;
  readonly rateLimits: RateLimits;
  readonly logger: Logger;
  readonly now?: () => number;
  /** `UV_THREADPOOL_SIZE`, when it is set: it bounds how many passwords are hashed at once. */
  readonly threadPoolSize?: number | undefined;
  /** `SIGNING_KEY_ROTATION_DAYS`: how long a key signs. */
  readonly signingKeyRotationDays?: number;
  /** What passkeys are bound to; undefined means the public address. */
  readonly webAuthn?: RelyingPartySettings | undefined;
}

export type AuthSubgraph = Subgraph<AuthContext> & {
  /** Public keys of access tokens, for a verifier in the same process. */
  readonly keys: JWTVerifyGetKey;
  /** The same as `GET /.well-known/jwks.json`. */
  jwks(): JSONWebKeySet;
};

export async function createAuthSubgraph(options: AuthSubgraphOptions): Promise<AuthSubgraph> {
  const { database, bus, revocations, encryptionKey, rateLimits, logger, now = Date.now, threadPoolSize } = options;
  await database.migrate({ name: 'auth', folder: join(projectRoot, 'subgraphs/auth/prisma/migrations') });
  const prisma = createAuthPrisma(database);
  const accounts = createAccountRepository(prisma);
  const families = createRefreshFamilyRepository(prisma);
  const signingKeys = await createSigningKeys({
    repository: createSigningKeyRepository(prisma),
    encryptionKey: deriveKey(encryptionKey, 'signing keys'),
    rotationMs: (options.signingKeyRotationDays ?? 30) * 24 * 60 * 60_000,
    logger,
    now,
  });
  const { keys } = signingKeys;
  const accessTokens = createAccessTokenVerifier({ keys, revocations, now });

  const outbox = createOutboxRelay({ database: prisma, schema: 'auth', isAlone: database.isExclusive, bus, logger, now });
  const wakeOutbox = () => outbox.wake();
  const { mailer, ...mail } = composeMail({
    ...options.mail,
    mails: createMailRepository(prisma),
    key: deriveKey(encryptionKey, 'mails'),
    publicUrl: options.publicUrl,
    logger,
    now,
  });
  const auditLog = createAuditLog({ events: createAuditRepository(prisma), now });
  const passwords = createPasswordRepository(prisma);
  const { throttles, knownDevices } = composeThrottling({
    repository: createKnownDeviceRepository(prisma),
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
  const issuer = createAccessTokenIssuer({ signingKey: () => signingKeys.active(), now });
  const opener = createSessionOpener({ issuer, refreshTokens, now });
  const sessionEnder = createSessionEnder({ families, refreshTokens, revocations, wakeOutbox, now });
  const mfaTokens = createMfaTokens();
  const mfa = createMfaRepository(prisma);
  const passkeys = createPasskeyRepository(prisma);
  const signIn = createSignIn({
    repository: createSignInRepository(prisma),
    opener,
    mfaTokens,
    mailer,
    knownDevices,
    wakeOutbox,
    now,
  });
  const recovery = createRecoveryRepository(prisma);
  const tokenMails = createTokenMails({ repository: recovery, mailer, now });
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
    repositories: {
      accounts,
      guests: createGuestRepository(prisma),
      usernames: createUsernameRepository(prisma),
      moderation: createModerationRepository(prisma),
      exports: createAccountExportRepository(prisma),
      deletions: createAccountDeletionRepository(prisma),
    },
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
    wakeOutbox,
    logger,
    now,
  });
  const services: AuthServices = {
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
    ...composeMfa({ repository: mfa, accounts, encryptionKey, reauthentication, mfaTokens, signIn, auditLog, mailer, now }),
    ...composePasskeys({
      repository: passkeys,
      challenges: mfa,
      accounts,
      reauthentication,
      mfaTokens,
      signIn,
      auditLog,
      mailer,
      publicUrl: options.publicUrl,
      webAuthn: options.webAuthn,
      now,
    }),
  };
  const cleaning = createSessionCleaning({ families, expiring: [mfa, passkeys, recovery], logger, now });
  await bus.subscribe(createConsumer('auth', { 'session.ended': (event) => sessionEnder.follow(event) }));

  const typeDefs = parse(readFileSync(join(projectRoot, 'schema/subgraphs/auth.graphql'), 'utf8'));
  return {
    name: 'auth',
    schema: buildSubgraphSchema([{ typeDefs, resolvers }]),
    keys,
    jwks: () => signingKeys.jwks(),
    async createContext(headers) {
      const viewer = await accessTokens.verify(headers.authorization);
      return {
        ...services,
        viewer,
        requestId: headers['x-request-id'] ?? uuidv7(),
        userAgent: headers['user-agent'],
        clientIp: headers['x-client-ip'] ?? null,
        accounts: createAccountDirectory(accounts, viewer),
        mfaStatus: createMfaStatus(mfa),
        oneCredentialCheck: createOneCredentialCheck(),
      };
    },
    async routes(app) {
      jwksRoute(() => signingKeys.jwks())(app);
      accountPages()(app);
      await browserSessionRoutes({ refresher: services.sessionRefresher, ender: sessionEnder, throttles, now })(app);
    },
    ready: () => Promise.all([checkDependency('database', () => database.ping()), checkDependency('events', () => bus.ping())]),
    async close() {
      await accountRecovery.close();
      await hasher.close();
      await accountLife.close();
      await cleaning.close();
      await signingKeys.close();
      await mail.close();
      await outbox.close();
      await prisma.$disconnect();
    },
  };
}
