import type { MailTokenPurpose } from '../services/mail/mail-token.js';
import type { TokenMail, TokenMailRepository } from '../services/mail/token-mails.js';
import { accountColumns, toAccount, type Account } from './account-repository.js';
import { voidMailTokens } from './mail-tokens.js';
import { voidMfaChallenges } from './password-repository.js';
import type { AuthPrisma, AuthTransaction } from './prisma.js';
import { revokeAllFamilies } from './refresh-family-repository.js';
import type { Traces } from './traces.js';
import { isUniqueViolation } from './unique-violation.js';

export interface RecoveryRepository extends TokenMailRepository {
  write(written: TokenMail & Traces): Promise<void>;
  /** Whose token it is, while it is good: not used, not expired, for the address that the account has still, which is not disabled. */
  findAccount(token: { hash: string; purpose: MailTokenPurpose; at: Date }): Promise<Account | null>;
  /**
   * Uses the token up, sets the password, voids every other reset token and half-finished sign-in, and ends all sessions. Answers the ids
   * of those; null, with nothing changed, when the token is not good any more.
   */
  resetPassword(
    reset: { hash: string; accountId: string; /** PHC string. */ passwordHash: string; at: Date } & Traces,
  ): Promise<readonly string[] | null>;
  /** Uses the token up and verifies the account's address. `taken` when another account verified it before; nothing is changed then. */
  verifyEmail(verification: { hash: string; accountId: string; at: Date } & Traces): Promise<'verified' | 'taken' | 'void'>;
  /** Sets the address and voids every token that was mailed. `keepsVerification` is for another spelling of the same address. */
  changeEmail(
    change: { accountId: string; email: string | null; keepsVerification: boolean; at: Date } & TokenMail & Traces,
  ): Promise<void>;
  /** Forgets tokens that expired before `before`. */
  removeExpired(before: Date): Promise<void>;
}

const verifiedEmailConstraint = { name: 'account_verified_email_key', columns: ['email_lower'] };

/** Thrown to roll a transaction back when the token is not good any more. */
const tokenIsVoid = new Error('the token is void');

export function createRecoveryRepository(prisma: AuthPrisma): RecoveryRepository {
  async function claim(tx: AuthTransaction, { hash, purpose, at }: { hash: string; purpose: MailTokenPurpose; at: Date }): Promise<string> {
    const [claimed] = await tx.mailToken.updateManyAndReturn({
      where: { hash, purpose, usedAt: null, expiresAt: { gt: at } },
      data: { usedAt: at },
      select: { emailLower: true },
    });
    if (claimed === undefined) throw tokenIsVoid;
    return claimed.emailLower;
  }

  async function leaveTraces(tx: AuthTransaction, { audit, mails }: Traces): Promise<void> {
    await tx.auditEvent.createMany({ data: [...audit] });
    if (mails.length > 0) await tx.mail.createMany({ data: [...mails] });
  }

  return {
    countSince: (purpose, emailLower, since) => prisma.mailToken.count({ where: { emailLower, purpose, createdAt: { gt: since } } }),

    async write({ mailTokens, mails, audit }) {
      await prisma.$transaction([
        prisma.mailToken.createMany({ data: [...mailTokens] }),
        prisma.mail.createMany({ data: [...mails] }),
        prisma.auditEvent.createMany({ data: [...audit] }),
      ]);
    },

    async findAccount({ hash, purpose, at }) {
      const row = await prisma.mailToken.findUnique({
        where: { hash, purpose, usedAt: null, expiresAt: { gt: at } },
        select: { emailLower: true, account: { select: accountColumns } },
      });
      if (row === null) return null;
      const account = toAccount(row.account);
      return account.disabledAt === null && account.email?.toLowerCase() === row.emailLower ? account : null;
    },

    async resetPassword({ hash, accountId, passwordHash, at, ...traces }) {
      try {
        return await prisma.$transaction(async (tx) => {
          const emailLower = await claim(tx, { hash, purpose: 'password-reset', at });
          // The lock makes this and a change of the address, or the disabling of the account, take turns.
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
          await voidMailTokens(tx, { accountId, at, purpose: 'password-reset' });
          await voidMfaChallenges(tx, accountId, at);
          await leaveTraces(tx, traces);
          return revokeAllFamilies(tx, { accountId, at, reason: 'PASSWORD_CHANGED' });
        });
      } catch (error) {
        if (error === tokenIsVoid) return null;
        throw error;
      }
    },

    async verifyEmail({ hash, accountId, at, ...traces }) {
      try {
        await prisma.$transaction(async (tx) => {
          const emailLower = await claim(tx, { hash, purpose: 'email-verification', at });
          // Of two accounts that verify one address at once, the unique index lets one win.
          const verified = await tx.account.updateMany({
            where: { id: accountId, emailLower, emailVerifiedAt: null },
            data: { emailVerifiedAt: at },
          });
          if (verified.count === 0) throw tokenIsVoid;
          await voidMailTokens(tx, { accountId, at, purpose: 'email-verification' });
          await leaveTraces(tx, traces);
        });
        return 'verified';
      } catch (error) {
        if (error === tokenIsVoid) return 'void';
        if (isUniqueViolation(error, verifiedEmailConstraint)) return 'taken';
        throw error;
      }
    },

    async changeEmail({ accountId, email, keepsVerification, at, mailTokens, ...traces }) {
      await prisma.$transaction(async (tx) => {
        await tx.account.updateMany({
          where: { id: accountId },
          data: { email, emailLower: email?.toLowerCase() ?? null, ...(keepsVerification ? {} : { emailVerifiedAt: null }) },
        });
        await voidMailTokens(tx, { accountId, at });
        if (mailTokens.length > 0) await tx.mailToken.createMany({ data: [...mailTokens] });
        await leaveTraces(tx, traces);
      });
    },

    async removeExpired(before) {
      await prisma.mailToken.deleteMany({ where: { expiresAt: { lt: before } } });
    },
  };
}
