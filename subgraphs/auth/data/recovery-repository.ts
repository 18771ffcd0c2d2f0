import { Prisma } from '../__generated__/prisma/client.js';
import type { MailTokenPurpose } from '../services/mail/mail-token.js';
import type { TokenMail } from '../services/mail/token-mails.js';
import type { AuditRow } from '../services/audit/audit-log.js';
import { accountColumns, toAccount, type Account } from './account-repository.js';
import { tokenMailsPerAddress, voidMailTokens, writeTokenMail } from './mail-tokens.js';
import { forgetGuestDevices, voidMfaChallenges } from './password-repository.js';
import type { AuthPrisma, AuthTransaction } from './prisma.js';
import { revokeAllFamilies } from './refresh-family-repository.js';
import { removeInBatches, timestamp } from './remove-in-batches.js';
import type { Traces } from './traces.js';
import { isUniqueViolation } from './unique-violation.js';

/** Somebody who has read a mail of ours. */
export interface MailedProof {
  /** Of the token. */
  readonly hash: string;
  readonly accountId: string;
  /** Where the mail went. */
  readonly emailLower: string;
  readonly at: Date;
}

export interface RecoveryRepository {
  write(written: { tokenMail: TokenMail | null; audit: readonly AuditRow[] }): Promise<void>;
  /** Whose token it is, while it is good: not used, not expired, for the address that the account has still, which is not disabled. */
  findAccount(token: { hash: string; purpose: MailTokenPurpose; at: Date }): Promise<{ account: Account; emailLower: string } | null>;
  /**
   * Uses the token up, sets the password, voids every other reset token and half-finished sign-in, and ends all sessions. Answers the ids
   * of those; null, with nothing changed, when the token is not good any more.
   */
  resetPassword(reset: MailedProof & { /** PHC string. */ readonly passwordHash: string } & Traces): Promise<readonly string[] | null>;
  /** Uses the token up and verifies the account's address. `taken` when another account verified it before; nothing is changed then. */
  verifyEmail(verification: MailedProof & Traces): Promise<'verified' | 'taken' | 'void'>;
  /**
   * Sets the address and voids every token that was mailed. `keepsVerification` is for another spelling of the same address. False, with
   * nothing changed, when the address is not `from` any more.
   */
  changeEmail(
    change: {
      readonly accountId: string;
      readonly from: string | null;
      readonly to: string | null;
      readonly keepsVerification: boolean;
      readonly at: Date;
      readonly tokenMail: TokenMail | null;
    } & Traces,
  ): Promise<boolean>;
  /** Forgets tokens that expired before `expiredBefore`, and mails that do not count any more then. */
  removeStale(expiredBefore: Date): Promise<void>;
}

const verifiedEmailConstraint = { name: 'account_verified_email_key', columns: ['email_lower'] };

/** Thrown to roll a transaction back when the token is not good any more. */
const tokenIsVoid = new Error('the token is void');

