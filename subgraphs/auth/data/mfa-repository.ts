import { Prisma } from '../__generated__/prisma/client.js';
import { takeProof, type CodeProof, type FactorProof } from './factor-claims.js';
import type { AuthPrisma, AuthTransaction } from './prisma.js';
import { replaceRecoveryCodes, voidIdleRecoveryCodes } from './recovery-codes.js';
import { removeInBatches, timestamp } from './remove-in-batches.js';
import type { Traces } from './traces.js';

/** A sign-in that waits for its second factor. */
export interface MfaChallenge {
  readonly accountId: string;
  readonly device: string | null;
  /** What was proved already (RFC 8176). */
  readonly amr: readonly string[];
}

export interface MfaRepository {
  /** Counts one try of a challenge. Null when it is unknown, used, past its end, or has had `maximum` tries. */
  countTry(hash: string, limits: { at: Date; maximum: number }): Promise<MfaChallenge | null>;
  /**
   * Counts a try of a code before it is looked at, so that parallel ones cannot all be free, and shuts out others until `lockUntil` says.
   * A right code takes that back (`takeProof`). Null when the app is not switched on, or others are shut out now.
   */
  reserveTry(
    accountId: string,
    rule: { at: Date; lockUntil: (failures: number) => Date | null },
  ): Promise<{ readonly sealedSecret: string; readonly failures: number } | null>;
  /** Keeps the secret of an app that is not confirmed yet, in place of an earlier one. False when an app is switched on. */
  beginEnrollment(enrollment: { accountId: string; sealedSecret: string; at: Date }): Promise<boolean>;
  /** The secret of an app that is not confirmed yet and was begun after `since`. */
  findUnconfirmed(accountId: string, since: Date): Promise<string | null>;
  /** Switches the app on, takes the step of its first code, and replaces the recovery codes. False, with nothing changed, when it is too late. */
  confirm(
    confirmation: { accountId: string; sealedSecret: string; step: bigint; at: Date; codeHashes: readonly string[] } & Traces,
  ): Promise<boolean>;
  /** Takes `proof`, then removes the app, and the recovery codes when it was the last second factor. False, with nothing changed, when the proof was taken by somebody else. */
  disable(removal: { accountId: string; proof: CodeProof; at: Date } & Traces): Promise<boolean>;
  /** Takes `proof`, then replaces the recovery codes. False, with nothing changed, when the proof was taken by somebody else. */
  replaceRecoveryCodes(
    replacement: { accountId: string; proof: FactorProof; at: Date; codeHashes: readonly string[] } & Traces,
  ): Promise<boolean>;
  /** How many are not used yet. */
  countRecoveryCodes(accountId: string): Promise<number>;
  /** Those of `accountIds` that have a second factor. */
  withSecondFactor(accountIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Forgets challenges that ended before `endedBefore`. */
  removeStale(endedBefore: Date): Promise<void>;
}

/** Thrown to roll a transaction back when what it needs is not to be had. */
const notToBeHad = new Error('not to be had');

export function createMfaRepository(prisma: AuthPrisma): MfaRepository {
  async function unlessNotToBeHad(transaction: Promise<unknown>): Promise<boolean> {
    try {
      await transaction;
      return true;
    } catch (error) {
      if (error === notToBeHad) return false;
      throw error;
    }
  }

  async function leaveTraces(tx: AuthTransaction, { audit, mails }: Traces): Promise<void> {
    await tx.auditEvent.createMany({ data: [...audit] });
    await tx.mail.createMany({ data: [...mails] });
  }

  return {
    async countTry(hash, { at, maximum }) {
      const [challenge] = await prisma.mfaChallenge.updateManyAndReturn({
        where: { hash, usedAt: null, expiresAt: { gt: at }, tries: { lt: maximum } },
        data: { tries: { increment: 1 } },
        select: { accountId: true, device: true, amr: true },
      });
      return challenge ?? null;
    },

    reserveTry: (accountId, { at, lockUntil }) =>
      prisma.$transaction(async (tx) => {
        const [totp] = await tx.totp.updateManyAndReturn({
          where: { accountId, confirmedAt: { not: null }, OR: [{ lockedUntil: null }, { lockedUntil: { lte: at } }] },
          data: { failures: { increment: 1 } },
          select: { secret: true, failures: true },
        });
        if (totp === undefined) return null;
        const lockedUntil = lockUntil(totp.failures);
        if (lockedUntil !== null) await tx.totp.updateMany({ where: { accountId }, data: { lockedUntil } });
        return { sealedSecret: totp.secret, failures: totp.failures };
      }),

    async beginEnrollment({ accountId, sealedSecret, at }) {
      const begun = await prisma.$executeRaw`
        INSERT INTO auth.totp (account_id, secret, created_at) VALUES (${accountId}::uuid, ${sealedSecret}, ${at})
        ON CONFLICT (account_id) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at
        WHERE auth.totp.confirmed_at IS NULL`;
      return begun > 0;
    },

    async findUnconfirmed(accountId, since) {
      const totp = await prisma.totp.findUnique({
        where: { accountId, confirmedAt: null, createdAt: { gt: since } },
        select: { secret: true },
      });
      return totp?.secret ?? null;
    },

    confirm: ({ accountId, sealedSecret, step, at, codeHashes, ...traces }) =>
      unlessNotToBeHad(
        prisma.$transaction(async (tx) => {
          // Takes turns with the registration of a passkey: of two first second factors one gives the codes that count.
          await tx.$queryRaw`SELECT 1 FROM auth.account WHERE id = ${accountId}::uuid FOR NO KEY UPDATE`;
          const confirmed = await tx.totp.updateMany({
            where: { accountId, secret: sealedSecret, confirmedAt: null },
            data: { confirmedAt: at, lastStep: step, failures: 0, lockedUntil: null },
          });
          if (confirmed.count === 0) throw notToBeHad;
          await replaceRecoveryCodes(tx, accountId, codeHashes);
          await leaveTraces(tx, traces);
        }),
      ),

    disable: ({ accountId, proof, at, ...traces }) =>
      unlessNotToBeHad(
        prisma.$transaction(async (tx) => {
          if (!(await takeProof(tx, accountId, proof, at))) throw notToBeHad;
          await tx.totp.deleteMany({ where: { accountId } });
          await voidIdleRecoveryCodes(tx, accountId);
          await leaveTraces(tx, traces);
        }),
      ),

    replaceRecoveryCodes: ({ accountId, proof, at, codeHashes, ...traces }) =>
      unlessNotToBeHad(
        prisma.$transaction(async (tx) => {
          if (!(await takeProof(tx, accountId, proof, at))) throw notToBeHad;
          await replaceRecoveryCodes(tx, accountId, codeHashes);
          await leaveTraces(tx, traces);
        }),
      ),

    countRecoveryCodes: (accountId) => prisma.recoveryCode.count({ where: { accountId, usedAt: null } }),

    async withSecondFactor(accountIds) {
      const rows = await prisma.account.findMany({
        where: { id: { in: [...accountIds] }, OR: [{ totp: { confirmedAt: { not: null } } }, { passkeys: { some: {} } }] },
        select: { id: true },
      });
      return new Set(rows.map(({ id }) => id));
    },

    async removeStale(endedBefore) {
      await removeInBatches(prisma, 'mfa_challenge', Prisma.sql`expires_at < ${timestamp(endedBefore)}`);
    },
  };
}
