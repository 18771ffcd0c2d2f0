import { Prisma } from '../__generated__/prisma/client.js';
import { accountColumns, toAccount, type Account } from './account-repository.js';
import type { AuthPrisma } from './prisma.js';
import { hasSecondFactor, replaceRecoveryCodes, voidIdleRecoveryCodes } from './recovery-codes.js';
import { removeInBatches, timestamp } from './remove-in-batches.js';
import type { Traces } from './traces.js';
import { isUniqueViolation } from './unique-violation.js';

export interface Passkey {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
}

/** What the authenticator's answers are checked with. */
export interface StoredPasskey extends Passkey {
  readonly accountId: string;
  /** base64url, as the authenticator gave it. */
  readonly credentialId: string;
  /** COSE. */
  readonly publicKey: Uint8Array;
  readonly counter: bigint;
  readonly transports: readonly string[];
}

/** Of somebody who is signed in: a new passkey, or one of theirs as a proof. */
type OwnCeremony = 'registration' | 'confirmation';

/** A WebAuthn ceremony that has begun. */
export type PasskeyCeremony =
  | { readonly kind: OwnCeremony; readonly id: string; readonly challenge: string; readonly accountId: string; readonly expiresAt: Date }
  | {
      readonly kind: 'login';
      readonly id: string;
      readonly challenge: string;
      /** Null while the authenticator is to tell who signs in. */
      readonly second: { readonly accountId: string; readonly mfaHash: string } | null;
      readonly expiresAt: Date;
    };

export interface PasskeyRepository {
  begin(ceremony: PasskeyCeremony): Promise<void>;
  /** Takes the challenge of a ceremony, so that it is good once. Null when it is unknown, somebody else's, taken, or too old. */
  take(kind: OwnCeremony, id: string, accountId: string, at: Date): Promise<{ readonly challenge: string } | null>;
  takeLogin(
    id: string,
    at: Date,
  ): Promise<{ readonly challenge: string; readonly second: { readonly accountId: string; readonly mfaHash: string } | null } | null>;
  /** Whose sign-in waits for a second factor; null when the challenge is not good (any more). */
  findChallenge(mfaHash: string, limits: { at: Date; maximum: number }): Promise<{ readonly accountId: string } | null>;
  /** The newest first. */
  list(accountId: string): Promise<readonly StoredPasskey[]>;
  findByCredential(credentialId: string): Promise<{ readonly passkey: StoredPasskey; readonly account: Account } | null>;
  /**
   * `taken` when the credential is registered already, `too-many` when the account has `maximum`; nothing has changed then. The account gets
   * the recovery codes of `codeHashes` when it has none or this is its first second factor: `added-with-codes`.
   */
  add(
    passkey: StoredPasskey,
    rule: { maximum: number; codeHashes: readonly string[] } & Traces,
  ): Promise<'added' | 'added-with-codes' | 'taken' | 'too-many'>;
  /** The recovery codes go with the last second factor. False, with nothing changed, when the account has no such passkey. */
  remove(id: string, accountId: string, traces: Traces): Promise<boolean>;
  /** Forgets ceremonies that ended before `endedBefore`. */
  removeStale(endedBefore: Date): Promise<void>;
}

const columns = {
  id: true,
  accountId: true,
  credentialId: true,
  publicKey: true,
  counter: true,
  transports: true,
  name: true,
  createdAt: true,
  lastUsedAt: true,
} as const;
const credentialConstraint = { name: 'passkey_credential_id_key', columns: ['credential_id'] };

export function createPasskeyRepository(prisma: AuthPrisma): PasskeyRepository {
  return {
    async begin(ceremony) {
      const { kind, id, challenge, expiresAt } = ceremony;
      const whose =
        kind === 'login' ? (ceremony.second ?? { accountId: null, mfaHash: null }) : { accountId: ceremony.accountId, mfaHash: null };
      await prisma.passkeyCeremony.createMany({ data: [{ id, kind, challenge, expiresAt, ...whose }] });
    },

    async take(kind, id, accountId, at) {
      // One statement: of two that ask at once, one gets the row.
      const [taken] = await prisma.$queryRaw<{ challenge: string }[]>`
        DELETE FROM auth.passkey_ceremony
        WHERE id = ${id}::uuid AND kind = ${kind} AND account_id = ${accountId}::uuid AND expires_at > ${at}
        RETURNING challenge`;
      return taken ?? null;
    },

    async takeLogin(id, at) {
      const [taken] = await prisma.$queryRaw<{ challenge: string; accountId: string | null; mfaHash: string | null }[]>`
        DELETE FROM auth.passkey_ceremony
        WHERE id = ${id}::uuid AND kind = 'login' AND expires_at > ${at}
        RETURNING challenge, account_id AS "accountId", mfa_hash AS "mfaHash"`;
      if (taken === undefined) return null;
      const { challenge, accountId, mfaHash } = taken;
      return { challenge, second: accountId === null || mfaHash === null ? null : { accountId, mfaHash } };
    },

    findChallenge: (mfaHash, { at, maximum }) =>
      prisma.mfaChallenge.findUnique({
        where: { hash: mfaHash, usedAt: null, expiresAt: { gt: at }, tries: { lt: maximum } },
        select: { accountId: true },
      }),

    list: (accountId) => prisma.passkey.findMany({ where: { accountId }, orderBy: { id: 'desc' }, select: columns }),

    async findByCredential(credentialId) {
      const row = await prisma.passkey.findUnique({
        where: { credentialId },
        select: { ...columns, account: { select: accountColumns } },
      });
      if (row === null) return null;
      const { account, ...passkey } = row;
      return { passkey, account: toAccount(account) };
    },

    async add({ publicKey, transports, ...passkey }, { maximum, codeHashes, audit, mails }) {
      const { accountId } = passkey;
      try {
        return await prisma.$transaction(async (tx) => {
          // Registrations of one account take turns, so that no two of them are both the last one allowed.
          await tx.$queryRaw`SELECT 1 FROM auth.account WHERE id = ${accountId}::uuid FOR UPDATE`;
          if ((await tx.passkey.count({ where: { accountId } })) >= maximum) return 'too-many';
          const hasCodes =
            (await hasSecondFactor(tx, accountId)) &&
            (await tx.recoveryCode.findFirst({ where: { accountId }, select: { hash: true } })) !== null;
          await tx.passkey.createMany({
            data: [{ ...passkey, publicKey: Uint8Array.from(publicKey), transports: [...transports] }],
          });
          if (!hasCodes) await replaceRecoveryCodes(tx, accountId, codeHashes);
          await tx.auditEvent.createMany({ data: [...audit] });
          await tx.mail.createMany({ data: [...mails] });
          return hasCodes ? 'added' : 'added-with-codes';
        });
      } catch (error) {
        if (isUniqueViolation(error, credentialConstraint)) return 'taken';
        throw error;
      }
    },

    remove: (id, accountId, { audit, mails }) =>
      prisma.$transaction(async (tx) => {
        const removed = await tx.passkey.deleteMany({ where: { id, accountId } });
        if (removed.count === 0) return false;
        await voidIdleRecoveryCodes(tx, accountId);
        await tx.auditEvent.createMany({ data: [...audit] });
        await tx.mail.createMany({ data: [...mails] });
        return true;
      }),

    async removeStale(endedBefore) {
      await removeInBatches(prisma, 'passkey_ceremony', Prisma.sql`expires_at < ${timestamp(endedBefore)}`);
    },
  };
}
