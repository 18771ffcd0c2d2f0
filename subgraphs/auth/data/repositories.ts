import type { RawDatabase } from '../../../shared/database/raw-database.js';
import { createAccountDeletionRepository } from './account-deletion-repository.js';
import { createAccountExportRepository } from './account-export-repository.js';
import { createAccountRepository } from './account-repository.js';
import { createAuditRepository } from './audit-repository.js';
import { createGuestRepository } from './guest-repository.js';
import { createKnownDeviceRepository } from './known-device-repository.js';
import { createMailRepository } from './mail-repository.js';
import { createMfaRepository } from './mfa-repository.js';
import { createModerationRepository } from './moderation-repository.js';
import { createPasskeyRepository } from './passkey-repository.js';
import { createPasswordRepository } from './password-repository.js';
import { createRecoveryRepository } from './recovery-repository.js';
import { createRefreshFamilyRepository } from './refresh-family-repository.js';
import { createSignInRepository } from './sign-in-repository.js';
import { createSigningKeyRepository } from './signing-key-repository.js';
import { createUsernameRepository } from './username-repository.js';
import { createRelationTable } from '../../../shared/users/relation-table.js';
import { authSchema, type AuthPrisma } from './prisma.js';

export type AuthRepositories = ReturnType<typeof createAuthRepositories>;

/** All of what this subgraph keeps, over one database; `sql` is the same one. */
export function createAuthRepositories(prisma: AuthPrisma, sql: RawDatabase) {
  return {
    accounts: createAccountRepository(prisma, sql),
    audit: createAuditRepository(prisma),
    deletions: createAccountDeletionRepository(prisma),
    exports: createAccountExportRepository(prisma),
    families: createRefreshFamilyRepository(prisma),
    guests: createGuestRepository(prisma),
    knownDevices: createKnownDeviceRepository(prisma),
    mails: createMailRepository(prisma),
    mfa: createMfaRepository(prisma),
    moderation: createModerationRepository(prisma),
    passkeys: createPasskeyRepository(prisma),
    passwords: createPasswordRepository(prisma),
    recovery: createRecoveryRepository(prisma),
    relations: createRelationTable(prisma, authSchema),
    signIns: createSignInRepository(prisma, sql),
    signingKeys: createSigningKeyRepository(prisma),
    usernames: createUsernameRepository(prisma),
  };
}