export function createRecoveryRepository(prisma: AuthPrisma): RecoveryRepository {
  /** Uses the token up and voids the others of its purpose. */
  async function claim(
    tx: AuthTransaction,
    { hash, accountId, emailLower, purpose, at }: MailedProof & { purpose: MailTokenPurpose },
  ): Promise<void> {
    const { count } = await tx.mailToken.updateMany({
      where: { hash, accountId, emailLower, purpose, usedAt: null, expiresAt: { gt: at } },
      data: { usedAt: at },
    });
    if (count === 0) throw tokenIsVoid;
    await voidMailTokens(tx, { accountId, at, purpose });
  }

  async function leaveTraces(tx: AuthTransaction, { audit, mails }: Traces): Promise<void> {
    await tx.auditEvent.createMany({ data: [...audit] });
    if (mails.length > 0) await tx.mail.createMany({ data: [...mails] });
  }

  return {
    async write({ tokenMail, audit }) {
      await prisma.$transaction([
        prisma.auditEvent.createMany({ data: [...audit] }),
        ...(tokenMail === null ? [] : [writeTokenMail(prisma, tokenMail)]),
      ]);
    },

    async findAccount({ hash, purpose, at }) {
      const row = await prisma.mailToken.findUnique({
        where: { hash, purpose, usedAt: null, expiresAt: { gt: at } },
        select: { emailLower: true, account: { select: accountColumns } },
      });
      if (row === null) return null;
      const { emailLower } = row;
      const account = toAccount(row.account);
      return account.disabledAt === null && account.email?.toLowerCase() === emailLower ? { account, emailLower } : null;
    },

    async resetPassword({ hash, accountId, emailLower, at, passwordHash, ...traces }) {
      try {
        return await prisma.$transaction(async (tx) => {
          // The lock makes this and a change of the address, or the disabling of the account, take turns. Everybody locks in this order:
          // the account, its password, its tokens, its sessions.
          const isStillTheirs = await tx.$queryRaw<unknown[]>`
            SELECT 1 FROM auth.account
            WHERE id = ${accountId}::uuid AND email_lower = ${emailLower} AND email_verified_at IS NOT NULL AND disabled_at IS NULL
            FOR UPDATE`;
          if (isStillTheirs.length === 0) throw tokenIsVoid;
          await tx.credential.upsert({
            where: { accountId_kind: { accountId, kind: 'password' } },
            create: { accountId, kind: 'password', secret: passwordHash, createdAt: at, updatedAt: at },
            update: { secret: passwordHash, updatedAt: at },
            select: { accountId: true },
          });
          await claim(tx, { hash, accountId, emailLower, at, purpose: 'password-reset' });
          await voidMfaChallenges(tx, accountId, at);
          await forgetGuestDevices(tx, accountId);
          await leaveTraces(tx, traces);
          return revokeAllFamilies(tx, { accountId, at, reason: 'PASSWORD_CHANGED' });
        });
      } catch (error) {
        if (error === tokenIsVoid) return null;
        throw error;
      }
    },

    async verifyEmail({ hash, accountId, emailLower, at, ...traces }) {
      try {
        await prisma.$transaction(async (tx) => {
          // Of two accounts that verify one address at once, the unique index lets one win.
          const verified = await tx.account.updateMany({
            where: { id: accountId, emailLower, emailVerifiedAt: null },
            data: { emailVerifiedAt: at },
          });
          if (verified.count === 0) throw tokenIsVoid;
          await claim(tx, { hash, accountId, emailLower, at, purpose: 'email-verification' });
          await leaveTraces(tx, traces);
        });
        return 'verified';
      } catch (error) {
        if (error === tokenIsVoid) return 'void';
        if (isUniqueViolation(error, verifiedEmailConstraint)) return 'taken';
        throw error;
      }
    },

    async changeEmail({ accountId, from, to, keepsVerification, at, tokenMail, ...traces }) {
      return prisma.$transaction(async (tx) => {
        const changed = await tx.account.updateMany({
          where: { id: accountId, email: from },
          data: { email: to, emailLower: to?.toLowerCase() ?? null, ...(keepsVerification ? {} : { emailVerifiedAt: null }) },
        });
        if (changed.count === 0) return false;
        await voidMailTokens(tx, { accountId, at });
        await leaveTraces(tx, traces);
        if (tokenMail !== null) await writeTokenMail(tx, tokenMail);
        return true;
      });
    },

    async removeStale(expiredBefore) {
      await removeInBatches(prisma, 'mail_token', Prisma.sql`expires_at < ${timestamp(expiredBefore)}`);
      const countedSince = new Date(expiredBefore.getTime() - tokenMailsPerAddress.withinMs);
      await removeInBatches(prisma, 'token_mail_count', Prisma.sql`last_at < ${timestamp(countedSince)}`);
    },
  };
}
